package api

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Hold is a legal hold of the caller's tenant.
type Hold struct {
	ID        string       `json:"id"`
	Workspace string       `json:"workspace,omitempty"` // empty: the whole tenant
	Run       string       `json:"run,omitempty"`       // empty: the whole workspace
	Placed    time.Time    `json:"placed"`
	Entry     string       `json:"entry"`  // ID of the audit entry
	Marked    bool         `json:"marked"` // every object that it covers is held in the bucket too
	Lifting   *HoldLifting `json:"lifting,omitempty"`
	Ended     bool         `json:"ended,omitempty"` // it does not exist any more
}

// HoldLifting is a request to lift a hold, which waits for its confirmation.
type HoldLifting struct {
	ID        string    `json:"id"`
	Requested time.Time `json:"requested"`
	Expires   time.Time `json:"expires"`
}

// Holds lists the legal holds of the caller's tenant.
func (c *Client) Holds(ctx context.Context) ([]Hold, error) {
	var out struct{ Holds []Hold }
	err := c.call(ctx, request{what: "list the legal holds", method: http.MethodGet, path: "/v1/tenant/holds"}, &out)
	return out.Holds, err
}

// PlaceHold places a legal hold on the tenant, a workspace or a run. It is safe to retry.
func (c *Client) PlaceHold(ctx context.Context, id, workspace, run string) (h Hold, err error) {
	r := request{what: "place the legal hold", method: http.MethodPut, path: "/v1/tenant/holds/" + url.PathEscape(id)}
	r.in = struct {
		Workspace string `json:"workspace,omitempty"`
		Run       string `json:"run,omitempty"`
	}{workspace, run}
	err = c.call(ctx, r, &h)
	return h, err
}

// LiftHold requests that a hold ends or, with the ID of a request, confirms it. Staff name the
// tenant, and can only confirm.
func (c *Client) LiftHold(ctx context.Context, tenant, id, lifting string) (h Hold, err error) {
	r := request{what: "lift the legal hold", method: http.MethodPost, path: "/v1/tenant/holds/" + url.PathEscape(id) + "/lift"}
	if tenant != "" {
		r.path = "/v1/tenants/" + url.PathEscape(tenant) + "/holds/" + url.PathEscape(id) + "/lift"
	}
	if lifting != "" {
		r.in = struct {
			Lifting string `json:"lifting"`
		}{lifting}
	}
	err = c.call(ctx, r, &h)
	return h, err
}
