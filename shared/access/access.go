// Package access decides who may do what, and puts denials on record: the one
// place between a bearer token and a handler.
package access

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/danielgtaylor/huma/v2"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/authn"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Roles says which roles may do an action within their workspaces, or, of what
// belongs to no workspace, at all. An action that is not here is allowed to
// nobody.
var Roles = map[auditlog.Action][]tenant.Role{
	auditlog.MintUpload:     {tenant.Runner},
	auditlog.StartRun:       {tenant.Runner},
	auditlog.ReportRun:      {tenant.Runner},
	auditlog.ReadRun:        {tenant.Viewer, tenant.Auditor, tenant.Admin},
	auditlog.ReadIssueLines: {tenant.Viewer, tenant.Auditor, tenant.Admin},
	auditlog.ListOutputs:    {tenant.Viewer, tenant.Auditor, tenant.Admin},
	auditlog.ReadOutput:     {tenant.Viewer, tenant.Auditor, tenant.Admin},

	auditlog.ListIssues:       {tenant.Viewer, tenant.Auditor, tenant.Admin},
	auditlog.ReadIssue:        {tenant.Viewer, tenant.Auditor, tenant.Admin},
	auditlog.InvestigateIssue: {tenant.Viewer, tenant.Admin},
	auditlog.IgnoreIssue:      {tenant.Viewer, tenant.Admin},
	auditlog.ListSLIs:         {tenant.Viewer, tenant.Auditor, tenant.Admin},
	auditlog.ReadSLI:          {tenant.Viewer, tenant.Auditor, tenant.Admin},
	auditlog.SetSLI:           {tenant.Admin},
	auditlog.ReadGraph:        {tenant.Viewer, tenant.Auditor, tenant.Admin},
	auditlog.AskAssistant:     {tenant.Viewer, tenant.Auditor, tenant.Admin},
	auditlog.SetAssistant:     {tenant.Admin},
	auditlog.SearchCatalog:    {tenant.Viewer, tenant.Auditor, tenant.Admin, tenant.Platform},
	auditlog.WriteCatalog:     {tenant.Platform},
	auditlog.PruneCatalog:     {tenant.Platform},

	auditlog.ListQuarantine:    {tenant.Platform},
	auditlog.ReplayQuarantine:  {tenant.Platform},
	auditlog.ReplayDeadLetters: {tenant.Platform},
}

// Session is an allowed request: who asks, and where the tenant's data is.
type Session struct {
	Principal authn.Principal
	Tenant    tenant.Record
	Workspace tenant.WorkspaceID
	DB        *firestore.Client // the tenant's database
}

// Config is what a guard needs to know.
type Config struct {
	Audience string `env:"STRONGROOM_AUDIENCE,required,notEmpty"` // what every token's audience begins with
	auditlog.Config
}

// Guard authorises requests. It is safe for concurrent use.
type Guard struct {
	Verifier  *authn.Verifier
	Directory *directory.Directory
	Audit     *auditlog.Log

	unauthenticated atomic.Int64
}

// NewGuard makes the guard of one function.
func NewGuard(ctx context.Context, config Config, clients *gcp.Clients, now func() time.Time) (*Guard, error) {
	tenants := directory.New(clients, now)
	verifier, err := authn.New(authn.Config{
		Audience: config.Audience, Now: now, Record: tenants.Tenant, PlatformTrust: tenants.PlatformTrust,
	})
	if err != nil {
		return nil, err
	}
	audit, err := auditlog.Open(ctx, config.Config, clients, now)
	if err != nil {
		return nil, err
	}
	return &Guard{Verifier: verifier, Directory: tenants, Audit: audit}, nil
}

// Unauthenticated counts the requests that proved nobody. They are not written:
// anybody could fill a log with them.
func (g *Guard) Unauthenticated() int64 { return g.unauthenticated.Load() }

// The members of an OpenAPI operation that say what a request is recorded as, and
// which roles may make it.
const (
	ActionExtension = "x-action"
	RolesExtension  = "x-roles"
)

// Protect makes op run only for principals who may do action in the path's
// workspace; where the path has none, the role alone decides. It acts before
// the body is read.
func (g *Guard) Protect(op huma.Operation, action auditlog.Action) huma.Operation {
	op.Extensions = map[string]any{ActionExtension: action, RolesExtension: Roles[action]}
	public := !strings.Contains(op.Path, "{workspace}")
	op.Middlewares = append(op.Middlewares, func(hc huma.Context, next func(huma.Context)) {
		session, err := g.Authorize(hc.Context(), hc.Header("Authorization"), Act{action, hc.Param("workspace"), public, resource(hc)})
		if err != nil {
			api.Write(hc, api.Public(hc.Context(), err))
			return
		}
		next(huma.WithValue(hc, sessionKey{}, session))
	})
	return op
}

type sessionKey struct{}

// From is the session of a request that Protect let through.
func From(ctx context.Context) Session {
	session, _ := ctx.Value(sessionKey{}).(Session)
	return session
}

// Act is what somebody wants to do.
type Act struct {
	Action    auditlog.Action
	Workspace string // as the client wrote it
	Public    bool   // it is done to what belongs to no tenant and no workspace
	Resource  string // path of what it is done to, for the record; valid names only
}

// named are the parameters of a path that are ids of their own, and what an
// entry calls them.
var named = map[string]string{"issue": "issues/", "sli": "slis/", "assistant": "assistants/"}

// resource is what a request names, as a run and an output, as far as it is
// valid: the record holds no text of the client's own.
func resource(hc huma.Context) string {
	for parameter, kind := range named {
		if id := hc.Param(parameter); grant.CheckOutput(id) == nil {
			return kind + id
		}
	}
	id, err := run.ParseID(hc.Param("run"))
	if err != nil {
		return ""
	}
	output := hc.Param("output")
	if grant.CheckOutput(output) != nil {
		return "runs/" + string(id)
	}
	return "runs/" + string(id) + "/outputs/" + output
}

// Authorize decides for the holder of an Authorization header. Its error is a
// problem for the client, or internal.
func (g *Guard) Authorize(ctx context.Context, authorization string, act Act) (Session, error) {
	principal, err := g.Verifier.Verify(ctx, authorization)
	if err != nil && !errors.Is(err, authn.ErrSuspended) {
		return Session{}, g.unproven(ctx, err)
	}
	session := Session{Principal: principal}
	if !act.Public {
		if session.Workspace, err = tenant.ParseWorkspaceID(act.Workspace); err != nil {
			return Session{}, api.Refuse(http.StatusBadRequest, err.Error())
		}
	}
	if err := g.locate(ctx, &session); err != nil {
		return Session{}, err
	}
	reason, err := g.judge(ctx, session, act)
	if err != nil {
		return Session{}, err
	}
	if reason != "" {
		return Session{}, g.deny(ctx, session, act, reason)
	}
	return session, nil
}

// unproven is the answer to a token that proves nobody.
func (g *Guard) unproven(ctx context.Context, err error) error {
	var fault *authn.Error
	if !errors.As(err, &fault) {
		return err
	}
	if errors.Is(fault, authn.ErrUnavailable) {
		api.Logger(ctx).WarnContext(ctx, "token not judged", "error", fault)
		return api.Refuse(http.StatusServiceUnavailable, fault.Reason).
			With("Retry-After", strconv.Itoa(int(fault.RetryAfter.Seconds())))
	}
	g.unauthenticated.Add(1)
	return api.Refuse(http.StatusUnauthorized, fault.Reason).With("WWW-Authenticate", `Bearer realm="strongroom"`)
}

// locate finds the record and the database of the session's tenant; platform
// staff have the platform's.
func (g *Guard) locate(ctx context.Context, s *Session) (err error) {
	if s.Principal.Tenant != "" {
		if s.Tenant, err = g.Directory.Tenant(ctx, s.Principal.Tenant); err != nil {
			return fmt.Errorf("find the tenant: %w", err)
		}
	}
	s.DB, err = g.Directory.Database(ctx, s.Tenant)
	return err
}

// Codes of denials.
const (
	reasonSuspended = "tenant-suspended"
	reasonRole      = "role"
	reasonWorkspace = "workspace"
)

// judge gives the code of a denial, or none.
func (g *Guard) judge(ctx context.Context, s Session, act Act) (reason string, err error) {
	if s.Principal.Tenant != "" && s.Tenant.State != tenant.Active {
		return reasonSuspended, nil
	}
	if !slices.Contains(Roles[act.Action], s.Principal.Role) {
		return reasonRole, nil
	}
	if act.Public {
		return "", nil
	}
	switch s.Principal.Role {
	case tenant.Auditor, tenant.Admin:
		return "", nil
	case tenant.Runner:
		if slices.Contains(s.Principal.Workspaces, s.Workspace) {
			return "", nil
		}
	case tenant.Viewer:
		member := directory.Member(s.DB, s.Tenant.ID, s.Workspace, s.Principal.Issuer, s.Principal.Subject)
		_, err := member.Get(ctx)
		if status.Code(err) != codes.NotFound {
			return "", err
		}
	}
	return reasonWorkspace, nil
}

func (g *Guard) deny(ctx context.Context, s Session, act Act, reason string) error {
	_, err := g.Audit.Append(ctx, s.DB, auditlog.Entry{
		Tenant: s.Principal.Tenant, Actor: auditlog.By(s.Principal), Action: act.Action,
		Outcome: auditlog.Denied, Reason: reason, Workspace: s.Workspace, Resource: act.Resource,
	})
	if err != nil {
		return fmt.Errorf("record a denial: %w", err)
	}
	return api.Refuse(http.StatusForbidden, denials[reason])
}

var denials = map[string]string{
	reasonSuspended: "the tenant is suspended; ask its administrator",
	reasonRole:      "your role may not do this; ask the tenant's administrator for one that may",
	reasonWorkspace: "this workspace is not open to you; ask the tenant's administrator",
}
