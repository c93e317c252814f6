package legalholds

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/legalhold"
	"github.com/strongroom-dev/strongroom/shared/retention"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

const (
	retentionEvery = 24 * time.Hour  // between two passes over what is due
	retentionLimit = 2 * time.Minute // of one call, so that marking objects has as much time
)

// errClaimed is the error of a pass that another call continues.
var errClaimed = errors.New("another call continues the retention of this tenant")

// retentionPass is a pass over the documents of one tenant that are due for deletion. All that it
// writes is in transactions that check its claim. So of two calls at the same time, the one
// that has read the holds first stops, and nothing is marked by holds that are not in effect
// any more.
type retentionPass struct {
	*job
	state   retention.Pass
	units   []unit
	entries int64 // audit entries that full bundles in the audit bucket have: those with a smaller index
}

// unit is a collection that a pass looks at.
type unit struct {
	class
	workspace tenant.WorkspaceID
}

func (u unit) key() string { return string(u.workspace) + "/" + string(u.name) }

// expire marks what is due in the documents of all tenants. The tenants take turns, one page at
// a time.
func (h *Handler) expire(ctx context.Context, jobs []*job, end time.Time) {
	var queue []*retentionPass
	for _, j := range jobs {
		p := &retentionPass{job: j}
		if begun, err := p.begin(ctx); err != nil {
			j.fail(err)
		} else if begun {
			queue = append(queue, p)
		}
	}
	for ; len(queue) > 0 && h.now().Before(end); queue = queue[1:] {
		p := queue[0]
		switch err := p.step(ctx); {
		case errors.Is(err, errClaimed):
		case err != nil:
			p.fail(err)
		case p.state.Phase != "":
			queue = append(queue, p)
		}
	}
	for _, p := range queue {
		p.result.More = true
	}
}

// rules identify what a pass applies.
func rules(t tenant.Record, holds legalhold.Holds) string {
	text := holds.Fingerprint()
	for _, c := range retention.Classes {
		text += fmt.Sprintf(" %d", retention.DaysOf(t.Retention, c))
	}
	return text
}

// begin claims the tenant's pass, if there is work, and reads what it needs.
func (p *retentionPass) begin(ctx context.Context) (begun bool, err error) {
	p.state = p.retained
	if !p.start() {
		return false, nil
	}
	if err := p.claim(ctx); err != nil {
		return false, err
	}
	// A call that claims later reads the holds later.
	if p.holds, err = legalhold.Of(ctx, p.directoryDB, p.tenant.ID); err != nil {
		return false, err
	}
	if !p.start() {
		return false, nil
	}
	tree, err := auditlog.ReadTree(ctx, p.db, p.tenant.ID)
	if err != nil {
		return false, err
	}
	p.entries = tree.Expirable()
	return true, p.listUnits(ctx)
}

// start reports whether there is work, and starts a new pass if the rules have changed, or a
// day after the last one. A pass that looks at everything again finds what earlier ones left,
// such as runs that were not processed then.
func (p *retentionPass) start() bool {
	s, now, want := &p.state, p.now(), rules(p.tenant, p.holds)
	none := p.tenant.Retention.KeepsDocuments()
	switch {
	case s.Rules == "" && none:
		return false
	case s.Rules == want && s.Phase != "":
		return true
	case s.Rules == want && (none || now.Sub(s.Started) < retentionEvery):
		return false
	}
	full := s.Rules != want || now.Sub(s.Full) >= retention.Notice
	s.Phase, s.Since = retention.Mark, s.Until
	if full {
		s.Phase, s.Since, s.Full = retention.Review, time.Time{}, now
	}
	s.Rules, s.Started, s.Until = want, now, now.Add(retention.Notice)
	s.Unit, s.AfterTime, s.AfterID = "", time.Time{}, ""
	return true
}

// claim takes the pass over from the call that has continued it so far.
func (p *retentionPass) claim(ctx context.Context) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("create a claim: %w", err)
	}
	ref := retention.PassRef(p.db, p.tenant.ID)
	err = gcp.Transact(ctx, p.db, func(_ context.Context, tx *firestore.Transaction) error {
		stored, err := readRetention(tx, ref)
		if err != nil {
			return err
		}
		p.state = stored
		p.state.Claim = id.String()
		return tx.Set(ref, p.state)
	})
	if err != nil {
		return fmt.Errorf("claim the retention: %w", err)
	}
	return nil
}

func readRetention(tx *firestore.Transaction, ref *firestore.DocumentRef) (p retention.Pass, err error) {
	docs, err := tx.GetAll([]*firestore.DocumentRef{ref})
	if err == nil && docs[0].Exists() {
		err = docs[0].DataTo(&p)
	}
	return p, err
}

// change runs work in a transaction, unless another call has claimed the pass.
func (p *retentionPass) change(ctx context.Context, work func(tx *firestore.Transaction) error) error {
	return gcp.Transact(ctx, p.db, func(_ context.Context, tx *firestore.Transaction) error {
		stored, err := readRetention(tx, retention.PassRef(p.db, p.tenant.ID))
		if err != nil {
			return fmt.Errorf("read the retention: %w", err)
		}
		if stored.Claim != p.state.Claim {
			return errClaimed
		}
		return work(tx)
	})
}

func (p *retentionPass) savePosition(ctx context.Context) error {
	return p.change(ctx, func(tx *firestore.Transaction) error {
		return tx.Set(retention.PassRef(p.db, p.tenant.ID), p.state)
	})
}

// listUnits lists the collections in the order of the pass. Workspaces that Terraform has
// removed are among them: their documents are still there.
func (p *retentionPass) listUnits(ctx context.Context) error {
	workspaces, err := p.db.Collection("tenants").Doc(string(p.tenant.ID)).Collection("workspaces").DocumentRefs(ctx).GetAll()
	if err != nil {
		return fmt.Errorf("list workspaces: %w", err)
	}
	for _, c := range classes {
		if c.ofTenant {
			p.units = append(p.units, unit{class: c})
			continue
		}
		for _, w := range workspaces {
			p.units = append(p.units, unit{class: c, workspace: tenant.WorkspaceID(w.ID)})
		}
	}
	return nil
}

// step looks at the next page, and saves the position after it.
func (p *retentionPass) step(ctx context.Context) error {
	i := p.position()
	if i == len(p.units) {
		return p.endPhase(ctx)
	}
	u := p.units[i]
	if p.state.Unit != u.key() {
		p.state.Unit, p.state.AfterTime, p.state.AfterID = u.key(), time.Time{}, ""
	}
	more, err := p.lookAtPage(ctx, u)
	if err != nil {
		return fmt.Errorf("%s of workspace %q: %w", u.name, u.workspace, err)
	}
	if !more {
		p.state.Unit, p.state.AfterTime, p.state.AfterID = p.keyAt(i+1), time.Time{}, ""
	}
	return p.savePosition(ctx)
}

// endOfUnits is the position after the last unit. No unit has this key.
const endOfUnits = "end"

func (p *retentionPass) keyAt(i int) string {
	if i == len(p.units) {
		return endOfUnits
	}
	return p.units[i].key()
}

// position returns the index of the unit to look at. If its workspace is gone, the phase begins
// again: what is marked already stays so.
func (p *retentionPass) position() int {
	if p.state.Unit == endOfUnits {
		return len(p.units)
	}
	for i, u := range p.units {
		if u.key() == p.state.Unit {
			return i
		}
	}
	return 0
}

func (p *retentionPass) endPhase(ctx context.Context) error {
	s := &p.state
	s.Unit, s.AfterTime, s.AfterID = "", time.Time{}, ""
	if s.Phase == retention.Review {
		s.Phase, s.Reviewed = retention.Mark, s.Rules
	} else {
		s.Phase = ""
	}
	if err := p.savePosition(ctx); err != nil {
		return err
	}
	p.retained = *s
	return nil
}

// expireTime returns the time that a document should have in its field; zero: none.
func (p *retentionPass) expireTime(u unit, f facts) time.Time {
	days := retention.DaysOf(p.tenant.Retention, u.name)
	if days == 0 || f.base.IsZero() || p.keeps(u, f) || u.name == retention.AuditEntries && f.index >= p.entries {
		return time.Time{}
	}
	soonest := p.state.Started.Add(retention.Notice)
	due := f.base.Add(time.Duration(days) * 24 * time.Hour)
	switch {
	case due.After(p.state.Until):
		return time.Time{}
	case !f.expireTime.IsZero() && !f.expireTime.Before(due):
		return f.expireTime
	case due.Before(soonest):
		return soonest
	}
	return due
}

// keeps reports whether a hold covers a document.
func (p *retentionPass) keeps(u unit, f facts) bool {
	if f.run != "" {
		return p.holds.CoverRun(u.workspace, f.run)
	}
	return p.holds.Cover(u.workspace)
}

// look returns what a document is, and the time that it should have. A document that cannot be
// read must not stop the others; it stays as it is.
func (p *retentionPass) look(ctx context.Context, u unit, doc *firestore.DocumentSnapshot) (f facts, wants time.Time) {
	f, err := u.read(doc)
	if err != nil {
		api.Logger(ctx).ErrorContext(ctx, "document cannot be read", "document", doc.Ref.Path, "error", err.Error())
		return facts{}, time.Time{}
	}
	return f, p.expireTime(u, f)
}
