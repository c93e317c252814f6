// Package access decides who may do what. It is the one place between a bearer
// token and a handler: it verifies the token, limits the rate of each subject,
// compares the role and the workspace with Roles, and records every denial of a
// principal with a role before it answers. Requests without a valid token, and valid
// tokens without a role, are counted.
package access

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/authn"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/quota"
	"github.com/strongroom-dev/strongroom/shared/secret"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Roles lists the roles that may perform each action. If the action belongs to a
// workspace, the principal also needs access to that workspace. Nobody may
// perform an action that is not listed.
var Roles = map[auditlog.Action][]tenant.Role{
	auditlog.MintUpload:     {tenant.Runner},
	auditlog.StartRun:       {tenant.Runner},
	auditlog.ReportRun:      {tenant.Runner},
	auditlog.HeartbeatRun:   {tenant.Runner},
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

	auditlog.ExplainIssue:              {tenant.Viewer, tenant.Admin},
	auditlog.PreviewExplainIssue:       {tenant.Viewer, tenant.Auditor, tenant.Admin},
	auditlog.SummarizeWorkspace:        {tenant.Viewer, tenant.Admin},
	auditlog.PreviewSummarizeWorkspace: {tenant.Viewer, tenant.Auditor, tenant.Admin},
	auditlog.RankNextTasks:             {tenant.Viewer, tenant.Admin},
	auditlog.PreviewRankNextTasks:      {tenant.Viewer, tenant.Auditor, tenant.Admin},
	auditlog.EnrichCatalog:             {tenant.Platform},
	auditlog.ReadDataMap:               {tenant.Viewer, tenant.Auditor, tenant.Admin, tenant.Platform},

	auditlog.CreateExport:         {tenant.Auditor, tenant.Admin},
	auditlog.StartTenantExport:    {tenant.Platform},
	auditlog.ListExports:          {tenant.Auditor, tenant.Admin},
	auditlog.ReadExport:           {tenant.Auditor, tenant.Admin},
	auditlog.ReadExportFiles:      {tenant.Auditor, tenant.Admin},
	auditlog.CancelExport:         {tenant.Auditor, tenant.Admin},
	auditlog.SetExportSchedule:    {tenant.Auditor, tenant.Admin},
	auditlog.ReadExportSchedule:   {tenant.Auditor, tenant.Admin},
	auditlog.DeleteExportSchedule: {tenant.Auditor, tenant.Admin},

	auditlog.GiveConsent:        {tenant.Admin},
	auditlog.WithdrawConsent:    {tenant.Admin},
	auditlog.ReadConsents:       {tenant.Auditor, tenant.Admin},
	auditlog.GiveStaffHalf:      {tenant.Platform},
	auditlog.WithdrawStaffHalf:  {tenant.Platform},
	auditlog.ReadTenantConsents: {tenant.Platform},
	auditlog.ListModelSends:     {tenant.Auditor, tenant.Admin},
	auditlog.ReadModelRequest:   {tenant.Auditor, tenant.Admin},
	auditlog.ListPlatformSends:  {tenant.Platform},

	auditlog.ReadConfig:        {tenant.Builder, tenant.Viewer, tenant.Auditor, tenant.Admin},
	auditlog.PushConfig:        {tenant.Builder},
	auditlog.ReviewConfig:      {tenant.Builder, tenant.Admin},
	auditlog.ReadConfigReviews: {tenant.Viewer, tenant.Auditor, tenant.Admin},
	auditlog.ReadHeldConfig:    {tenant.Admin},
	auditlog.ApproveConfig:     {tenant.Admin},
	auditlog.RejectConfig:      {tenant.Admin},
	auditlog.ResetConfig:       {tenant.Admin},

	auditlog.ReadTenant: {tenant.Auditor, tenant.Admin},
	auditlog.TestKey:    {tenant.Admin},
	auditlog.RotateKey:  {tenant.Admin},
	auditlog.DisableKey: {tenant.Admin},
	auditlog.EnableKey:  {tenant.Admin},
	auditlog.DestroyKey: {tenant.Admin},

	auditlog.ListTenants:      {tenant.Platform},
	auditlog.ReadTenantStatus: {tenant.Platform},
	auditlog.SuspendTenant:    {tenant.Platform},
	auditlog.ResumeTenant:     {tenant.Platform},

	auditlog.RequestOffboarding:    {tenant.Admin},
	auditlog.StopOffboarding:       {tenant.Admin},
	auditlog.ReadCertificate:       {tenant.Auditor, tenant.Admin},
	auditlog.StartOffboarding:      {tenant.Platform},
	auditlog.StaffStopsOffboarding: {tenant.Platform},
	auditlog.ReadOffboarding:       {tenant.Platform},

	auditlog.ReadStorage:   {tenant.Auditor, tenant.Admin},
	auditlog.VerifyStorage: {tenant.Admin},

	auditlog.ReadHolds:   {tenant.Auditor, tenant.Admin},
	auditlog.PlaceHold:   {tenant.Admin},
	auditlog.LiftHold:    {tenant.Admin},
	auditlog.ConfirmLift: {tenant.Platform},

	auditlog.ReadMembers:  {tenant.Auditor, tenant.Admin},
	auditlog.AddMember:    {tenant.Admin},
	auditlog.RemoveMember: {tenant.Admin},

	auditlog.ReadTrust:       {tenant.Auditor, tenant.Admin},
	auditlog.TestTrust:       {tenant.Admin},
	auditlog.AddTrustRule:    {tenant.Admin},
	auditlog.RemoveTrustRule: {tenant.Admin},

	auditlog.ListQuarantine:    {tenant.Platform},
	auditlog.ReplayQuarantine:  {tenant.Platform},
	auditlog.ReplayDeadLetters: {tenant.Platform},

	auditlog.ReadAuditEntries:    {tenant.Auditor, tenant.Admin},
	auditlog.ReadAuditLog:        {tenant.Auditor, tenant.Admin},
	auditlog.CosignAuditLog:      {tenant.Auditor, tenant.Admin},
	auditlog.ReadPlatformEntries: {tenant.Platform},
	auditlog.ReadPlatformLog:     {tenant.Platform},
}

// Session is an allowed request: its principal, and the location of the tenant's
// data.
type Session struct {
	Principal authn.Principal
	Tenant    tenant.Record
	Workspace tenant.WorkspaceID
	DB        *firestore.Client // the tenant's database

	action     auditlog.Action
	pageTokens api.PageTokens
}

// Config configures a Guard.
type Config struct {
	Audience     string        `env:"STRONGROOM_AUDIENCE,required,notEmpty"`       // prefix of every token's audience
	PageTokenKey secret.String `env:"STRONGROOM_PAGE_TOKEN_KEY,required,notEmpty"` // the same in all instances; see api.PageTokens
	auditlog.Config
}

// Guard authorises requests. It is safe for concurrent use.
type Guard struct {
	Verifier  *authn.Verifier
	Directory *directory.Directory
	Audit     *auditlog.Log

	pageTokens      api.PageTokens
	now             func() time.Time
	roleless        minuteCounts // tokens without a role
	rateLimit       rateLimit
	limited         minuteCounts // requests over the rate limit
	quotas          *quota.Leases
	unauthenticated atomic.Int64
}

// NewGuard returns the guard of one function.
func NewGuard(ctx context.Context, config Config, clients *gcp.Clients, now func() time.Time) (*Guard, error) {
	tenants := directory.New(clients, now)
	verifier, err := authn.New(authn.Config{
		Audience:      config.Audience,
		Now:           now,
		Record:        tenants.Tenant,
		Client:        tenants.TenantOfClient,
		PlatformTrust: tenants.PlatformTrust,
		Logger:        api.Logger,
	})
	if err != nil {
		return nil, err
	}
	audit, err := auditlog.Open(ctx, config.Config, clients, now)
	if err != nil {
		return nil, err
	}
	return &Guard{
		Verifier: verifier, Directory: tenants, Audit: audit, now: now,
		pageTokens: api.PageTokens{Key: config.PageTokenKey}, quotas: quota.New(now, logNear),
	}, nil
}

// Unauthenticated returns the number of requests without a valid token. They are
// counted and not recorded, because anybody could fill the log with them. The
// metric unauthenticated-requests counts the same requests by the request log.
func (g *Guard) Unauthenticated() int64 { return g.unauthenticated.Load() }

// Request is what a caller asks to do.
type Request struct {
	Action    auditlog.Action
	Tenant    string // as the client wrote it; empty: the path has no tenant
	Workspace string // as the client wrote it
	Unscoped  bool   // the action belongs to no workspace, so the role alone decides
	Resource  string // path of what the action affects, for the audit log; valid names only
}

// Authorize verifies the value of an Authorization header and decides about the
// request. An error is an *api.Problem for the client, or internal.
func (g *Guard) Authorize(ctx context.Context, authorization string, request Request) (Session, error) {
	session, decide, err := g.open(ctx, authorization, request)
	if err == nil && decide != nil {
		err = decide(ctx)
	}
	if err != nil {
		return Session{}, err
	}
	return session, nil
}

// open is Authorize without what must be read for the decision. If decide is not nil, the
// request is allowed only if it returns nil.
func (g *Guard) open(ctx context.Context, authorization string, request Request) (session Session, decide func(context.Context) error, err error) {
	principal, err := g.Verifier.Verify(ctx, authorization)
	if err != nil && !errors.Is(err, authn.ErrSuspended) {
		return Session{}, nil, g.unauthenticatedError(ctx, err)
	}
	now := g.now()
	g.roleless.log(ctx, "tokens without a role", now)
	g.limited.log(ctx, "requests over the rate limit", now)
	if wait := g.rateLimit.wait(now, principal); wait > 0 {
		g.limited.add(now, principal)
		return Session{}, nil, rateLimitError(wait)
	}
	session = Session{Principal: principal, action: request.Action, pageTokens: g.pageTokens}
	if !request.Unscoped {
		if session.Workspace, err = tenant.ParseWorkspaceID(request.Workspace); err != nil {
			return Session{}, nil, api.Refuse(http.StatusBadRequest, err.Error())
		}
	}
	if _, err := tenant.ParseID(request.Tenant); request.Tenant != "" && err != nil {
		return Session{}, nil, api.Refuse(http.StatusBadRequest, err.Error())
	}
	if err := g.resolveTenant(ctx, &session); err != nil {
		return Session{}, nil, err
	}
	reason, member := decideByToken(session, request)
	if reason != "" {
		return Session{}, nil, g.deny(ctx, session, request, reason)
	}
	if err := g.takeRequest(ctx, session); err != nil {
		return Session{}, nil, err
	}
	if member {
		decide = func(ctx context.Context) error { return g.admitMember(ctx, session, request) }
	}
	return session, decide, nil
}

// unauthenticatedError converts the error of a token that could not be verified.
func (g *Guard) unauthenticatedError(ctx context.Context, err error) error {
	var fault *authn.Error
	if !errors.As(err, &fault) {
		return err
	}
	if errors.Is(fault, authn.ErrUnavailable) {
		api.Logger(ctx).WarnContext(ctx, "token cannot be verified now", "error", fault)
		return api.Refuse(http.StatusServiceUnavailable, fault.Reason).
			With("Retry-After", strconv.Itoa(int(fault.RetryAfter.Seconds())))
	}
	if unusable := (authn.UnusableKey{}); errors.As(fault, &unusable) {
		api.Logger(ctx).WarnContext(ctx, "token names a key that cannot be used", "error", fault)
	}
	g.unauthenticated.Add(1)
	return api.Refuse(http.StatusUnauthorized, fault.Reason).With("WWW-Authenticate", `Bearer realm="strongroom"`)
}

// resolveTenant sets the record and the database of the session's tenant. Platform
// staff have no tenant and use the platform's database.
func (g *Guard) resolveTenant(ctx context.Context, s *Session) (err error) {
	if s.Principal.Tenant != "" {
		if s.Tenant, err = g.Directory.Tenant(ctx, s.Principal.Tenant); err != nil {
			return fmt.Errorf("find tenant: %w", err)
		}
	}
	s.DB, err = g.Directory.Database(ctx, s.Tenant)
	return err
}

// decideByToken returns the reason to deny the request, or "" to allow it. If member is
// true, the principal must also be a member of the workspace.
func decideByToken(s Session, request Request) (reason string, member bool) {
	if reason := refusedByState(s, request.Action); reason != "" {
		return reason, false
	}
	if !slices.Contains(Roles[request.Action], s.Principal.Role) {
		return reasonRole, false
	}
	// Staff have no tenant. Roles says what they may do for one.
	if request.Tenant != "" && s.Principal.Role != tenant.Platform && request.Tenant != string(s.Principal.Tenant) {
		return reasonTenant, false
	}
	if request.Unscoped {
		return "", false
	}
	switch s.Principal.Role {
	case tenant.Auditor, tenant.Admin:
		return "", false
	case tenant.Runner, tenant.Builder:
		if slices.Contains(s.Principal.Workspaces, s.Workspace) {
			return "", false
		}
	case tenant.Viewer:
		return "", true
	}
	return reasonWorkspace, false
}

// admitMember returns nil if the principal is a member of the workspace. Otherwise, it
// records the denial.
func (g *Guard) admitMember(ctx context.Context, s Session, request Request) error {
	member, err := g.Directory.IsMember(ctx, s.Tenant.ID, s.Workspace, s.Principal.Issuer, s.Principal.Subject)
	if err != nil || member {
		return err
	}
	return g.deny(ctx, s, request, reasonWorkspace)
}

// refusedByState returns the reason to deny an action because of the state of the session's
// tenant. Staff have no tenant.
func refusedByState(s Session, action auditlog.Action) (reason string) {
	switch {
	case s.Principal.Tenant == "" || s.Tenant.State == tenant.Active:
		return ""
	case s.Tenant.State != tenant.Offboarding:
		return reasonSuspended
	case !WhileOffboarding[action]:
		return reasonOffboarding
	}
	return ""
}

// deny records a denial and returns the problem for the client. Tokens without a
// role are counted instead. While a tenant is suspended no token has a role, so the
// first of each issuer and minute is recorded too.
func (g *Guard) deny(ctx context.Context, s Session, request Request, reason string) error {
	if s.Principal.Role == "" {
		first := g.roleless.add(g.now(), s.Principal)
		if reason != reasonSuspended || !first {
			return api.Refuse(http.StatusForbidden, denials[reason])
		}
	}
	_, err := g.Audit.Append(ctx, s.DB, auditlog.Entry{
		Tenant:    s.Principal.Tenant,
		Actor:     auditlog.By(s.Principal),
		Action:    request.Action,
		Outcome:   auditlog.Denied,
		Reason:    reason,
		Workspace: s.Workspace,
		Resource:  request.Resource,
	})
	if err != nil {
		return fmt.Errorf("record denial: %w", err)
	}
	return api.Refuse(http.StatusForbidden, denials[reason])
}
