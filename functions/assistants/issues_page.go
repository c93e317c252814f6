package assistants

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/errgroup"
	"google.golang.org/api/iterator"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/records"
)

// The limits of one page, in addition to its size.
const (
	maxSkipped   = 200     // issues that a query found and that are not in the list
	maxTextBytes = 4 << 20 // sealed text; the issue that exceeds it is the last of the page
	maxShare     = 10      // issues that the query of a later phase finds
)

// issuePage reads a page of a list, phase by phase.
type issuePage struct {
	issues firestore.Query // all issues of the workspace, as of at.read if that is known
	filter issueFilter
	size   int

	at      cursor   // the position in the list
	first   []answer // of the first phase, if it is read already
	likely  int      // index of the phase, of those to ask, that likely fills the page
	found   []issue.Issue
	skipped int
	bytes   int
}

// newIssuePage starts a page at a cursor. If the cursor has no read time, the page is
// the first of its list.
func newIssuePage(ctx context.Context, s access.Session, f issueFilter, size int, at cursor) (*issuePage, error) {
	p := &issuePage{issues: issuesIn(s).Query, filter: f, size: size, at: at}
	if at.read.IsZero() {
		if err := p.begin(ctx, s); err != nil {
			return nil, err
		}
	}
	// The client uses this read time for all queries that are derived from this one.
	p.issues = *p.issues.WithReadOptions(firestore.ReadTime(p.at.read))
	return p, nil
}

// begin asks for the first phase and for the time, at the same time. If the first phase
// has issues, the list is as of the time at which they were read, so they need not be read
// again.
func (p *issuePage) begin(ctx context.Context, s access.Session) error {
	var answers []answer
	var now time.Time
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		answers, err = p.ask(ctx, p.filter.phases()[:1])
		return err
	})
	group.Go(func() (err error) {
		now, err = readTime(ctx, s)
		return err
	})
	if err := group.Wait(); err != nil {
		return err
	}
	p.at.read = now
	if len(answers[0].issues) > 0 {
		p.at.read, p.first = answers[0].read, answers
	} else {
		p.likely = 1 // the first phase is asked again, as of the time, but was empty just now
	}
	return nil
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
	phases := p.filter.phases()
	for alone := false; p.at.phase < len(phases); {
		asked := phases[p.at.phase:]
		if alone || len(p.first) > 0 {
			asked = asked[:1]
		}
		answers := p.first
		if p.first = nil; len(answers) == 0 {
			if answers, err = p.ask(ctx, asked); err != nil {
				return true, err
			}
			p.likely = 0
		}
		alone = false
		for n := 0; n < len(answers) && !alone; n++ {
			for _, i := range answers[n].issues {
				if p.full() {
					return true, nil
				}
				p.add(i, asked[n])
			}
			if p.full() {
				return true, nil
			}
			if alone = answers[n].more; !alone {
				p.at = cursor{at: p.at.at, read: p.at.read, phase: p.at.phase + 1}
			}
		}
	}
	return false, nil
}

func (p *issuePage) full() bool {
	return len(p.found) >= p.size || p.skipped >= maxSkipped || p.bytes >= maxTextBytes
}

// answer is what one query found.
type answer struct {
	issues []issue.Issue
	more   bool      // the phase may have more
	read   time.Time // by Firestore's clock
}

// ask sends the queries of some phases at the same time. The first may find all that the
// page lacks and the number that it skipped so far, and so may those up to the one that
// likely has some; the others find only a share of it: most
// often, a workspace has few issues, or many in the first phase that has any.
func (p *issuePage) ask(ctx context.Context, phases []phase) ([]answer, error) {
	answers := make([]answer, len(phases))
	group, ctx := errgroup.WithContext(ctx)
	for n, ph := range phases {
		limit, bytes := p.size-len(p.found)+p.skipped, maxTextBytes
		query := p.filter.query(p.issues, ph, p.at.at)
		switch {
		case n > p.likely:
			limit, bytes = min(limit, maxShare), bytes/(len(phases)-1)
		case p.at.id != "":
			query = query.StartAfter(p.at.after, string(p.at.id))
		}
		group.Go(func() (err error) {
			answers[n], err = readAnswer(query.Limit(limit).Documents(ctx), limit, bytes)
			return err
		})
	}
	return answers, group.Wait()
}

// readAnswer reads the answer to a query with a limit, up to a number of bytes of text.
func readAnswer(docs *firestore.DocumentIterator, limit, maxBytes int) (answer, error) {
	defer docs.Stop()
	var a answer
	for bytes := 0; bytes < maxBytes; {
		doc, err := docs.Next()
		if errors.Is(err, iterator.Done) {
			a.more = len(a.issues) == limit
			return a, nil
		}
		if err != nil {
			return a, fmt.Errorf("list issues: %w", err)
		}
		i, err := records.Decode[issue.Issue](doc)
		if err != nil {
			return a, err
		}
		i.ID, a.read = issue.ID(doc.Ref.ID), doc.ReadTime
		a.issues, bytes = append(a.issues, i), bytes+len(i.Text)
	}
	a.more = true
	return a, nil
}

func (p *issuePage) add(i issue.Issue, ph phase) {
	p.at.after, p.at.id = ph.key(i), i.ID
	if !p.filter.matches(i, ph, p.at.at) {
		p.skipped++
		return
	}
	p.found = append(p.found, i)
	p.bytes += len(i.Text)
}
