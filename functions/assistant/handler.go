package assistant

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
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/records"
)

// Handler answers what people and chats ask of assistants. It is safe for
// concurrent use.
type Handler struct {
	http.Handler
	API   *api.API
	guard *access.Guard
	deps  function.Deps
	keys  *keys.Tenants

	libraries libraries
}

const workspacePath = "/v1/workspaces/{workspace}"

// New makes the function; it calls nothing yet.
func New(ctx context.Context, config access.Config, deps function.Deps) (*Handler, error) {
	guard, err := access.NewGuard(ctx, config, deps.Clients, deps.Now)
	if err != nil {
		return nil, err
	}
	a := api.New("Strongroom assistants", deps.Log)
	h := &Handler{Handler: a.Handler(), API: a, guard: guard, deps: deps,
		keys: keys.NewTenants(deps.Clients, deps.Now)}
	h.registerIssues()
	h.registerSLIs()
	h.registerCatalog()
	h.registerGraph()
	h.registerAssistants()
	return h, nil
}

// operation describes one operation, with the statuses that any may give beside
// its own.
func (h *Handler) operation(id, method, path, summary string, action auditlog.Action, statuses ...int) huma.Operation {
	return h.guard.Protect(huma.Operation{
		OperationID: id, Method: method, Path: path, Summary: summary, RejectUnknownQueryParameters: true,
		Errors: append([]int{400, 401, 403, 422, 503}, statuses...),
	}, action)
}

// record puts on the audit log what was allowed to be done with resource, a
// path of valid names: free text is opened only after it.
func (h *Handler) record(ctx context.Context, action auditlog.Action, resource string) error {
	s := access.From(ctx)
	_, err := h.guard.Audit.Append(ctx, s.DB, entry(s, action, resource))
	if err != nil {
		return fmt.Errorf("record %s: %w", action, err)
	}
	return nil
}

func entry(s access.Session, action auditlog.Action, resource string) auditlog.Entry {
	return auditlog.Entry{
		Tenant: s.Tenant.ID, Actor: auditlog.By(s.Principal), Action: action,
		Outcome: auditlog.Allowed, Workspace: s.Workspace, Resource: resource,
	}
}

// checkWorkspace refuses to write into a workspace that is not there: an admin
// may name any.
func checkWorkspace(tx *firestore.Transaction, s access.Session) error {
	docs, err := tx.GetAll(refs(records.Workspace(s.DB, s.Tenant.ID, s.Workspace)))
	if err != nil {
		return fmt.Errorf("read workspace: %w", err)
	}
	if !docs[0].Exists() {
		return api.Refuse(http.StatusNotFound, "the tenant has no such workspace")
	}
	return nil
}

func refs(all ...*firestore.DocumentRef) []*firestore.DocumentRef { return all }
