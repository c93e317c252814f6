package api

import (
	"context"
	"net/http"
	"time"
)

// Tenant is the record of the caller's tenant, and its key as it is now.
type Tenant struct {
	ID             string `json:"id"`
	State          string `json:"state"` // active, suspended or offboarding
	ProjectID      string `json:"projectId"`
	Location       string `json:"location"`
	OutputsBucket  string `json:"outputsBucket"`
	ExportsBucket  string `json:"exportsBucket"`
	ConfigsBucket  string `json:"configsBucket"`
	AuditBucket    string `json:"auditBucket"`
	AuditTopic     string `json:"auditTopic,omitempty"`
	SigningAccount string `json:"signingAccount"`

	Change *StateChange `json:"change,omitempty"` // of the state, with the API; nil: none

	Role        string       `json:"role"`                  // of the caller: auditor or admin
	Offboarding *Offboarding `json:"offboarding,omitempty"` // nil: nobody has asked for it

	SignIn []SignInClients `json:"signIn"` // OpenID settings; Terraform owns them
	Limits TenantLimits    `json:"limits"`
	Quotas []Quota         `json:"quotas,omitempty"` // nil: the tenant was returned by a change
	Key    TenantKey       `json:"key"`
	Owners []FieldOwner    `json:"owners"`
	Drift  []FieldDrift    `json:"drift"`
}

// SignInClients is an issuer at which people sign in to the console or with this program.
type SignInClients struct {
	Issuer    string   `json:"issuer"`
	ClientIDs []string `json:"clientIds"`
}

// TenantLimits has the limits of a tenant. Zero means the platform's default.
type TenantLimits struct {
	UploadLifetimeSeconds int64 `json:"uploadLifetimeSeconds"`
	ModelSendsPerHour     int64 `json:"modelSendsPerHour"`
	ModelTokensPerDay     int64 `json:"modelTokensPerDay"`
	KeepModelRequestsDays int64 `json:"keepModelRequestsDays"`
}

// TenantKey is a tenant's key, as it was measured.
type TenantKey struct {
	Name     string       `json:"name"`
	State    string       `json:"state"` // active, testing, test_failed, revoking, revoked or destroyed
	Problem  string       `json:"problem,omitempty"`
	Measured time.Time    `json:"measured"`
	Encrypts bool         `json:"encrypts"`
	Decrypts bool         `json:"decrypts"`
	Versions []KeyVersion `json:"versions"`
	Roles    int          `json:"roles"`            // that let an account use the key
	Change   *KeyChange   `json:"change,omitempty"` // the last one; nil: nobody has changed the key
	Seen     []KeySeen    `json:"seen,omitempty"`   // by function; nil: the tenant was returned by a change
	Rights   []KeyRight   `json:"rights"`

	Destruction *KeyDestruction `json:"destruction,omitempty"` // nil: no request waits for its confirmation
}

// KeySeen is the last use of the key by a function.
type KeySeen struct {
	Function string    `json:"function"`
	At       time.Time `json:"at"`
	CachedTo time.Time `json:"cachedTo"` // until then, it can have a data key in memory
}

// KeyDestruction is a request to destroy a key, which waits for its confirmation.
type KeyDestruction struct {
	ID         string    `json:"id"`
	Requested  time.Time `json:"requested"`
	AloneAfter time.Time `json:"aloneAfter"` // then, the admin who made it can confirm it too
	Expires    time.Time `json:"expires"`
}

// KeyVersion is one version of a key.
type KeyVersion struct {
	Version   string     `json:"version"` // its number
	State     string     `json:"state"`   // as Cloud KMS names it
	Primary   bool       `json:"primary"`
	Failed    bool       `json:"failed,omitempty"` // the trial with it failed
	Created   time.Time  `json:"created"`
	DestroyAt *time.Time `json:"destroyAt,omitempty"`
}

// KeyChange is the last change of a key.
type KeyChange struct {
	Action    string     `json:"action"`
	Entry     string     `json:"entry"` // ID of the audit entry
	Requested time.Time  `json:"requested"`
	Effective *time.Time `json:"effective,omitempty"` // nil: not yet
	CachedTo  *time.Time `json:"cachedTo,omitempty"`  // until then, a process can have data keys of a disabled key
}

// KeyRight says who can perform an action.
type KeyRight struct {
	Action   string `json:"action"`
	Platform bool   `json:"platform"`
	Who      string `json:"who,omitempty"`
}

// FieldOwner says who may change a field: terraform, api or customer.
type FieldOwner struct {
	Field string `json:"field"`
	Owner string `json:"owner"`
}

// FieldDrift is a difference from what was asked for.
type FieldDrift struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Tenant reads the record of the caller's tenant, and measures its key.
func (c *Client) Tenant(ctx context.Context) (t Tenant, err error) {
	err = c.call(ctx, request{what: "read the tenant", method: http.MethodGet, path: "/v1/tenant"}, &t)
	return t, err
}

// ChangeKey performs an action on the key: test, rotate, disable or enable. It is safe to
// retry test, disable and enable. If primary is not empty, the key is rotated only if this
// is still the primary version, so that rotate is safe to retry too.
func (c *Client) ChangeKey(ctx context.Context, action, primary string) (t Tenant, err error) {
	r := request{what: action + " the key", method: http.MethodPost, path: "/v1/tenant/key/" + action}
	if primary != "" {
		r.in = struct {
			Primary string `json:"primary"`
		}{primary}
	}
	err = c.call(ctx, r, &t)
	return t, err
}

// DestroyKey requests the destruction of the key of a tenant, which must be the caller's. With
// the ID of a request, it confirms it. It is safe to retry a request, and not a confirmation.
func (c *Client) DestroyKey(ctx context.Context, tenant, destruction string) (t Tenant, err error) {
	r := request{what: "destroy the key", method: http.MethodPost, path: "/v1/tenant/key/destroy"}
	r.in = struct {
		Tenant      string `json:"tenant"`
		Destruction string `json:"destruction,omitempty"`
	}{tenant, destruction}
	err = c.call(ctx, r, &t)
	return t, err
}
