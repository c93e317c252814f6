package assistants

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/iterator"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/records"
)

// The bounds of one page beside its size.
const (
	maxPassedOver = 200     // issues that were found and do not belong to it
	maxTextBytes  = 4 << 20 // sealed text; a page ends behind the issue that passes it
)

// page gathers issues, phase by phase.
type page struct {
	issues firestore.Query // all of them, as of at.read
	filter filter
	size   int

	at         cursor // where the page is
	found      []issue.Issue
	passedOver int
	bytes      int
}

// newPage begins a page where a cursor is, or a list at the cursor's time.
func newPage(ctx context.Context, s access.Session, f filter, size int, at cursor) (*page, error) {
	if at.read.IsZero() {
		var err error
		if at.read, err = readTime(ctx, s); err != nil {
			return nil, err
		}
	}
	// The client keeps the time for all queries that come of one collection's.
	issues := issuesOf(s).Query.WithReadOptions(firestore.ReadTime(at.read))
	return &page{issues: *issues, filter: f, size: size, at: at}, nil
}

// readTime is the time by Firestore's clock: what it held then can be read
// again, and all that was committed before is in it. Ours may be ahead or behind.
func readTime(ctx context.Context, s access.Session) (time.Time, error) {
	docs, err := s.DB.GetAll(ctx, refs(records.Workspace(s.DB, s.Tenant.ID, s.Workspace)))
	if err != nil {
		return time.Time{}, fmt.Errorf("read workspace: %w", err)
	}
	return docs[0].ReadTime, nil
}

func issuesOf(s access.Session) *firestore.CollectionRef {
	return records.Workspace(s.DB, s.Tenant.ID, s.Workspace).Collection(records.IssuesCollection)
}

// read fills the page from where the cursor is. more says that the list may go
// on, from where the cursor is then.
func (p *page) read(ctx context.Context) (more bool, err error) {
	for phases := p.filter.phases(); p.at.phase < len(phases); {
		over, err := p.readPhase(ctx, phases[p.at.phase])
		if err != nil || p.full() {
			return true, err
		}
		if over {
			p.at = cursor{at: p.at.at, read: p.at.read, phase: p.at.phase + 1}
		}
	}
	return false, nil
}

func (p *page) full() bool {
	return len(p.found) >= p.size || p.passedOver >= maxPassedOver || p.bytes >= maxTextBytes
}

// readPhase asks once for as many as the page lacks, and as many more as did
// not belong to it so far. over says that the phase has no more.
func (p *page) readPhase(ctx context.Context, ph phase) (over bool, err error) {
	limit := p.size - len(p.found) + p.passedOver
	query := p.filter.query(p.issues, ph, p.at.at).Limit(limit)
	if p.at.id != "" {
		query = query.StartAfter(p.at.after, string(p.at.id))
	}
	docs := query.Documents(ctx)
	defer docs.Stop()
	for seen := 0; !p.full(); seen++ {
		doc, err := docs.Next()
		if errors.Is(err, iterator.Done) {
			return seen < limit, nil
		}
		if err != nil {
			return false, fmt.Errorf("list issues: %w", err)
		}
		if err := p.add(doc, ph); err != nil {
			return false, err
		}
	}
	return false, nil
}

func (p *page) add(doc *firestore.DocumentSnapshot, ph phase) error {
	i, err := records.Decode[issue.Issue](doc)
	if err != nil {
		return err
	}
	p.at.after, p.at.id = ph.key(i), issue.ID(doc.Ref.ID)
	if !p.filter.has(i, ph, p.at.at) {
		p.passedOver++
		return nil
	}
	i.ID = issue.ID(doc.Ref.ID)
	p.found = append(p.found, i)
	p.bytes += len(i.Text)
	return nil
}
