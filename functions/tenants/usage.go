package tenants

import (
	"context"
	"net/http"
	"time"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/quota"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

const (
	usageDays    = 30 // that are shown without from
	maxUsageDays = 92 // of one request: each day is one document
)

type usageRequest struct {
	From string `query:"from" class:"operational" format:"date" doc:"First day (UTC), such as 2026-01-31; omitted: 30 days, up to to"`
	To   string `query:"to" class:"operational" format:"date" doc:"Last day (UTC); omitted: today"`
}

type usageResponse struct {
	Body struct {
		Days []DayBody `json:"days" doc:"Oldest first; a day without use has zeros"`
	}
}

// DayBody is what the tenant has used in a day.
type DayBody struct {
	Day        string    `json:"day" class:"operational" format:"date"`
	Bytes      CountBody `json:"bytes" doc:"That upload URLs allowed"`
	Parts      CountBody `json:"parts" doc:"For which upload URLs were minted"`
	Runs       CountBody `json:"runs" doc:"That started"`
	Samples    CountBody `json:"samples" doc:"Of SLIs"`
	Sightings  CountBody `json:"sightings" doc:"Of issues"`
	Exports    CountBody `json:"exports"`
	ModelSends CountBody `json:"modelSends" doc:"Requests to language models"`
	Requests   CountBody `json:"requests" doc:"To the API"`
}

// CountBody is how much was used.
type CountBody struct {
	Used   int64 `json:"used" class:"operational" doc:"As processes have reported. A process reports when it needs more; what it used in its last lease before it ended is missing"`
	Leased int64 `json:"leased" class:"operational" doc:"What processes have taken of the quota, also what they have not used. 0 for requests: their quota is per minute"`
}

// QuotaBody is a quota of the tenant, and what is used of it today.
type QuotaBody struct {
	Quota     string    `json:"quota" class:"operational" enum:"bytes,parts,runs,samples,sightings,exports,modelSends,requests"`
	Limit     int64     `json:"limit" class:"configuration"`
	Period    string    `json:"period" class:"operational" enum:"day,minute"`
	Workspace int64     `json:"workspaceLimit,omitempty" class:"configuration" doc:"Of each workspace, in addition; omitted: none"`
	Today     CountBody `json:"today" doc:"Since 00:00 UTC, whatever the period is"`
	Renews    time.Time `json:"renews" class:"operational"`
}

func (h *Handler) usage(ctx context.Context, in *usageRequest) (*usageResponse, error) {
	from, to, err := in.days(h.deps.Now())
	if err != nil {
		return nil, err
	}
	s := access.From(ctx)
	days, err := quota.Read(ctx, s.DB, s.Tenant.ID, from, to)
	if err != nil {
		return nil, err
	}
	out := &usageResponse{}
	for _, d := range days {
		out.Body.Days = append(out.Body.Days, DayBody{
			Day: d.Begin.Format(time.DateOnly), Bytes: CountBody(d.Bytes), Parts: CountBody(d.Parts), Runs: CountBody(d.Runs),
			Samples: CountBody(d.Samples), Sightings: CountBody(d.Sightings), Exports: CountBody(d.Exports),
			ModelSends: CountBody(d.ModelSends), Requests: CountBody(d.Requests),
		})
	}
	return out, nil
}

// days returns the first and the last day of the request.
func (in *usageRequest) days(now time.Time) (from, to time.Time, err error) {
	to = now.UTC().Truncate(24 * time.Hour)
	if in.To != "" {
		to, err = time.Parse(time.DateOnly, in.To)
	}
	from = to.AddDate(0, 0, 1-usageDays)
	if in.From != "" && err == nil {
		from, err = time.Parse(time.DateOnly, in.From)
	}
	switch {
	case err != nil:
		return from, to, api.Refuse(http.StatusUnprocessableEntity, "a day has the form 2026-01-31; correct from or to")
	case to.Before(from):
		return from, to, api.Contradiction("to is before from; use a later to or an earlier from", "query.to")
	case !to.Before(from.AddDate(0, 0, maxUsageDays)):
		return from, to, api.Refuse(http.StatusUnprocessableEntity, "from and to are more than 92 days apart; ask for fewer days",
			api.Fault{Message: "too many days", Location: "query.from"})
	}
	return from, to, nil
}

// quotas returns the tenant's quotas with today's use.
func (h *Handler) quotas(ctx context.Context, s access.Session, record tenant.Record) ([]QuotaBody, error) {
	now := h.deps.Now()
	days, err := quota.Read(ctx, s.DB, record.ID, now, now)
	if err != nil {
		return nil, err
	}
	var all []QuotaBody
	for _, kind := range quota.Kinds {
		period, length := "day", 24*time.Hour
		if kind == quota.Requests {
			period, length = "minute", time.Minute
		}
		all = append(all, QuotaBody{
			Quota: string(kind), Limit: quota.Limit(record, kind), Period: period, Workspace: quota.WorkspaceLimit(record, kind),
			Today: CountBody(days[0].Of(kind)), Renews: now.UTC().Truncate(length).Add(length),
		})
	}
	return all, nil
}
