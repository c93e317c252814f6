package access

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
)

// The members of an OpenAPI operation that name the action that the audit log
// records, and the roles that may perform it.
const (
	ActionExtension = "x-action"
	RolesExtension  = "x-roles"
)

// Protect returns op with a middleware that admits only principals who may perform
// the action in the path's workspace. If the path has no workspace, only the role
// is checked. If the path has a tenant, it must be the principal's. The check is
// made before the body is read.
//
// If the request is recorded in the audit log, the response has the ID of the
// entry in the header ReceiptHeader.
func (g *Guard) Protect(op huma.Operation, action auditlog.Action) huma.Operation {
	return g.protect(op, action, false)
}

func (g *Guard) protect(op huma.Operation, action auditlog.Action, reading bool) huma.Operation {
	op.Extensions = map[string]any{ActionExtension: action, RolesExtension: Roles[action]}
	op.Errors = slices.Sorted(slices.Values(append(slices.Clone(op.Errors), http.StatusTooManyRequests)))
	unscoped := !strings.Contains(op.Path, "{workspace}")
	op.Middlewares = append(op.Middlewares, func(hc huma.Context, next func(huma.Context)) {
		ctx := auditlog.WithReceipt(hc.Context(), func(entry string) { hc.SetHeader(ReceiptHeader, entry) })
		request := Request{
			Action:    action,
			Tenant:    hc.Param("tenant"),
			Workspace: hc.Param("workspace"),
			Unscoped:  unscoped,
			Resource:  resourcePath(hc),
		}
		session, decide, err := g.open(ctx, hc.Header("Authorization"), request)
		if err == nil && decide != nil && reading {
			serveReading(huma.WithContext(hc, ctx), session, decide, next)
			return
		}
		if err == nil && decide != nil {
			err = decide(ctx)
		}
		if err != nil {
			api.Write(hc, api.ToProblem(ctx, err))
			return
		}
		next(huma.WithContext(hc, context.WithValue(ctx, sessionKey{}, session)))
	})
	return op
}

// ReceiptHeader is the response header with the ID of the audit entry that
// records the request. A request has at most one receipt: for the entry that was
// written before the action, or for its denial. A response without it belongs
// to a request that recorded nothing, for example because an earlier request had
// done the same already.
const ReceiptHeader = "Strongroom-Audit-Entry"

type sessionKey struct{}

// From returns the session of a request that Protect admitted.
func From(ctx context.Context) Session {
	session, _ := ctx.Value(sessionKey{}).(Session)
	return session
}
