package tenants

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// TenantPath names a tenant in a request of the platform's staff.
type TenantPath struct {
	Tenant string `path:"tenant" class:"operational"`
}

// StatusBody is what the platform's staff sees of a tenant: nothing that belongs to it.
type StatusBody struct {
	ID             string `json:"id" class:"operational"`
	State          string `json:"state" class:"operational" enum:"active,suspended,offboarding" doc:"The state in effect"`
	TerraformState string `json:"terraformState" class:"operational" enum:"active,suspended" doc:"What Terraform sets; the API cannot change it"`

	Change *StateChangeBody `json:"change,omitempty" doc:"The last change of the state with the API"`

	Quotas []StaffQuotaBody `json:"quotas,omitempty" doc:"Not in the list of tenants"`
}

// StateChangeBody is a change of a tenant's state with the API.
type StateChangeBody struct {
	State    string    `json:"state" class:"operational" enum:"active,suspended,offboarding"`
	Changed  time.Time `json:"changed" class:"operational"`
	Everyone time.Time `json:"everyone" class:"operational" doc:"By then, every process has seen the change"`
	Entry    string    `json:"entry" class:"operational" doc:"Entry of the tenant's audit log that is from before the change"`
}

type statusResponse struct{ Body StatusBody }

func (h *Handler) registerStaff(a *api.API) {
	api.Register(a, h.operation("listTenants", http.MethodGet, tenantsPath, "List the tenants and their states", auditlog.ListTenants), h.list)
	api.Register(a, h.operation("getTenantStatus", http.MethodGet, statusPath, "Show the state of a tenant", auditlog.ReadTenantStatus, 404), h.status)
	api.Register(a, h.operation("suspendTenant", http.MethodPost, suspendPath, "Refuse all requests of a tenant", auditlog.SuspendTenant, 404, 409), h.suspend)
	api.Register(a, h.operation("resumeTenant", http.MethodPost, resumePath, "Serve a suspended tenant again", auditlog.ResumeTenant, 404, 409), h.resume)
	api.Register(a, h.operation("limitTenant", http.MethodPut, limitPath, "Lower quotas of a tenant", auditlog.LimitTenant, 404), h.limit)
}

type listResponse struct {
	Body struct {
		Tenants []StatusBody `json:"tenants"`
	}
}

// list has no pages: a project holds fewer than a hundred tenants.
func (h *Handler) list(ctx context.Context, _ *struct{}) (*listResponse, error) {
	out := &listResponse{}
	out.Body.Tenants = []StatusBody{}
	err := h.guard.Directory.EachWithSettings(ctx, func(record tenant.Record, settings tenant.Settings) error {
		out.Body.Tenants = append(out.Body.Tenants, showStatus(record, settings))
		return nil
	})
	return out, err
}

func (h *Handler) status(ctx context.Context, in *TenantPath) (*statusResponse, error) {
	c, err := h.beginStaff(ctx, in.Tenant)
	if err != nil {
		return nil, err
	}
	return &statusResponse{showLimited(c.record, c.settings)}, nil
}

func (h *Handler) suspend(ctx context.Context, in *TenantPath) (*statusResponse, error) {
	return h.setState(ctx, in, auditlog.SuspendTenant, tenant.Suspended)
}

func (h *Handler) resume(ctx context.Context, in *TenantPath) (*statusResponse, error) {
	return h.setState(ctx, in, auditlog.ResumeTenant, "")
}

// setState sets the state of a tenant that is not being offboarded. If the tenant is in this
// state already, it does nothing.
func (h *Handler) setState(ctx context.Context, in *TenantPath, action auditlog.Action, state tenant.State) (*statusResponse, error) {
	c, err := h.beginStaff(ctx, in.Tenant)
	if err != nil {
		return nil, err
	}
	if err := settable(c.record, c.settings, state); err != nil {
		return nil, err
	}
	if c.settings.State == state {
		return &statusResponse{showStatus(c.record, c.settings)}, nil
	}
	entry, err := h.guard.Audit.Append(ctx, c.db, c.entry(action))
	if err != nil {
		return nil, err
	}
	var next tenant.Settings
	if err := h.changeSettings(ctx, c.record.ID, func(s tenant.Settings) (tenant.Settings, error) {
		next = s
		next.State, next.Entry, next.Changed = state, entry, h.now()
		return next, settable(c.record, s, state)
	}); err != nil {
		return nil, err
	}
	return &statusResponse{showStatus(c.record, next)}, nil
}

// settable rejects a change of what Terraform owns, and of a tenant that leaves.
func settable(record tenant.Record, settings tenant.Settings, state tenant.State) error {
	switch {
	case settings.State == tenant.Offboarding:
		return api.Refuse(http.StatusConflict, api.TenantNotActiveText)
	case state == "" && record.State != tenant.Active:
		return api.Refuse(http.StatusConflict, api.TerraformOwnedText)
	}
	return nil
}

// changeSettings replaces the settings of a tenant with what change returns for those that
// are stored.
func (h *Handler) changeSettings(ctx context.Context, id tenant.ID, change func(tenant.Settings) (tenant.Settings, error)) error {
	db, err := h.guard.Directory.Client(ctx)
	if err != nil {
		return err
	}
	ref := directory.Settings(db, id)
	return gcp.Transact(ctx, db, func(_ context.Context, tx *firestore.Transaction) error {
		doc, err := tx.Get(ref)
		if err != nil && status.Code(err) != codes.NotFound {
			return fmt.Errorf("read settings: %w", err)
		}
		old, err := directory.DecodeSettings(doc)
		if err != nil {
			return err
		}
		next, err := change(old)
		if err != nil {
			return err
		}
		return tx.Set(ref, next)
	})
}

// staffChange is a request of the platform's staff about one tenant.
type staffChange struct {
	session  access.Session
	record   tenant.Record // as Terraform wrote it
	settings tenant.Settings
	db       *firestore.Client // the tenant's database
}

func (h *Handler) beginStaff(ctx context.Context, raw string) (c staffChange, err error) {
	id, err := tenant.ParseID(raw)
	if err != nil {
		return c, api.Refuse(http.StatusBadRequest, err.Error())
	}
	c.session = access.From(ctx)
	c.record, c.settings, err = h.guard.Directory.Read(ctx, id)
	if errors.Is(err, tenant.ErrNotFound) {
		return c, api.Refuse(http.StatusNotFound, "there is no such tenant")
	}
	if err != nil {
		return c, err
	}
	c.db, err = h.guard.Directory.Database(ctx, c.record)
	return c, err
}

// entry returns an entry of the tenant's audit log.
func (c staffChange) entry(action auditlog.Action) auditlog.Entry {
	return auditlog.Entry{
		Tenant: c.record.ID, Actor: auditlog.By(c.session.Principal), Action: action, Outcome: auditlog.Allowed,
		Resource: "tenants/" + string(c.record.ID),
	}
}

func showStatus(record tenant.Record, settings tenant.Settings) StatusBody {
	return StatusBody{
		ID: string(record.ID), State: string(record.With(settings).State), TerraformState: string(record.State), Change: showStateChange(settings),
	}
}

func showStateChange(s tenant.Settings) *StateChangeBody {
	if s.Entry == "" {
		return nil
	}
	state := tenant.Record{State: tenant.Active}.With(s).State
	return &StateChangeBody{State: string(state), Changed: s.Changed, Everyone: s.Changed.Add(directory.MaxAge), Entry: s.Entry}
}

// now returns the time as Firestore stores it.
func (h *Handler) now() time.Time { return h.deps.Now().UTC().Truncate(time.Microsecond) }
