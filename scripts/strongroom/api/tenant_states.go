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
