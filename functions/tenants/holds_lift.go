package tenants

import (
	"context"
	"errors"
	"net/http"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/legalhold"
)

// LiftRequest asks that a hold ends, or confirms it.
type LiftRequest struct {
	HoldPath
	Body *struct {
		Lifting string `json:"lifting,omitempty" class:"operational" pattern:"^[0-9a-f-]{36}$" doc:"ID of the request that you confirm; without it, you make a request"`
	}
}

// StaffLiftRequest confirms that a hold of a tenant ends.
type StaffLiftRequest struct {
	TenantPath
	HoldPath
	Body struct {
		Lifting string `json:"lifting" class:"operational" pattern:"^[0-9a-f-]{36}$" doc:"ID of the request of the tenant's admin"`
	}
}

// liftResponse has the hold as it was, with ended if it is gone.
type liftResponse struct {
	Body struct {
		HoldBody
		Ended bool `json:"ended" class:"operational" doc:"The hold does not exist any more"`
	}
}

func (h *Handler) liftHold(ctx context.Context, in *LiftRequest) (*liftResponse, error) {
	c, err := h.holdsOf(ctx, access.From(ctx).Tenant.ID, access.From(ctx).DB)
	if err != nil {
		return nil, err
	}
	hold, err := c.read(ctx, in.Hold)
	if err != nil {
		return nil, err
	}
	if in.Body != nil && in.Body.Lifting != "" {
		return c.confirm(ctx, hold, in.Body.Lifting, auditlog.LiftHold)
	}
	e := c.entry(auditlog.LiftHold, hold.ID)
	e.Reason = "requested"
	id, err := h.guard.Audit.Append(ctx, c.db, e)
	if err != nil {
		return nil, err
	}
	hold.Lifting = &legalhold.Lifting{
		ID: id, By: auditlog.ActorKey(e.Actor), Issuer: c.session.Principal.Issuer, Requested: h.now(),
		AddedRule: c.session.Principal.AddedRule != "",
	}
	err = c.change(ctx, hold.ID, func(tx *firestore.Transaction, ref *firestore.DocumentRef, _ legalhold.Hold) error {
		return tx.Set(ref, hold)
	})
	if err != nil {
		return nil, err
	}
	return c.lifted(hold, false), nil
}

func (h *Handler) liftHoldAsStaff(ctx context.Context, in *StaffLiftRequest) (*liftResponse, error) {
	staff, err := h.beginStaff(ctx, in.Tenant)
	if err != nil {
		return nil, err
	}
	c, err := h.holdsOf(ctx, staff.record.ID, staff.db)
	if err != nil {
		return nil, err
	}
	hold, err := c.read(ctx, in.Hold)
	if err != nil {
		return nil, err
	}
	return c.confirm(ctx, hold, in.Body.Lifting, auditlog.ConfirmLift)
}

// confirm ends a hold. Nobody ends one alone, however long the person waits.
func (c *holdChange) confirm(ctx context.Context, hold legalhold.Hold, lifting string, action auditlog.Action) (*liftResponse, error) {
	if err := c.confirmable(hold, lifting); err != nil {
		return nil, err
	}
	e := c.entry(action, hold.ID)
	e.Reason, e.Of = "confirmed", lifting
	if _, err := c.guard.Audit.Append(ctx, c.db, e); err != nil {
		return nil, err
	}
	err := c.change(ctx, hold.ID, func(tx *firestore.Transaction, ref *firestore.DocumentRef, current legalhold.Hold) error {
		if err := c.confirmable(current, lifting); err != nil {
			return err
		}
		return tx.Delete(ref)
	})
	if err != nil {
		return nil, err
	}
	return c.lifted(hold, true), nil
}

// confirmable rejects a confirmation that is replayed or stale, and one of the person who may
// have made the request. Staff is always another person than the tenant's admin; of two admins,
// only their common issuer can tell, and only if Terraform has made both admins: a rule of the API
// can be for a second account of the admin who has added it.
func (c *holdChange) confirmable(hold legalhold.Hold, lifting string) error {
	l, by := hold.Lifting, c.session.Principal
	switch {
	case l == nil || l.ID != lifting:
		return api.Refuse(http.StatusConflict, api.LiftingUnknownText)
	case c.now().Sub(l.Requested) > confirmWithin:
		return api.Refuse(http.StatusConflict, api.LiftingStaleText)
	case l.By == auditlog.ActorKey(auditlog.By(by)):
		return api.Refuse(http.StatusConflict, api.LiftingAloneText)
	case by.Tenant != "" && l.Issuer != by.Issuer:
		return api.Refuse(http.StatusConflict, api.LiftingIssuerText)
	case by.Tenant != "" && (l.AddedRule || by.AddedRule != ""):
		return api.Refuse(http.StatusConflict, api.LiftingAddedText)
	}
	return nil
}

// change changes a hold in a transaction.
func (c *holdChange) change(ctx context.Context, id string, change func(*firestore.Transaction, *firestore.DocumentRef, legalhold.Hold) error) error {
	ref := legalhold.Collection(c.directory, c.tenant).Doc(id)
	return gcp.Transact(ctx, c.directory, func(_ context.Context, tx *firestore.Transaction) error {
		current, err := c.find(tx.Get(ref))
		if err != nil {
			return noHold(err)
		}
		return change(tx, ref, current)
	})
}

// read returns the hold that a path names.
func (c *holdChange) read(ctx context.Context, id string) (legalhold.Hold, error) {
	if err := parseHoldID(id); err != nil {
		return legalhold.Hold{}, err
	}
	hold, err := c.find(legalhold.Collection(c.directory, c.tenant).Doc(id).Get(ctx))
	return hold, noHold(err)
}

func noHold(err error) error {
	if errors.Is(err, errNoHold) {
		return api.Refuse(http.StatusNotFound, "the tenant has no such hold")
	}
	return err
}

func (c *holdChange) lifted(hold legalhold.Hold, ended bool) *liftResponse {
	out := &liftResponse{}
	out.Body.HoldBody, out.Body.Ended = c.show(hold), ended
	return out
}
