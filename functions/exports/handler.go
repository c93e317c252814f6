package exports

import (
	"context"
	"net/http"

	credentials "cloud.google.com/go/iam/credentials/apiv1"
	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/exportjob"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/outbox"
	"github.com/strongroom-dev/strongroom/shared/signedurl"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Handler creates and shows exports and their schedules. It is safe for concurrent
// use.
type Handler struct {
	http.Handler
	API   *api.API
	guard *access.Guard
	deps  function.Deps
	jobs  *exportjob.Jobs

	reader      string // account that signs URLs
	minter      signedurl.Minter
	credentials gcp.Lazy[*credentials.IamCredentialsClient]
}

// The paths of the function.
const (
	exportPath   = "/v1/exports/{export}"
	schedulePath = "/v1/export-schedules/{schedule}"
	staffPath    = "/v1/tenants/{tenant}/exports/{export}"
)

// New returns the function. It makes no calls.
func New(ctx context.Context, config Config, deps function.Deps) (*Handler, error) {
	guard, err := access.NewGuard(ctx, config.Access, deps.Clients, deps.Now)
	if err != nil {
		return nil, err
	}
	a := api.New("Strongroom exports", deps.Now, deps.Log)
	h := &Handler{
		Handler: a.Handler(), API: a, guard: guard, deps: deps, reader: config.ReaderAccount,
		jobs:   &exportjob.Jobs{Audit: guard.Audit, Publisher: outbox.NewPublisher(deps.Clients), Now: deps.Now},
		minter: signedurl.Minter{Host: deps.Clients.Config.StorageHost, Now: deps.Now},
	}
	h.registerExports(a)
	h.registerSchedules(a)
	return h, nil
}

func (h *Handler) registerExports(a *api.API) {
	api.Register(a, h.guard.Protect(huma.Operation{
		OperationID: "createExport", Method: http.MethodPut, Path: exportPath,
		Summary: "Create an export", Errors: []int{400, 401, 403, 409, 413, 415, 422, 429, 503},
	}, auditlog.CreateExport), h.create)
	api.Register(a, h.guard.Protect(huma.Operation{
		OperationID: "startTenantExport", Method: http.MethodPut, Path: staffPath,
		Summary: "Create an export in a tenant's bucket, as the platform's staff", Errors: []int{400, 401, 403, 404, 409, 413, 415, 422, 429, 503},
	}, auditlog.StartTenantExport), h.createAsStaff)
	api.Register(a, api.WithMemory(h.guard.Protect(huma.Operation{
		OperationID: "listExports", Method: http.MethodGet, Path: "/v1/exports",
		Summary: "List exports, newest first", Errors: []int{400, 401, 403, 422, 503},
	}, auditlog.ListExports), listMemory), h.list)
	api.Register(a, h.guard.Protect(huma.Operation{
		OperationID: "getExport", Method: http.MethodGet, Path: exportPath,
		Summary: "Show an export and its progress", Errors: []int{400, 401, 403, 404, 422, 503},
	}, auditlog.ReadExport), h.get)
	api.Register(a, h.guard.Protect(huma.Operation{
		OperationID: "cancelExport", Method: http.MethodPost, Path: exportPath + "/cancel",
		Summary: "Cancel an export", Errors: []int{400, 401, 403, 404, 409, 422, 503},
	}, auditlog.CancelExport), h.cancel)
	api.Register(a, h.guard.Protect(huma.Operation{
		OperationID: "listExportFiles", Method: http.MethodGet, Path: exportPath + "/files",
		Summary: "List the files of an export, with URLs that read them", Errors: []int{400, 401, 403, 404, 409, 422, 503},
	}, auditlog.ReadExportFiles), h.files)
}

func (h *Handler) registerSchedules(a *api.API) {
	api.Register(a, h.guard.Protect(huma.Operation{
		OperationID: "setExportSchedule", Method: http.MethodPut, Path: schedulePath,
		Summary: "Create or change a schedule of exports", Errors: []int{400, 401, 403, 409, 413, 415, 422, 503},
	}, auditlog.SetExportSchedule), h.setSchedule)
	api.Register(a, h.guard.Protect(huma.Operation{
		OperationID: "getExportSchedule", Method: http.MethodGet, Path: schedulePath,
		Summary: "Show a schedule of exports", Errors: []int{400, 401, 403, 404, 422, 503},
	}, auditlog.ReadExportSchedule), h.getSchedule)
	api.Register(a, h.guard.Protect(huma.Operation{
		OperationID: "listExportSchedules", Method: http.MethodGet, Path: "/v1/export-schedules",
		Summary: "List the schedules of exports", Errors: []int{400, 401, 403, 422, 503},
	}, auditlog.ReadExportSchedule), h.listSchedules)
	api.Register(a, h.guard.Protect(huma.Operation{
		OperationID: "deleteExportSchedule", Method: http.MethodDelete, Path: schedulePath,
		Summary: "Delete a schedule of exports", Errors: []int{400, 401, 403, 404, 422, 503},
	}, auditlog.DeleteExportSchedule), h.deleteSchedule)
}

// homeOf returns the place of the exports of the session's tenant.
func homeOf(s access.Session) exportjob.Home { return exportjob.Home{DB: s.DB, Tenant: s.Tenant.ID} }

// target is the tenant that an operation is for: the session's, or, for the
// platform's staff, the one in the path.
type target struct {
	record tenant.Record
	home   exportjob.Home
}

// entry returns an audit entry of the session's principal in the log of a tenant.
func entry(s access.Session, t tenant.ID, action auditlog.Action, resource string) auditlog.Entry {
	return auditlog.Entry{Tenant: t, Actor: auditlog.By(s.Principal), Action: action, Outcome: auditlog.Allowed, Resource: resource}
}
