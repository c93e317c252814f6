package legalholds

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/retention"
)

const (
	documentsPerPage    = 100 // of a class; a run has children too
	concurrentDocuments = 8   // whose children are marked at the same time
)

// plan is the time that each document of a page should have, by its ID; zero: none.
type plan map[string]time.Time

// lookAtPage looks at the next documents of a unit, and reports whether there are more.
//
// A child is marked only while its parent is: the parent is marked before its children, and
// loses its mark after them. So a review of the parents finds all marked children, also after
// a call that was killed anywhere.
func (p *retentionPass) lookAtPage(ctx context.Context, u unit) (more bool, err error) {
	query := p.query(u)
	docs, err := query.Documents(ctx).GetAll()
	if err != nil {
		return false, fmt.Errorf("list documents: %w", err)
	}
	if len(docs) == 0 {
		return false, nil
	}
	kept, due := plan{}, plan{}
	changes := false
	for _, doc := range docs {
		f, wants := p.look(ctx, u, doc)
		changes = changes || !f.expireTime.Equal(wants)
		switch {
		case !wants.IsZero():
			due[doc.Ref.ID] = wants
		case !f.expireTime.IsZero():
			kept[doc.Ref.ID] = wants
		}
	}
	if err := p.markChildren(ctx, u, docs, kept); err != nil {
		return false, err
	}
	if changes {
		if due, err = p.markDocuments(ctx, u, query, kept); err != nil {
			return false, err
		}
	}
	if err := p.markChildren(ctx, u, docs, due); err != nil {
		return false, err
	}
	p.advance(u, docs[len(docs)-1])
	return len(docs) == documentsPerPage, nil
}

// query returns the next page of a unit.
func (p *retentionPass) query(u unit) firestore.Query {
	s, collection := p.state, u.in(p.db, p.tenant.ID, u.workspace)
	var query firestore.Query
	byTime := u.order != ""
	if s.Phase == retention.Review {
		query, byTime = collection.OrderBy(retention.Field, firestore.Asc).OrderBy(firestore.DocumentID, firestore.Asc), true
	} else {
		age := time.Duration(retention.DaysOf(p.tenant.Retention, u.name)) * 24 * time.Hour
		since := s.Since
		if !since.IsZero() {
			since = since.Add(-age)
		}
		query = u.due(collection, since, s.Until.Add(-age))
	}
	switch {
	case s.AfterID != "" && byTime:
		query = query.StartAfter(s.AfterTime, s.AfterID)
	case s.AfterID != "":
		query = query.StartAfter(s.AfterID)
	}
	return query.Select(append(u.fields, retention.Field)...).Limit(documentsPerPage)
}

// advance moves the position after a document.
func (p *retentionPass) advance(u unit, last *firestore.DocumentSnapshot) {
	field := u.order
	if p.state.Phase == retention.Review {
		field = retention.Field
	}
	p.state.AfterID = last.Ref.ID
	if field != "" {
		p.state.AfterTime, _ = last.Data()[field].(time.Time)
	}
}

// mark is the change of a document's time.
type mark struct {
	ref       *firestore.DocumentRef
	facts     facts
	wants     time.Time
	unchanged bool // the document has the time already
}

// markDocuments sets the time of each document of a page as it is now, and returns those that are due.
// It takes no mark back from a document whose children may still have theirs.
func (p *retentionPass) markDocuments(ctx context.Context, u unit, query firestore.Query, kept plan) (due plan, err error) {
	var marked, released int
	err = p.change(ctx, func(tx *firestore.Transaction) error {
		due, marked, released = plan{}, 0, 0
		docs, err := tx.Documents(query).GetAll()
		if err != nil {
			return fmt.Errorf("read documents: %w", err)
		}
		changes := p.changes(ctx, u, docs, kept)
		if err := p.beforeMarks(tx, u, changes); err != nil {
			return err
		}
		counts := retention.Counts{}
		for _, c := range changes {
			if !c.wants.IsZero() {
				due[c.ref.ID] = c.wants
			} else {
				released++
			}
			if c.unchanged {
				continue
			}
			if err := tx.Update(c.ref, []firestore.Update{expiry(c.wants)}); err != nil {
				return fmt.Errorf("mark a document: %w", err)
			}
			if !c.facts.expireTime.IsZero() {
				counts.Add(c.facts.expireTime, u.name, -1)
			}
			if !c.wants.IsZero() {
				counts.Add(c.wants, u.name, 1)
				marked++
			}
		}
		return counts.Write(tx, p.db, p.tenant.ID)
	})
	p.result.Due += marked
	p.result.NotDue += released
	return due, err
}

// changes returns the documents of a page that are due, or that are not any more.
func (p *retentionPass) changes(ctx context.Context, u unit, docs []*firestore.DocumentSnapshot, kept plan) (all []mark) {
	for _, doc := range docs {
		f, wants := p.look(ctx, u, doc)
		_, childrenKept := kept[doc.Ref.ID]
		if !wants.IsZero() || !f.expireTime.IsZero() && childrenKept {
			all = append(all, mark{ref: doc.Ref, facts: f, wants: wants, unchanged: f.expireTime.Equal(wants)})
		}
	}
	return all
}

// beforeMarks writes for the readers of the audit log which entries they must read from the audit bucket.
func (p *retentionPass) beforeMarks(tx *firestore.Transaction, u unit, changes []mark) error {
	last := int64(-1)
	for _, c := range changes {
		if !c.wants.IsZero() {
			last = max(last, c.facts.index)
		}
	}
	if u.name != retention.AuditEntries || last < 0 {
		return nil
	}
	return auditlog.MarkExpired(tx, p.db, p.tenant.ID, last)
}

// expiry is the change of a document's time. Zero removes it: Firestore would delete a document
// with the zero time.
func expiry(at time.Time) firestore.Update {
	if at.IsZero() {
		return firestore.Update{Path: retention.Field, Value: firestore.Delete}
	}
	return firestore.Update{Path: retention.Field, Value: at}
}

// markChildren sets the time of the children of those documents that are in a plan to that of
// their parent.
func (p *retentionPass) markChildren(ctx context.Context, u unit, docs []*firestore.DocumentSnapshot, times plan) error {
	if u.children == nil {
		return nil
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(concurrentDocuments)
	for _, doc := range docs {
		at, planned := times[doc.Ref.ID]
		if !planned {
			continue
		}
		for _, query := range u.children(doc.Ref) {
			group.Go(func() error { return p.markAll(ctx, query, at) })
		}
	}
	return group.Wait()
}

// markAll sets all documents of a query to the same time, page by page.
func (p *retentionPass) markAll(ctx context.Context, query firestore.Query, at time.Time) error {
	query = query.OrderBy(firestore.DocumentID, firestore.Asc).Select(retention.Field).Limit(perBatch)
	for after := ""; ; {
		next := query
		if after != "" {
			next = query.StartAfter(after)
		}
		docs, err := next.Documents(ctx).GetAll()
		if err != nil {
			return fmt.Errorf("list documents below a document: %w", err)
		}
		if err := p.markPage(ctx, docs, at); err != nil {
			return err
		}
		if len(docs) < perBatch {
			return nil
		}
		after = docs[len(docs)-1].Ref.ID
	}
}

func (p *retentionPass) markPage(ctx context.Context, docs []*firestore.DocumentSnapshot, at time.Time) error {
	var refs []*firestore.DocumentRef
	for _, doc := range docs {
		if has, _ := doc.Data()[retention.Field].(time.Time); !has.Equal(at) {
			refs = append(refs, doc.Ref)
		}
	}
	if len(refs) == 0 {
		return nil
	}
	return p.change(ctx, func(tx *firestore.Transaction) error {
		for _, ref := range refs {
			if err := tx.Update(ref, []firestore.Update{expiry(at)}); err != nil {
				return fmt.Errorf("mark a document below a document: %w", err)
			}
		}
		return nil
	})
}
