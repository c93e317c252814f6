package api

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// TenantStatus is what the platform's staff sees of a tenant.
type TenantStatus struct {
	ID             string       `json:"id"`
	State          string       `json:"state"`          // in effect: active, suspended or offboarding
	TerraformState string       `json:"terraformState"` // active or suspended; the API cannot change it
	Change         *StateChange `json:"change,omitempty"`

	Quotas []StaffQuota `json:"quotas,omitempty"` // not in a list of tenants
}

// StaffQuota is a quota of a tenant, as the platform's staff sees it.
type StaffQuota struct {
	Quota     string `json:"quota"`
	Limit     int64  `json:"limit"`             // in effect
	Terraform int64  `json:"terraform"`         // what Terraform sets, or the default
	Lowered   int64  `json:"lowered,omitempty"` // what the staff has set
}

// LoweredQuota is a quota that is lowered.
type LoweredQuota struct {
	Quota string `json:"quota"`
	Limit int64  `json:"limit"`
}

// LowerQuotas replaces the quotas of a tenant that are lowered, as the platform's staff. It is
// safe to retry.
func (c *Client) LowerQuotas(ctx context.Context, id string, quotas []LoweredQuota) (t TenantStatus, err error) {
	body := struct {
		Quotas []LoweredQuota `json:"quotas"`
	}{append([]LoweredQuota{}, quotas...)}
	err = c.call(ctx, request{what: "lower the quotas of the tenant", method: http.MethodPut, path: "/v1/tenants/" + url.PathEscape(id) + "/quotas", in: body}, &t)
	return t, err
}

// StateChange is the last change of a tenant's state with the API.
type StateChange struct {
	State    string    `json:"state"`
	Changed  time.Time `json:"changed"`
	Everyone time.Time `json:"everyone"` // by then, every process has seen it
	Entry    string    `json:"entry"`    // ID of the audit entry
}

// Tenants lists all tenants, as the platform's staff.
func (c *Client) Tenants(ctx context.Context) ([]TenantStatus, error) {
	var out struct{ Tenants []TenantStatus }
	err := c.call(ctx, request{what: "list the tenants", method: http.MethodGet, path: "/v1/tenants"}, &out)
	return out.Tenants, err
}

// TenantStatus reads the state of a tenant, as the platform's staff.
func (c *Client) TenantStatus(ctx context.Context, id string) (t TenantStatus, err error) {
	err = c.call(ctx, request{what: "read the tenant", method: http.MethodGet, path: "/v1/tenants/" + url.PathEscape(id)}, &t)
	return t, err
}

// SetTenantState performs an action on a tenant, as the platform's staff: suspend or resume.
// It is safe to retry.
func (c *Client) SetTenantState(ctx context.Context, id, action string) (t TenantStatus, err error) {
	err = c.call(ctx, request{what: action + " the tenant", method: http.MethodPost, path: "/v1/tenants/" + url.PathEscape(id) + "/" + action}, &t)
	return t, err
}
