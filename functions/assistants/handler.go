package assistants

import (
	"context"
	"fmt"
	"net/http"

	"cloud.google.com/go/firestore"
	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/halves"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/library"
	"github.com/strongroom-dev/strongroom/shared/model"
)

// Handler answers requests about the issues, SLIs, graph and assistants of a
// workspace. It is safe for concurrent use.
type Handler struct {
	http.Handler
	API   *api.API
	guard *access.Guard
	deps  function.Deps
	keys  *keys.Tenants
	cache *library.Cache // of the public catalog

	models *model.Gateway
}

// Config is the settings of the function.
type Config struct {
	Access access.Config
	Model  halves.Config
}

const workspacePath = "/v1/workspaces/{workspace}"

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
	a := api.New("Strongroom assistants", deps.Now, deps.Log)
	h := &Handler{
		Handler: a.Handler(), API: a, guard: guard, deps: deps,
		keys:  keys.NewTenants(deps.Clients, deps.Now),
		cache: library.NewCache(deps.Clients, deps.Now, deps.After, deps.Log), models: models,
	}
	h.registerIssues()
	h.registerSLIs()
	h.registerGraph()
	h.registerAssistants()
	h.registerModels()
	return h, nil
}

// The memory in bytes that a request needs.
const (
	textMemory = 7 * maxTextBytes // a page of texts: sealed, opened, parsed, and as JSON; and sealed texts that do not fit on it
	listMemory = 8 << 20          // a page without texts
)

// operation describes an operation: statuses are its own, in addition to those
// that every operation may return.
func (h *Handler) operation(id, method, path, summary string, action auditlog.Action, statuses ...int) huma.Operation {
	return h.guard.Protect(newOperation(id, method, path, summary, statuses), action)
}

// reading is operation for one that only reads: see access.Guard.ProtectReading.
func (h *Handler) reading(id, method, path, summary string, action auditlog.Action, statuses ...int) huma.Operation {
	return h.guard.ProtectReading(newOperation(id, method, path, summary, statuses), action)
}

func newOperation(id, method, path, summary string, statuses []int) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: path, Summary: summary,
		Errors: append([]int{400, 401, 403, 422, 503}, statuses...),
	}
}

// appendAudit writes an entry about a resource, which is a path of valid names, to
// the audit log. Free text is opened only after that.
func (h *Handler) appendAudit(ctx context.Context, action auditlog.Action, resource string) error {
	s := access.From(ctx)
	_, err := h.guard.Audit.Append(ctx, s.DB, auditEntry(s, action, resource))
	if err != nil {
		return fmt.Errorf("record %s: %w", action, err)
	}
	return nil
}

func auditEntry(s access.Session, action auditlog.Action, resource string) auditlog.Entry {
	return auditlog.Entry{
		Tenant: s.Tenant.ID, Actor: auditlog.By(s.Principal), Action: action,
		Outcome: auditlog.Allowed, Workspace: s.Workspace, Resource: resource,
	}
}

// checkWorkspace returns a 404 if the workspace does not exist. The access check
// does not know: an admin has access to every name.
func (h *Handler) checkWorkspace(ctx context.Context, s access.Session) error {
	exists, err := h.guard.Directory.HasWorkspace(ctx, s.Tenant.ID, s.Workspace)
	if err != nil {
		return err
	}
	if !exists {
		return api.Refuse(http.StatusNotFound, "the tenant has no such workspace")
	}
	return nil
}

func refs(all ...*firestore.DocumentRef) []*firestore.DocumentRef { return all }
