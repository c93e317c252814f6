package tenants

import (
	"context"
	"net/http"
	"slices"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/kms/apiv1/kmspb"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/exportjob"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// The permissions that each action needs on the key.
var needs = map[auditlog.Action][]string{
	auditlog.TestKey:    {mayEncrypt, mayDecrypt},
	auditlog.RotateKey:  {mayGet, mayList, mayCreate, mayUpdateKey},
	auditlog.DisableKey: {mayList, mayUpdate, mayReadPolicy, maySetPolicy},
	auditlog.EnableKey:  {mayList, mayUpdate, mayReadPolicy, maySetPolicy},
	auditlog.DestroyKey: {mayList, mayDestroy, mayRestore},
}

// keyChange is one request to do something with the key of the caller's tenant.
type keyChange struct {
	*Handler
	session access.Session
	action  auditlog.Action
	ref     *firestore.DocumentRef // of the record
	record  keyRecord
	before  measurement

	written  tenant.Record // as Terraform wrote it, read by this request
	settings tenant.Settings
	leaving  *OffboardingBody // nil: nobody has asked for an offboarding
}

// begin measures the key, and rejects what the platform may not do with it.
func (h *Handler) begin(ctx context.Context, action auditlog.Action) (*keyChange, error) {
	c := &keyChange{Handler: h, session: access.From(ctx), action: action}
	directory, err := h.guard.Directory.Client(ctx)
	if err != nil {
		return nil, err
	}
	c.ref = keyRef(directory, c.session.Tenant.ID)
	if c.record, err = readKeyRecord(ctx, c.ref); err != nil {
		return nil, err
	}
	if c.written, c.settings, err = h.guard.Directory.Read(ctx, c.session.Tenant.ID); err != nil {
		return nil, err
	}
	if l := c.settings.Leaving; l != nil {
		body, err := describeOffboarding(ctx, c.session.DB, c.session.Tenant.ID, l)
		if err != nil {
			return nil, err
		}
		c.leaving = &body
	}
	if c.before, err = h.measure(ctx, c.session.Tenant.KeyName, c.record.Probes); err != nil {
		return nil, err
	}
	return c, nil
}

// allowed rejects an action that the platform may not perform, and any change of a key
// that is destroyed.
func (c *keyChange) allowed() error {
	switch {
	case c.before.destroyed():
		return api.Refuse(http.StatusConflict, api.KeyDestroyedText)
	case !c.before.permits(c.action):
		return api.Refuse(http.StatusConflict, api.KeyOwnerText)
	}
	return nil
}

// permits reports whether the platform can perform an action.
func (m measurement) permits(action auditlog.Action) bool {
	return m.may(needs[action]...) && (action != auditlog.RotateKey || !m.external)
}

// entry is the audit entry of the action.
func (c *keyChange) entry(outcome auditlog.Outcome) auditlog.Entry {
	return auditlog.Entry{
		Tenant: c.session.Tenant.ID, Actor: auditlog.By(c.session.Principal), Action: c.action, Outcome: outcome,
		Resource: "tenants/" + string(c.session.Tenant.ID) + "/key",
	}
}

// announce records that the action follows, and then what it aims at. Nothing is changed
// in Cloud KMS before.
func (c *keyChange) announce(ctx context.Context, change func(*keyRecord)) error {
	intent, err := c.guard.Audit.Append(ctx, c.session.DB, c.entry(auditlog.Allowed))
	if err != nil {
		return err
	}
	outcome, err := auditlog.NewID()
	if err != nil {
		return err
	}
	old := c.record
	next := old
	next.Action, next.Entry, next.Outcome = c.action, intent, outcome
	next.Requested, next.Effective, next.Primary = c.before.at, time.Time{}, ""
	change(&next)
	c.record = next
	return c.save(ctx, old, next)
}

// save replaces the record, unless somebody has replaced it since it was read.
func (c *keyChange) save(ctx context.Context, old, next keyRecord) error {
	directory, err := c.guard.Directory.Client(ctx)
	if err != nil {
		return err
	}
	return gcp.Transact(ctx, directory, func(_ context.Context, tx *firestore.Transaction) error {
		current, err := decodeKeyRecord(tx.Get(c.ref))
		switch {
		case err != nil:
			return err
		case current.Entry != old.Entry && current.Entry != next.Entry:
			return api.Refuse(http.StatusConflict, api.KeyChangedText)
		}
		return tx.Set(c.ref, next)
	})
}

// The waits between the measurements after a change. The roles on a key take seconds to
// minutes, and a disabled version usually at most one: cloud.google.com/kms/docs/consistency.
var waits = []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}

// finish measures until the change has taken effect, and returns the tenant as it is then.
// If it takes longer, a later measurement records the end.
func (c *keyChange) finish(ctx context.Context) (*tenantResponse, error) {
	for i := 0; ; i++ {
		m, err := c.measure(ctx, c.session.Tenant.KeyName, c.record.Probes)
		if err != nil {
			return nil, err
		}
		if c.record.settled(m) || i == len(waits) {
			if err := c.settle(ctx, &c.record, m); err != nil {
				return nil, err
			}
			return c.show(m), nil
		}
		select {
		case <-c.deps.After(waits[i]):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// settle records the outcome of the last change when a measurement first finds that it has
// taken effect: in the audit log first. It does nothing otherwise.
func (c *keyChange) settle(ctx context.Context, record *keyRecord, m measurement) error {
	if !record.pending() || !record.settled(m) {
		return nil
	}
	state := record.state(m)
	e := c.entry(auditlog.Done)
	e.ID, e.Action, e.Of, e.Reason = record.Outcome, record.Action, record.Entry, string(state)
	e.Actor = auditlog.Actor{Subject: "tenants"}
	e.Counts = map[string]int64{
		"versions": int64(len(m.versions)), "enabled": int64(len(m.enabled())), "roles": int64(len(m.bindings)),
		"seconds": int64(m.at.Sub(record.Requested).Seconds()),
	}
	if err := c.guard.Audit.AppendOnce(ctx, c.session.DB, e); err != nil {
		return err
	}
	old := *record
	record.Effective = m.at
	if record.Want == wantEnabled && state == Active {
		record.Removed, record.Probes = nil, nil
	}
	return c.save(ctx, old, *record)
}

func (h *Handler) disable(ctx context.Context, _ *struct{}) (*tenantResponse, error) {
	c, err := h.begin(ctx, auditlog.DisableKey)
	if err != nil {
		return nil, err
	}
	if err := c.allowed(); err != nil {
		return nil, err
	}
	if c.record.state(c.before) == Revoked && c.record.Want != wantEnabled {
		return c.finish(ctx) // it is done
	}
	probes, _, err := h.tryVersions(ctx, c.session.Tenant.KeyName, c.before)
	if err != nil {
		return nil, err
	}
	if err := c.announce(ctx, func(r *keyRecord) {
		if r.Want == wantEnabled {
			r.Want = wantDisabled
		}
		r.Removed = append(slices.Clone(r.Removed), withoutAll(c.before.bindings, r.Removed)...)
		if len(probes) > 0 {
			r.Probes = probes
		}
	}); err != nil {
		return nil, err
	}
	if err := h.setStates(ctx, c.before, kmspb.CryptoKeyVersion_ENABLED, kmspb.CryptoKeyVersion_DISABLED); err != nil {
		return nil, err
	}
	if err := h.changePolicy(ctx, c.session.Tenant.KeyName, removeUsers); err != nil {
		return nil, err
	}
	return c.finish(ctx)
}

func withoutAll(bindings, known []binding) []binding {
	return slices.DeleteFunc(slices.Clone(bindings), func(b binding) bool { return slices.Contains(known, b) })
}

func (h *Handler) enable(ctx context.Context, _ *struct{}) (*tenantResponse, error) {
	c, err := h.begin(ctx, auditlog.EnableKey)
	if err != nil {
		return nil, err
	}
	if err := c.allowed(); err != nil {
		return nil, err
	}
	if c.record.state(c.before) == Active {
		return c.finish(ctx) // it is done
	}
	if err := c.announce(ctx, func(r *keyRecord) { r.Want, r.Destruction = wantEnabled, nil }); err != nil {
		return nil, err
	}
	restored, err := c.restoreVersions(ctx)
	if err != nil {
		return nil, err
	}
	if err := h.setStates(ctx, restored, kmspb.CryptoKeyVersion_DISABLED, kmspb.CryptoKeyVersion_ENABLED); err != nil {
		return nil, err
	}
	if err := h.changePolicy(ctx, c.session.Tenant.KeyName, grant(c.record.Removed)); err != nil {
		return nil, err
	}
	return c.finish(ctx)
}

// RotateRequest rotates the key.
type RotateRequest struct {
	Body *struct {
		Primary string `json:"primary,omitempty" class:"operational" pattern:"^[1-9][0-9]{0,8}$" example:"1" doc:"Number of the primary version that you replace: the key is not rotated if it has another one by now"`
	}
}

func (h *Handler) rotate(ctx context.Context, in *RotateRequest) (*tenantResponse, error) {
	c, err := h.begin(ctx, auditlog.RotateKey)
	if err != nil {
		return nil, err
	}
	if err := c.allowed(); err != nil {
		return nil, err
	}
	if err := c.rotatable(ctx, in); err != nil {
		return nil, err
	}
	if err := c.announce(ctx, func(r *keyRecord) { r.Primary = c.before.primary }); err != nil {
		return nil, err
	}
	if err := h.addPrimary(ctx, c.session.Tenant.KeyName, c.before); err != nil {
		return nil, err
	}
	return c.finish(ctx)
}

// rotatable rejects a rotation that nobody can want: of a key that cannot be used, of
// another key than the caller saw, and in the middle of an export.
func (c *keyChange) rotatable(ctx context.Context, in *RotateRequest) error {
	if c.record.state(c.before) != Active {
		return api.Refuse(http.StatusConflict, api.KeyNotActiveText)
	}
	if in.Body != nil && in.Body.Primary != "" && in.Body.Primary != c.before.primary {
		return api.Refuse(http.StatusConflict, api.PrimaryChangedText)
	}
	active, err := exportjob.Home{DB: c.session.DB, Tenant: c.session.Tenant.ID}.AnyActive(ctx)
	if err != nil {
		return err
	}
	if active {
		return api.Refuse(http.StatusConflict, api.ExportActiveText)
	}
	return nil
}

func (h *Handler) test(ctx context.Context, _ *struct{}) (*tenantResponse, error) {
	c, err := h.begin(ctx, auditlog.TestKey)
	if err != nil {
		return nil, err
	}
	intent, err := h.guard.Audit.Append(ctx, c.session.DB, c.entry(auditlog.Allowed))
	if err != nil {
		return nil, err
	}
	_, failed, err := h.tryVersions(ctx, c.session.Tenant.KeyName, c.before)
	if err != nil {
		return nil, err
	}
	c.before.failed = failed
	state := c.record.state(c.before)
	done := c.entry(auditlog.Done)
	done.Of, done.Reason, done.Counts = intent, string(state), map[string]int64{"versions": int64(len(c.before.versions)), "failed": int64(len(failed))}
	done.ID, err = auditlog.NewID()
	if err != nil {
		return nil, err
	}
	if err := h.guard.Audit.AppendOnce(ctx, c.session.DB, done); err != nil {
		return nil, err
	}
	if err := c.settle(ctx, &c.record, c.before); err != nil {
		return nil, err
	}
	return c.show(c.before), nil
}
