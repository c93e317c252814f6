package tenants

import (
	"context"
	"fmt"
	"net/http"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/quota"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// StaffQuotaBody is a quota of a tenant, as the platform's staff sees it. A limit protects the
// platform, and the alert has it too, so it is operational here.
type StaffQuotaBody struct {
	Quota     string `json:"quota" class:"operational" enum:"bytes,parts,runs,samples,sightings,exports,modelSends,requests"`
	Limit     int64  `json:"limit" class:"operational" doc:"In effect"`
	Terraform int64  `json:"terraform" class:"operational" doc:"What Terraform sets, or the default"`
	Lowered   int64  `json:"lowered,omitempty" class:"operational" doc:"What the API has set; omitted: nothing"`
}

type limitRequest struct {
	TenantPath
	Body struct {
		Quotas []LoweredBody `json:"quotas" maxItems:"8" doc:"All that are lowered. What is missing here is what Terraform sets again"`
	}
}

// LoweredBody is a quota that is lowered.
type LoweredBody struct {
	Quota string `json:"quota" class:"operational" enum:"bytes,parts,runs,samples,sightings,exports,modelSends,requests"`
	Limit int64  `json:"limit" class:"operational" minimum:"1" doc:"Below what Terraform sets"`
}

// limit replaces the quotas that the staff has lowered.
func (h *Handler) limit(ctx context.Context, in *limitRequest) (*statusResponse, error) {
	c, err := h.beginStaff(ctx, in.Tenant)
	if err != nil {
		return nil, err
	}
	lowered, err := in.lowered(c.record)
	if err != nil {
		return nil, err
	}
	if c.settings.Lowered == lowered {
		return &statusResponse{showLimited(c.record, c.settings)}, nil
	}
	if _, err := h.guard.Audit.Append(ctx, c.db, c.entry(auditlog.LimitTenant)); err != nil {
		return nil, err
	}
	if err := h.changeSettings(ctx, c.record.ID, func(s tenant.Settings) (tenant.Settings, error) {
		s.Lowered = lowered
		c.settings = s
		return s, nil
	}); err != nil {
		return nil, err
	}
	return &statusResponse{showLimited(c.record, c.settings)}, nil
}

// lowered returns the quotas of the body. It rejects those that do not lower anything.
func (in *limitRequest) lowered(record tenant.Record) (q tenant.Quotas, err error) {
	amounts := quota.Amounts{}
	for i, lower := range in.Body.Quotas {
		kind, at := quota.Kind(lower.Quota), fmt.Sprintf("body.quotas[%d]", i)
		if _, again := amounts[kind]; again {
			return q, api.Refuse(http.StatusUnprocessableEntity, "each quota can be there only once", api.Fault{Message: lower.Quota + " is there twice", Location: at})
		}
		if set := quota.Limit(record, kind); lower.Limit >= set {
			return q, api.Refuse(http.StatusUnprocessableEntity, "this only lowers quotas; to raise one, change the tenant's settings in Terraform",
				api.Fault{Message: fmt.Sprintf("the quota of %s is %d", kind, set), Location: at + ".limit"})
		}
		amounts[kind] = lower.Limit
	}
	return quota.Of(amounts), nil
}

// showLimited is showStatus with the quotas.
func showLimited(record tenant.Record, settings tenant.Settings) StatusBody {
	body, lowered := showStatus(record, settings), tenant.Record{Quotas: settings.Lowered}
	for _, kind := range quota.Kinds {
		body.Quotas = append(body.Quotas, StaffQuotaBody{
			Quota: string(kind), Limit: quota.Limit(record.With(settings), kind), Terraform: quota.Limit(record, kind), Lowered: quota.Set(lowered, kind),
		})
	}
	return body
}

// quotaDrift says which quotas are lower than Terraform sets them.
func (c *keyChange) quotaDrift() (all []DriftBody) {
	for _, kind := range quota.Kinds {
		if set, now := quota.Limit(c.written, kind), quota.Limit(c.written.With(c.settings), kind); now != set {
			all = append(all, DriftBody{
				Field:   "quotas." + string(kind),
				Message: fmt.Sprintf("Terraform sets %d, and the platform's staff has lowered it to %d; an apply changes neither", set, now),
			})
		}
	}
	return all
}
