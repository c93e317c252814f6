package tenants

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// get measures the key. If the last change has taken effect since, it records that.
func (h *Handler) get(ctx context.Context, _ *struct{}) (*tenantResponse, error) {
	c, err := h.begin(ctx, auditlog.ReadTenant)
	if err != nil {
		return nil, err
	}
	if err := c.settle(ctx, &c.record, c.before); err != nil {
		return nil, err
	}
	out := c.show(c.before)
	if out.Body.Key.Seen, err = seenBy(ctx, c.session, out.Body.Key.Change); err != nil {
		return nil, err
	}
	out.Body.Quotas, err = h.quotas(ctx, c.session, c.written)
	return out, err
}

// seenBy lists when each function last saw the key, by the name of the function. After the key was
// disabled, no process has a data key in memory for longer than the change says.
func seenBy(ctx context.Context, s access.Session, change *ChangeBody) ([]SeenBody, error) {
	seen, err := keys.Seen(ctx, s.DB, s.Tenant.ID)
	if err != nil {
		return nil, err
	}
	all := []SeenBody{}
	for _, function := range slices.Sorted(maps.Keys(seen)) {
		at := seen[function]
		until := at.Add(keys.SeenEvery + keys.MaxAge)
		if change != nil && change.CachedTo != nil && change.CachedTo.Before(until) {
			until = *change.CachedTo
		}
		all = append(all, SeenBody{Function: function, At: at, CachedTo: until})
	}
	return all, nil
}

// show returns the tenant as it is in effect, with a measurement of its key.
func (c *keyChange) show(m measurement) *tenantResponse {
	const day = 24 * time.Hour
	t, r := c.written.With(c.settings), c.record
	return &tenantResponse{TenantBody{
		ID: string(t.ID), State: string(t.State), ProjectID: t.ProjectID, Location: t.Location,
		OutputsBucket: t.OutputsBucket, ExportsBucket: t.ExportsBucket, ConfigsBucket: t.ConfigsBucket, AuditBucket: t.AuditBucket,
		AuditTopic: t.AuditTopic, SigningAccount: t.SigningAccount,
		SignIn: showSignIn(t.Trust),
		Limits: LimitsBody{
			UploadLifetimeSeconds: int64(t.Limits.UploadLifetime / time.Second),
			ModelSendsPerHour:     t.Limits.ModelSendsPerHour,
			ModelTokensPerDay:     t.Limits.ModelTokensPerDay,
			KeepModelRequestsDays: int64(t.Limits.KeepModelRequests / day),
		},
		Change: showStateChange(c.settings), Role: string(c.session.Principal.Role), Offboarding: c.leaving,
		Key: showKey(t, r, m), Owners: append(c.stateOwners(), owners(m)...), Drift: append(c.stateDrift(), drift(r, m)...),
	}}
}

func showSignIn(trust []tenant.Trust) []SignInBody {
	all := []SignInBody{}
	for _, t := range trust {
		if len(t.ClientIDs) > 0 {
			all = append(all, SignInBody{Issuer: t.Issuer, ClientIDs: t.ClientIDs})
		}
	}
	return all
}

func showKey(t tenant.Record, r keyRecord, m measurement) KeyBody {
	state := r.state(m)
	body := KeyBody{
		Name: t.KeyName, State: state, Problem: problem(state, r, m), Measured: m.at, Encrypts: m.encrypts, Decrypts: m.decrypts,
		Versions: make([]VersionBody, len(m.versions)), Roles: len(m.bindings), Change: showChange(r), Destruction: showDestruction(r),
	}
	for i, v := range m.versions {
		n := path.Base(v.GetName())
		body.Versions[i] = VersionBody{
			Version: n, State: v.GetState().String(), Primary: n == m.primary, Failed: slices.Contains(m.failed, n), Created: v.GetCreateTime().AsTime(),
		}
		if v.GetDestroyTime() != nil {
			at := v.GetDestroyTime().AsTime()
			body.Versions[i].DestroyAt = &at
		}
	}
	for _, a := range []struct {
		name   string
		action auditlog.Action
	}{{"test", auditlog.TestKey}, {"rotate", auditlog.RotateKey}, {"disable", auditlog.DisableKey}, {"enable", auditlog.EnableKey}, {"destroy", auditlog.DestroyKey}} {
		body.Rights = append(body.Rights, m.right(a.name, a.action))
	}
	return body
}

func showChange(r keyRecord) *ChangeBody {
	if r.Entry == "" {
		return nil
	}
	c := &ChangeBody{Action: string(r.Action), Entry: r.Entry, Requested: r.Requested}
	if !r.Effective.IsZero() {
		c.Effective = &r.Effective
		if r.Action == auditlog.DisableKey {
			until := r.Effective.Add(keys.MaxAge)
			c.CachedTo = &until
		}
	}
	return c
}

func showDestruction(r keyRecord) *DestructionBody {
	d := r.Destruction
	if d == nil {
		return nil
	}
	return &DestructionBody{ID: d.ID, Requested: d.Requested, AloneAfter: d.Requested.Add(aloneAfter), Expires: d.Requested.Add(confirmWithin)}
}

// right says who can perform an action.
func (m measurement) right(name string, action auditlog.Action) RightBody {
	if m.permits(action) {
		return RightBody{Action: name, Platform: true}
	}
	if m.external && action == auditlog.RotateKey {
		return RightBody{Action: name, Who: "whoever administers the external key manager: create a version there, and then a version in Cloud KMS that names it"}
	}
	var missing []string
	for _, permission := range needs[action] {
		if !m.rights[permission] {
			missing = append(missing, permission)
		}
	}
	return RightBody{Action: name, Who: "whoever administers the key in its project; the platform lacks " + strings.Join(missing, ", ")}
}

// problem says why a state is not active, and what to do.
func problem(s KeyState, r keyRecord, m measurement) string {
	switch s {
	case Testing:
		return "the key was enabled and cannot be used yet; roles take effect within minutes, so read this again"
	case Revoking:
		return "the key was disabled and can still be used, or a version or role has come back; read this again, and disable it again if it stays"
	case Revoked:
		switch {
		case r.Want == wantDestroyed:
			return "the key's versions will be destroyed; enable the key to restore them"
		case r.Want == wantDisabled:
			return "the key is disabled; enable it to make the data readable again"
		}
		return "somebody has disabled the key in Cloud KMS; enable it here or there"
	case Destroyed:
		return "every version is destroyed, and so is what they encrypted"
	case TestFailed:
		return testProblem(r, m)
	}
	return ""
}

func testProblem(r keyRecord, m measurement) string {
	switch {
	case len(m.failed) > 0:
		return "the trial failed with the versions " + strings.Join(m.failed, ", ")
	case m.encrypts && len(m.disabled()) > 0:
		return "what the versions " + numbers(m.disabled()) + " encrypted cannot be read; enable the key"
	case r.misses(m):
		return "roles on the key are missing that enable restores; enable the key again, or apply Terraform"
	case !m.may(needs[auditlog.TestKey]...):
		return "the platform may not use the key; apply Terraform, or grant the roles again"
	}
	return "the key cannot encrypt and decrypt; see its versions and roles in Cloud KMS"
}

// stateOwners says whose change of the state is in effect.
func (c *keyChange) stateOwners() []OwnerBody {
	if c.written.With(c.settings).State == c.written.State {
		return []OwnerBody{{Field: "state", Owner: "terraform"}}
	}
	return []OwnerBody{{Field: "state", Owner: "api"}}
}

// stateDrift says where the API has set another state than Terraform.
func (c *keyChange) stateDrift() []DriftBody {
	set := showStateChange(c.settings)
	if set == nil || set.State == string(c.written.State) {
		return []DriftBody{}
	}
	return []DriftBody{{
		Field:   "state",
		Message: fmt.Sprintf("Terraform sets %s, and the API has set %s; an apply changes neither", c.written.State, set.State),
	}}
}

// owners says who may change what else. The key's versions belong to this API as long as the
// platform has the rights.
func owners(m measurement) []OwnerBody {
	versions := "api"
	if !m.permits(auditlog.DisableKey) {
		versions = "customer"
	}
	all := []OwnerBody{{"key.versions", versions}, {"key.roles", "terraform"}}
	for _, field := range []string{"projectId", "location", "outputsBucket", "exportsBucket", "configsBucket", "auditBucket", "auditTopic", "signingAccount", "signIn", "limits", "quotas", "key.name"} {
		all = append(all, OwnerBody{field, "terraform"})
	}
	return all
}

// drift lists where the key differs from what was asked for.
func drift(r keyRecord, m measurement) []DriftBody {
	all := []DriftBody{}
	add := func(field, format string, args ...any) {
		all = append(all, DriftBody{Field: field, Message: fmt.Sprintf(format, args...)})
	}
	missing := m.missing(r.Removed)
	switch {
	case r.Want != wantEnabled && len(m.enabled()) > 0:
		add("key.versions", "the versions %s are enabled although the key was disabled; disable the key again", numbers(m.enabled()))
	case r.Want == wantEnabled && len(m.disabled()) > 0:
		add("key.versions", "the versions %s are not enabled although nobody disabled the key with this API", numbers(m.disabled()))
	}
	switch {
	case r.Want != wantEnabled && len(m.bindings) > 0:
		add("key.roles", "%d roles on the key were granted again after it was disabled, for example by terraform apply; they have no effect while the versions are disabled", len(m.bindings))
	case r.Want != wantEnabled && len(missing) > 0:
		add("key.roles", "disable removed %d roles that Terraform grants; enable restores them", len(missing))
	case len(missing) > 0:
		add("key.roles", "%d roles that enable restores are missing; enable the key again", len(missing))
	}
	return all
}

// numbers lists the numbers of versions.
func numbers(versions []*kmspb.CryptoKeyVersion) string {
	all := make([]string, len(versions))
	for i, v := range versions {
		all[i] = path.Base(v.GetName())
	}
	return strings.Join(all, ", ")
}
