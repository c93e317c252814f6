package exports

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/exportjob"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/quota"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

type createRequest struct {
	Export string `path:"export" class:"operational"`
	Body   RequestBody
}

type staffRequest struct {
	Tenant string `path:"tenant" class:"operational"`
	Export string `path:"export" class:"operational"`
	Body   RequestBody
}

// anExport is what a new export counts.
var anExport = quota.Amounts{quota.Exports: 1}

type exportResponse struct{ Body ExportBody }

func (h *Handler) create(ctx context.Context, in *createRequest) (*exportResponse, error) {
	s := access.From(ctx)
	return h.createIn(ctx, target{s.Tenant, homeOf(s)}, in, auditlog.CreateExport)
}

// createAsStaff creates an export of the tenant in the path. The entry is in the
// tenant's audit log, and the response shows nothing of the tenant's data.
func (h *Handler) createAsStaff(ctx context.Context, in *staffRequest) (*exportResponse, error) {
	id, err := tenant.ParseID(in.Tenant)
	if err != nil {
		return nil, api.Refuse(http.StatusBadRequest, err.Error())
	}
	record, err := h.guard.Directory.Tenant(ctx, id)
	if errors.Is(err, tenant.ErrNotFound) {
		return nil, api.Refuse(http.StatusNotFound, "there is no such tenant")
	}
	if err != nil {
		return nil, err
	}
	db, err := h.guard.Directory.Database(ctx, record)
	if err != nil {
		return nil, err
	}
	return h.createIn(ctx, target{record, exportjob.Home{DB: db, Tenant: id}}, &createRequest{in.Export, in.Body}, auditlog.StartTenantExport)
}

func (h *Handler) createIn(ctx context.Context, t target, in *createRequest, action auditlog.Action) (*exportResponse, error) {
	id, err := parseID(in.Export)
	if err != nil {
		return nil, err
	}
	e := export.New(id, in.Body.request(), t.record.ExportsBucket, h.deps.Now())
	e.Staff = action == auditlog.StartTenantExport
	var claim quota.Claim
	if _, err = t.home.Get(ctx, id); errors.Is(err, exportjob.ErrNotFound) {
		if err = h.check(ctx, t, e, action); err == nil && !e.Staff {
			claim, err = h.guard.TakeQuota(ctx, access.From(ctx), anExport)
		}
	}
	if err != nil {
		return nil, err
	}
	created, err := h.jobs.Create(ctx, t.home, e, entry(access.From(ctx), t.record.ID, action, "exports/"+string(id)))
	if err != nil {
		if errors.Is(err, exportjob.ErrConflict) || errors.Is(err, exportjob.ErrTooMany) {
			claim.Return(anExport)
		}
		return nil, toProblem(err)
	}
	return &exportResponse{show(t.record, created)}, nil
}

// check rejects a new export that is not valid, or that cannot be written because the
// tenant's key is disabled. The latter is recorded.
func (h *Handler) check(ctx context.Context, t target, e export.Export, action auditlog.Action) error {
	if err := e.Request.Validate(h.deps.Now()); err != nil {
		return invalid(err)
	}
	if err := h.checkWorkspaces(ctx, t.record.ID, e.Request.Workspaces); err != nil {
		return err
	}
	err := h.checkKey(ctx, t.record)
	if !errors.Is(err, keys.ErrKeyUnavailable) {
		return err
	}
	denied := entry(access.From(ctx), t.record.ID, action, "exports/"+string(e.ID))
	denied.Outcome, denied.Reason = auditlog.Denied, string(export.KeyLocked)
	if _, err := h.guard.Audit.Append(ctx, t.home.DB, denied); err != nil {
		return fmt.Errorf("record denial: %w", err)
	}
	return api.Refuse(http.StatusForbidden, api.KeyLockedText)
}

// checkWorkspaces rejects workspaces that the tenant does not have.
func (h *Handler) checkWorkspaces(ctx context.Context, t tenant.ID, workspaces []tenant.WorkspaceID) error {
	for _, w := range workspaces {
		ok, err := h.guard.Directory.HasWorkspace(ctx, t, w)
		if err != nil {
			return err
		}
		if !ok {
			return api.Refuse(http.StatusUnprocessableEntity, "the request is invalid; correct the fields listed in errors",
				api.Fault{Message: fmt.Sprintf("the tenant has no workspace %s; remove it", w), Location: "body.workspaces"})
		}
	}
	return nil
}

func (h *Handler) checkKey(ctx context.Context, record tenant.Record) error {
	client, err := h.deps.Clients.KMS(ctx)
	if err != nil {
		return err
	}
	return keys.CheckUsable(ctx, client, record.KeyName)
}
