package runs

import (
	"context"
	"errors"
	"net/http"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/outbox"
	"github.com/strongroom-dev/strongroom/shared/quota"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// runChange is one change of a run: its start or its report. The methods run in
// this order in one transaction. If the transaction is retried, they run again
// with the run as it is then, so each call must replace what the previous one
// left.
type runChange interface {
	// action is the action that the audit log records.
	action() auditlog.Action

	// entry is that record, which is written with the change. A change that is not
	// recorded has the zero entry.
	entry() auditlog.Prepared

	// amounts is what the change counts, if it is the first of its kind in the run.
	amounts() quota.Amounts

	// apply changes r, in memory only. It returns false if r already has the
	// same values, and run.ErrConflict if it has different ones.
	apply(r *run.Run) (changed bool, err error)

	// read reads what else the change affects. r is the changed run. Only write
	// may write, because Firestore rejects a read after a write.
	read(ctx context.Context, tx *firestore.Transaction, r run.Run) error

	// write writes everything that belongs to the change, except r itself and the
	// audit entry.
	write(tx *firestore.Transaction, r run.Run) error
}

// target is the run that a request changes.
type target struct {
	session   access.Session
	id        run.ID
	ref       records.RunRef
	expectNew bool // the run usually does not exist yet, and the change has an audit entry
}

func newTarget(s access.Session, id run.ID) target {
	return target{session: s, id: id, ref: records.NewRunRef(s.DB, s.Tenant.ID, s.Workspace, id)}
}

func (t target) open(tx *firestore.Transaction, now time.Time) (r run.Run, create bool, err error) {
	if t.expectNew {
		return t.ref.OpenExpectingNew(tx, now, t.session.RunOpener())
	}
	r, create, _, err = t.ref.Open(tx, now, t.session.RunOpener())
	return r, create, err
}

// event is the event that the start and the end of r, the run, are known.
func (t target) event(r run.Run, now time.Time) outbox.Entry {
	e := outbox.NewRunEnded(t.session.Tenant.ID, t.session.Workspace, t.id, now)
	e.Check = r.Check
	return e
}

// record makes a change, publishes the run's event if the run is complete, and
// returns the run as it is now.
func (h *Handler) record(ctx context.Context, t target, c runChange) (*runResponse, error) {
	claim, err := h.guard.TakeQuota(ctx, t.session, c.amounts())
	if err != nil {
		return nil, err
	}
	r, commitSent, err := h.commitWithRetry(ctx, t, c)
	if !commitSent { // an earlier request made the change, or this one is refused
		claim.Return(c.amounts())
	}
	if errors.Is(err, records.ErrNotRunOwner) {
		return nil, h.guard.DenyRun(ctx, t.session, c.action(), t.id)
	}
	if err != nil {
		return nil, toProblem(err)
	}
	if commitSent && r.Complete() {
		h.publish(ctx, t.event(r, h.deps.Now()))
	}
	return &runResponse{Body: show(r)}, nil
}

// commitWithRetry commits a change. The Firestore client may repeat a commit
// whose reply was lost, and then gets an error because the first one succeeded.
// Another transaction reads the run again and finds out.
//
// commitSent reports whether any attempt sent a commit. If none did, an earlier
// request made the change, and that request or the relay publishes the event. A commit
// that fails because the run exists does not count.
func (h *Handler) commitWithRetry(ctx context.Context, t target, c runChange) (r run.Run, commitSent bool, err error) {
	if t.expectNew {
		if r, commitSent, err = h.commitNew(ctx, t, c); !mayHaveCommitted(err) {
			return r, commitSent, err
		}
		commitSent = false
	}
	for range gcp.Attempts {
		var sent bool
		r, sent, err = h.commit(ctx, t, c)
		commitSent = commitSent || sent
		if !mayHaveCommitted(err) {
			break
		}
	}
	return r, commitSent, err
}

// mayHaveCommitted reports whether err is an answer to a repeated commit whose
// first attempt may have succeeded.
func mayHaveCommitted(err error) bool {
	switch status.Code(err) {
	case codes.InvalidArgument, codes.AlreadyExists, codes.FailedPrecondition:
		return true
	}
	return false
}

// commitNew commits a change of a run that does not exist yet, without reading it first.
// Such a change never completes the run. If the run or its ID exists, the error is
// AlreadyExists, and nothing is written.
func (h *Handler) commitNew(ctx context.Context, t target, c runChange) (r run.Run, commitSent bool, err error) {
	r = t.ref.New(h.deps.Now(), t.session.RunOpener())
	if _, err := c.apply(&r); err != nil {
		return r, false, err
	}
	err = gcp.Write(ctx, t.session.DB, func(tx *firestore.Transaction) error {
		if err := t.ref.CreateBoth(tx, r); err != nil {
			return err
		}
		return c.entry().Write(tx)
	})
	if err == nil {
		c.entry().Committed(ctx)
	}
	return r, true, err
}

func (h *Handler) commit(ctx context.Context, t target, c runChange) (r run.Run, commitSent bool, err error) {
	changed := false
	err = t.session.DB.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		opened, create, err := t.open(tx, h.deps.Now())
		if err != nil {
			return err
		}
		changed, err = c.apply(&opened)
		r = opened
		if err != nil || !changed {
			return err
		}
		if err := c.read(ctx, tx, r); err != nil {
			return err
		}
		commitSent = true
		if err := t.ref.Save(tx, r, create); err != nil {
			return err
		}
		if entry := c.entry(); entry.ID != "" {
			if err := entry.Write(tx); err != nil {
				return err
			}
		}
		return c.write(tx, r)
	})
	if entry := c.entry(); err == nil && changed && entry.ID != "" {
		entry.Committed(ctx)
	}
	return r, commitSent, err
}

// markComplete marks a run whose start and end are known. The event follows, and
// the run is pending until it is folded into its check.
func (h *Handler) markComplete(r *run.Run) {
	r.Check, r.Pending = string(issue.NewCheckID(r.Start.Task, r.Start.Resource)), true
	r.RepublishAt = h.deps.Now().Add(run.RepublishAfter)
}

// publish publishes the event that a commit wrote to the outbox. Unless the run is folded
// soon, the relay publishes the event again.
func (h *Handler) publish(ctx context.Context, e outbox.Entry) {
	if err := h.publisher.Notify(ctx, e); err != nil {
		api.Logger(ctx).WarnContext(ctx, "outbox publish deferred", "error", err.Error())
	}
}

// toProblem returns the error that the client may see.
func toProblem(err error) error {
	switch {
	case errors.Is(err, records.ErrRunIDTaken):
		return api.Refuse(http.StatusConflict, api.RunIDTakenText)
	case errors.Is(err, run.ErrConflict):
		return api.Refuse(http.StatusConflict, "this run was already recorded with different values; the first values are kept")
	case errors.Is(err, keys.ErrKeyUnavailable):
		// A retry can succeed: the runner stores the report until the key is back.
		return api.Refuse(http.StatusServiceUnavailable, api.KeyLockedText).With("Retry-After", "60")
	}
	return err
}
