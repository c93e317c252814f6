package catalog

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/halves"
	"github.com/strongroom-dev/strongroom/shared/library"
	"github.com/strongroom-dev/strongroom/shared/model"
)

const (
	tasksPath = "/v1/catalog/tasks"
	prunePath = "/v1/catalog/prune"
)

// maxBodyBytes bounds the body of one upload. A commit may have 10 MiB:
// firebase.google.com/docs/firestore/quotas.
const maxBodyBytes = 4 << 20

// Handler serves the public catalog. It is safe for concurrent use.
type Handler struct {
	http.Handler
	API   *api.API
	guard *access.Guard
	deps  function.Deps
	cache *library.Cache

	models *model.Gateway
}

// Config is the settings of the function.
type Config struct {
	Access access.Config
	Model  halves.Config
}

// New returns the handler. It connects to nothing yet.
func New(ctx context.Context, config Config, deps function.Deps) (*Handler, error) {
	guard, err := access.NewGuard(ctx, config.Access, deps.Clients, deps.Now)
	if err != nil {
		return nil, err
	}
	models, err := model.New(ctx, config.Model, model.Deps{Clients: deps.Clients, Audit: guard.Audit, Now: deps.Now, Log: deps.Log})
	if err != nil {
		return nil, err
	}
	a := api.New("Strongroom catalog", deps.Now, deps.Log)
	h := &Handler{
		Handler: a.Handler(), API: a, guard: guard, deps: deps,
		cache: library.NewCache(deps.Clients, deps.Now, deps.After, deps.Log), models: models,
	}
	put := h.operation("putTasks", http.MethodPut, tasksPath,
		"Upload tasks to the public catalog; repeatable", auditlog.WriteCatalog, 409, 413)
	put.MaxBodyBytes = maxBodyBytes
	api.Register(a, put, h.putTasks)
	api.Register(a, h.operation("searchTasks", http.MethodPost, tasksPath+"/search",
		"Search the public catalog, best matches first", auditlog.SearchCatalog), h.searchTasks)
	api.Register(a, h.operation("pruneTasks", http.MethodPost, prunePath,
		"Remove the tasks of a source that its newest edition does not have, one page per call; repeatable",
		auditlog.PruneCatalog, 409, 413), h.pruneTasks)
	enrich := h.operation("enrichTasks", http.MethodPost, enrichPath,
		"Describe tasks with the platform's language model, so that searches find them by other words; repeatable",
		auditlog.EnrichCatalog, 413)
	enrich.MaxBodyBytes = maxEnrichedBytes
	api.Register(a, api.WithMemory(enrich, 4*maxEnrichedBytes), h.enrich)
	return h, nil
}

// operation describes an operation: statuses are its own, in addition to those
// that every operation may return.
func (h *Handler) operation(id, method, path, summary string, action auditlog.Action, statuses ...int) huma.Operation {
	return h.guard.Protect(huma.Operation{
		OperationID: id, Method: method, Path: path, Summary: summary,
		Errors: append([]int{400, 401, 403, 422, 503}, statuses...),
	}, action)
}

// prepare seals the audit entry of a change of the catalog by a number of tasks.
func (h *Handler) prepare(ctx context.Context, action auditlog.Action, tasks int) (auditlog.Prepared, error) {
	s := access.From(ctx)
	return h.guard.Audit.Prepare(ctx, s.DB, auditlog.Entry{
		Tenant: s.Tenant.ID, Actor: auditlog.By(s.Principal), Action: action, Outcome: auditlog.Allowed,
		Workspace: s.Workspace, Resource: "catalog", Counts: map[string]int64{"tasks": int64(tasks)},
	})
}

// now is the time in the precision that Firestore stores.
func (h *Handler) now() time.Time { return h.deps.Now().UTC().Truncate(time.Microsecond) }
