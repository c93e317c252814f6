package api

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Quota is a quota of the tenant, and what is used of it today.
type Quota struct {
	Quota     string    `json:"quota"`
	Limit     int64     `json:"limit"`
	Period    string    `json:"period"`                   // day or minute
	Workspace int64     `json:"workspaceLimit,omitempty"` // of each workspace; 0: none
	Today     UsedCount `json:"today"`
	Renews    time.Time `json:"renews"`
}

// UsedCount is how much was used.
type UsedCount struct {
	Used   int64 `json:"used"`   // as processes have reported
	Leased int64 `json:"leased"` // what processes have taken, also what they have not used
}

// Usage is what the tenant has used, by day.
type Usage struct {
	Days []UsageDay `json:"days"` // oldest first
}

// UsageDay is what the tenant has used in a day.
type UsageDay struct {
	Day        string    `json:"day"`
	Bytes      UsedCount `json:"bytes"`
	Parts      UsedCount `json:"parts"`
	Runs       UsedCount `json:"runs"`
	Samples    UsedCount `json:"samples"`
	Sightings  UsedCount `json:"sightings"`
	Exports    UsedCount `json:"exports"`
	ModelSends UsedCount `json:"modelSends"`
	Requests   UsedCount `json:"requests"`
}

// Usage reads what the tenant has used from one day to another. An empty day is the API's
// default.
func (c *Client) Usage(ctx context.Context, from, to string) (u Usage, err error) {
	query := url.Values{}
	for name, day := range map[string]string{"from": from, "to": to} {
		if day != "" {
			query.Set(name, day)
		}
	}
	err = c.call(ctx, request{what: "read the usage", method: http.MethodGet, path: "/v1/tenant/usage", query: query}, &u)
	return u, err
}
