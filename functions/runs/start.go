package runs

import (
	"context"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/quota"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// start records the start of a run. If the report was earlier, the start
// completes the run.
func (h *Handler) start(ctx context.Context, in *startRequest) (*runResponse, error) {
	start, id, err := in.parse(h.deps.Now())
	if err != nil {
		return nil, err
	}
	t := newTarget(access.From(ctx), id)
	t.expectNew = true
	entry, err := h.guard.Audit.Prepare(ctx, t.session.DB, auditlog.Entry{
		Tenant:    t.session.Tenant.ID,
		Actor:     auditlog.By(t.session.Principal),
		Action:    auditlog.StartRun,
		Outcome:   auditlog.Allowed,
		Workspace: t.session.Workspace,
		Resource:  "runs/" + string(id),
	})
	if err != nil {
		return nil, err
	}
	return h.record(ctx, t, &startChange{handler: h, target: t, start: start, auditEntry: entry})
}

// startChange sets the start of a run.
type startChange struct {
	handler    *Handler
	target     target
	start      run.Start
	auditEntry auditlog.Prepared
	early      earlyReport // set by read
}

func (c *startChange) action() auditlog.Action { return auditlog.StartRun }

func (c *startChange) entry() auditlog.Prepared { return c.auditEntry }

func (c *startChange) amounts() quota.Amounts { return quota.Amounts{quota.Runs: 1} }

func (c *startChange) apply(r *run.Run) (changed bool, err error) {
	if r.Start.Known() {
		if !r.Start.Equal(c.start) {
			return false, run.ErrConflict
		}
		return false, nil
	}
	r.Start = c.start
	if err := checkOrder(*r, "body.start"); err != nil {
		return false, err
	}
	r.Renew(c.handler.deps.Now())
	if r.Complete() {
		c.handler.markComplete(r)
	}
	return true, nil
}

func (c *startChange) read(ctx context.Context, tx *firestore.Transaction, r run.Run) (err error) {
	c.early = earlyReport{}
	if r.Complete() {
		c.early, err = c.handler.readEarlyReport(ctx, tx, c.target, r)
	}
	return err
}

func (c *startChange) write(tx *firestore.Transaction, r run.Run) error {
	if !r.Complete() {
		return nil
	}
	if err := c.early.complete(tx, r.Start); err != nil {
		return err
	}
	return c.target.event(r, c.handler.deps.Now()).Write(tx, c.target.session.DB)
}
