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
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
	"github.com/strongroom-dev/strongroom/shared/legalhold"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// HoldBody is a legal hold.
type HoldBody struct {
	ID        string       `json:"id" class:"operational"`
	Workspace string       `json:"workspace,omitempty" class:"operational" doc:"Absent: the whole tenant"`
	Run       string       `json:"run,omitempty" class:"operational" doc:"Absent: the whole workspace"`
	Placed    time.Time    `json:"placed" class:"operational"`
	Entry     string       `json:"entry" class:"operational" doc:"Entry of the audit log"`
	Marked    bool         `json:"marked" class:"operational" doc:"Everything in the buckets that it covers has an object hold, so that Cloud Storage cannot delete it either"`
	Lifting   *LiftingBody `json:"lifting,omitempty" doc:"A request to lift the hold that waits for its confirmation"`
}

// LiftingBody is a request to lift a hold.
type LiftingBody struct {
	ID        string    `json:"id" class:"operational" doc:"Confirm the request with it"`
	Requested time.Time `json:"requested" class:"operational"`
	Expires   time.Time `json:"expires" class:"operational" doc:"After that, nobody can confirm it"`
}

// HoldPath names a hold.
type HoldPath struct {
	Hold string `path:"hold" class:"operational"`
}

func (h *Handler) registerHolds(a *api.API) {
	api.Register(a, h.operation("listHolds", http.MethodGet, holdsPath, "List the legal holds", auditlog.ReadHolds), h.listHolds)
	api.Register(a, h.operation("placeHold", http.MethodPut, holdPath, "Keep the tenant, a workspace or a run from every deletion", auditlog.PlaceHold, 404, 409), h.placeHold)
	api.Register(a, h.operation("liftHold", http.MethodPost, liftPath, "Request that a legal hold ends, or confirm it", auditlog.LiftHold, 404, 409), h.liftHold)
	api.Register(a, h.operation("confirmLiftAsStaff", http.MethodPost, staffLiftPath, "Confirm that a legal hold ends, as the platform's staff",
		auditlog.ConfirmLift, 404, 409), h.liftHoldAsStaff)
}

type holdsResponse struct {
	Body struct {
		Holds []HoldBody `json:"holds" doc:"At most 100"`
	}
}

func (h *Handler) listHolds(ctx context.Context, _ *struct{}) (*holdsResponse, error) {
	c, err := h.holdsOf(ctx, access.From(ctx).Tenant.ID, access.From(ctx).DB)
	if err != nil {
		return nil, err
	}
	holds, err := legalhold.Of(ctx, c.directory, c.tenant)
	if err != nil {
		return nil, err
	}
	out := &holdsResponse{}
	out.Body.Holds = []HoldBody{}
	for _, hold := range holds {
		out.Body.Holds = append(out.Body.Holds, c.show(hold))
	}
	return out, nil
}

// holdChange is a request about the holds of one tenant.
type holdChange struct {
	*Handler
	session   access.Session
	tenant    tenant.ID
	db        *firestore.Client // the tenant's database
	directory *firestore.Client
	pass      legalhold.Pass
}

func (h *Handler) holdsOf(ctx context.Context, t tenant.ID, db *firestore.Client) (*holdChange, error) {
	c := &holdChange{Handler: h, session: access.From(ctx), tenant: t, db: db}
	var err error
	if c.directory, err = h.guard.Directory.Client(ctx); err != nil {
		return nil, err
	}
	c.pass, err = legalhold.ReadPass(ctx, db, t)
	return c, err
}

// PlaceHoldRequest places a hold.
type PlaceHoldRequest struct {
	HoldPath
	Body struct {
		Workspace string `json:"workspace,omitempty" class:"operational" maxLength:"63" doc:"Only this workspace; absent: everything of the tenant"`
		Run       string `json:"run,omitempty" class:"operational" maxLength:"36" doc:"Only this run of the workspace"`
	}
}

type holdResponse struct{ Body HoldBody }

// placeHold is safe to repeat: a hold that covers the same stays as it is.
func (h *Handler) placeHold(ctx context.Context, in *PlaceHoldRequest) (*holdResponse, error) {
	c, err := h.holdsOf(ctx, access.From(ctx).Tenant.ID, access.From(ctx).DB)
	if err != nil {
		return nil, err
	}
	hold, err := c.parse(ctx, in)
	if err != nil {
		return nil, err
	}
	old, err := c.find(legalhold.Collection(c.directory, c.tenant).Doc(hold.ID).Get(ctx))
	if err == nil {
		return c.same(old, hold)
	}
	if !errors.Is(err, errNoHold) {
		return nil, err
	}
	e := c.entry(auditlog.PlaceHold, hold.ID)
	e.Workspace = hold.Workspace
	if hold.Run != "" {
		e.Objects = []string{"run/" + string(hold.Run)}
	}
	if hold.Entry, err = h.guard.Audit.Append(ctx, c.db, e); err != nil {
		return nil, err
	}
	err = gcp.Transact(ctx, c.directory, func(_ context.Context, tx *firestore.Transaction) error { return c.create(tx, hold) })
	if err != nil {
		return nil, err
	}
	return &holdResponse{c.show(hold)}, nil
}

// same returns a hold that exists, if it covers what is asked for.
func (c *holdChange) same(old, hold legalhold.Hold) (*holdResponse, error) {
	if old.Workspace != hold.Workspace || old.Run != hold.Run {
		return nil, api.Refuse(http.StatusConflict, api.HoldExistsText)
	}
	return &holdResponse{c.show(old)}, nil
}

func (c *holdChange) create(tx *firestore.Transaction, hold legalhold.Hold) error {
	all := legalhold.Collection(c.directory, c.tenant)
	docs, err := tx.Documents(all.Limit(legalhold.Max)).GetAll()
	if err != nil {
		return fmt.Errorf("count legal holds: %w", err)
	}
	for _, doc := range docs {
		if doc.Ref.ID == hold.ID {
			old, err := legalhold.Decode(doc)
			if err != nil {
				return err
			}
			_, err = c.same(old, hold)
			return err
		}
	}
	if len(docs) >= legalhold.Max {
		return api.Refuse(http.StatusConflict, api.TooManyHoldsText)
	}
	return tx.Create(all.Doc(hold.ID), hold)
}

// holdName is the form of the ID of a hold: parameters.go in package api has it too.
var holdName = lazyregexp.New(`^[a-z0-9-]{1,63}$`)

func parseHoldID(id string) error {
	if !holdName.MatchString(id) {
		return api.Refuse(http.StatusBadRequest, "the ID of a hold has 1 to 63 of a-z, 0-9 and hyphens")
	}
	return nil
}

func (c *holdChange) parse(ctx context.Context, in *PlaceHoldRequest) (hold legalhold.Hold, err error) {
	if err := parseHoldID(in.Hold); err != nil {
		return hold, err
	}
	hold.ID, hold.Placed = in.Hold, c.now()
	if in.Body.Workspace == "" {
		if in.Body.Run != "" {
			return hold, api.Refuse(http.StatusUnprocessableEntity, "a hold on a run also names its workspace")
		}
		return hold, nil
	}
	if hold.Workspace, err = tenant.ParseWorkspaceID(in.Body.Workspace); err != nil {
		return hold, api.Refuse(http.StatusUnprocessableEntity, err.Error())
	}
	exists, err := c.guard.Directory.HasWorkspace(ctx, c.tenant, hold.Workspace)
	if err != nil {
		return hold, err
	}
	if !exists {
		return hold, api.Refuse(http.StatusNotFound, "the tenant has no such workspace")
	}
	if in.Body.Run != "" {
		found, err := access.Session{Tenant: c.session.Tenant, Workspace: hold.Workspace, DB: c.db}.FindRun(ctx, in.Body.Run)
		if err != nil {
			return hold, err
		}
		hold.Run = run.ID(found.ID)
	}
	return hold, nil
}

var errNoHold = errors.New("no such hold")

// find returns the hold that was read.
func (c *holdChange) find(doc *firestore.DocumentSnapshot, err error) (legalhold.Hold, error) {
	if status.Code(err) == codes.NotFound {
		return legalhold.Hold{}, errNoHold
	}
	if err != nil {
		return legalhold.Hold{}, fmt.Errorf("read legal hold: %w", err)
	}
	return legalhold.Decode(doc)
}

func (c *holdChange) entry(action auditlog.Action, hold string) auditlog.Entry {
	return auditlog.Entry{
		Tenant: c.tenant, Actor: auditlog.By(c.session.Principal), Action: action, Outcome: auditlog.Allowed, Resource: "holds/" + hold,
	}
}

func (c *holdChange) show(hold legalhold.Hold) HoldBody {
	b := HoldBody{
		ID: hold.ID, Workspace: string(hold.Workspace), Run: string(hold.Run), Placed: hold.Placed, Entry: hold.Entry,
		Marked: c.pass.Covers.After(hold.Placed),
	}
	if l := hold.Lifting; l != nil {
		b.Lifting = &LiftingBody{ID: l.ID, Requested: l.Requested, Expires: l.Requested.Add(confirmWithin)}
	}
	return b
}
