package consents

import (
	"context"
	"errors"
	"net/http"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/halves"
	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// target is the tenant that a request is for, and the side that makes it.
type target struct {
	record tenant.Record
	db     *firestore.Client
	side   consent.Side
	by     access.Session
}

// own returns the tenant of the session.
func own(ctx context.Context) target {
	s := access.From(ctx)
	return target{record: s.Tenant, db: s.DB, side: consent.TenantSide, by: s}
}

// ofStaff returns the tenant in the path of a request of the platform's staff.
func (h *Handler) ofStaff(ctx context.Context, raw string) (target, error) {
	id, err := tenant.ParseID(raw)
	if err != nil {
		return target{}, api.Refuse(http.StatusBadRequest, err.Error())
	}
	record, err := h.guard.Directory.Tenant(ctx, id)
	if errors.Is(err, tenant.ErrNotFound) {
		return target{}, api.Refuse(http.StatusNotFound, "there is no such tenant")
	}
	if err != nil {
		return target{}, err
	}
	db, err := h.guard.Directory.Database(ctx, record)
	return target{record: record, db: db, side: consent.PlatformSide, by: access.From(ctx)}, err
}

// Path is the part of a path that names a consent.
type Path struct {
	Feature     string `path:"feature" class:"operational"`
	Destination string `path:"destination" class:"operational"`
	Workspace   string `query:"workspace" class:"operational" doc:"The workspace that the consent is for; default: all workspaces of the tenant"`
}

// nameForm is the form of features and destinations.
var nameForm = lazyregexp.New(`^[a-z-]{1,40}$`)

// parse returns the scope that a path names. The error is a 400 or, if a name has the
// form of one that exists, a 404. That of the query is a 422.
func (p Path) parse(t tenant.ID) (consent.Scope, error) {
	s := consent.Scope{Tenant: t}
	var errs [2]error
	s.Feature, errs[0] = consent.ParseFeature(p.Feature)
	s.Destination, errs[1] = consent.ParseDestination(p.Destination)
	for i, name := range []string{p.Feature, p.Destination} {
		switch {
		case !nameForm.MatchString(name):
			return s, api.Refuse(http.StatusBadRequest, "features and destinations have 1 to 40 characters from a-z and hyphen")
		case errs[i] != nil:
			return s, api.Refuse(http.StatusNotFound, errs[i].Error())
		}
	}
	if p.Workspace == "" {
		return s, nil
	}
	id, err := tenant.ParseWorkspaceID(p.Workspace)
	if err != nil {
		return s, api.Refuse(http.StatusUnprocessableEntity, err.Error(), api.Fault{Message: err.Error(), Location: "query.workspace"})
	}
	s.Workspace = id
	return s, nil
}

// want returns the consent that a path names, with its current text.
func (h *Handler) want(ctx context.Context, t target, p Path) (halves.Want, error) {
	scope, err := p.parse(t.record.ID)
	if err != nil {
		return halves.Want{}, err
	}
	if scope.Workspace != "" {
		exists, err := h.guard.Directory.HasWorkspace(ctx, t.record.ID, scope.Workspace)
		if err != nil {
			return halves.Want{}, err
		}
		if !exists {
			return halves.Want{}, api.Refuse(http.StatusNotFound, "the tenant has no such workspace")
		}
	}
	return halves.Want{Scope: scope, Text: h.config.Text(t.record, scope)}, nil
}

// entry returns an audit entry in the tenant's log.
func (t target) entry(action auditlog.Action, s consent.Scope) auditlog.Entry {
	return auditlog.Entry{
		Tenant: t.record.ID, Actor: auditlog.By(t.by.Principal), Action: action, Outcome: auditlog.Allowed,
		Workspace: s.Workspace, Resource: "consents/" + string(s.Feature) + "/" + string(s.Destination),
	}
}

// person returns who makes the request.
func (t target) person() consent.Person {
	return consent.Person{Issuer: t.by.Principal.Issuer, Subject: t.by.Principal.Subject}
}
