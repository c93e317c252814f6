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

// The limits of one page, in addition to its size.
const (
	maxSkipped   = 200     // issues that a query found and that are not in the list
	maxTextBytes = 4 << 20 // sealed text; the issue that exceeds it is the last of the page
)

// issuePage reads a page of a list, phase by phase.
type issuePage struct {
	issues firestore.Query // all issues of the workspace, as of at.read
	filter issueFilter
	size   int

	at      cursor // the position in the list
	found   []issue.Issue
	skipped int
	bytes   int
}

// newIssuePage starts a page at a cursor. If the cursor has no read time, the page is
// the first of its list.
func newIssuePage(ctx context.Context, s access.Session, f issueFilter, size int, at cursor) (*issuePage, error) {
	if at.read.IsZero() {
		var err error
		if at.read, err = readTime(ctx, s); err != nil {
			return nil, err
		}
	}
	// The client uses this read time for all queries that are derived from this one.
	issues := issuesIn(s).Query.WithReadOptions(firestore.ReadTime(at.read))
	return &issuePage{issues: *issues, filter: f, size: size, at: at}, nil
}

// readTime returns the time by Firestore's clock. Everything that was committed before
// can be read as of this time, again and again. The clock of this machine may be ahead
// or behind.
func readTime(ctx context.Context, s access.Session) (time.Time, error) {
	docs, err := s.DB.GetAll(ctx, refs(records.Workspace(s.DB, s.Tenant.ID, s.Workspace)))
	if err != nil {
		return time.Time{}, fmt.Errorf("read workspace: %w", err)
	}
	return docs[0].ReadTime, nil
}

func issuesIn(s access.Session) *firestore.CollectionRef {
	return records.Workspace(s.DB, s.Tenant.ID, s.Workspace).Collection(records.IssuesCollection)
}

// read fills the page and moves the cursor. more is true if the list may have more
// issues after the cursor.
func (p *issuePage) read(ctx context.Context) (more bool, err error) {
	for phases := p.filter.phases(); p.at.phase < len(phases); {
		done, err := p.readFromPhase(ctx, phases[p.at.phase])
		if err != nil || p.full() {
			return true, err
		}
		if done {
			p.at = cursor{at: p.at.at, read: p.at.read, phase: p.at.phase + 1}
		}
	}
	return false, nil
}

func (p *issuePage) full() bool {
	return len(p.found) >= p.size || p.skipped >= maxSkipped || p.bytes >= maxTextBytes
}

// readFromPhase runs one query, for the number of issues that the page lacks and the
// number that it skipped so far. done is true if the phase has no more issues.
func (p *issuePage) readFromPhase(ctx context.Context, ph phase) (done bool, err error) {
	limit := p.size - len(p.found) + p.skipped
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

func (p *issuePage) add(doc *firestore.DocumentSnapshot, ph phase) error {
	i, err := records.Decode[issue.Issue](doc)
	if err != nil {
		return err
	}
	p.at.after, p.at.id = ph.key(i), issue.ID(doc.Ref.ID)
	if !p.filter.matches(i, ph, p.at.at) {
		p.skipped++
		return nil
	}
	i.ID = issue.ID(doc.Ref.ID)
	p.found = append(p.found, i)
	p.bytes += len(i.Text)
	return nil
}
