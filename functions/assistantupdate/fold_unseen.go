package assistantupdate

import (
	"context"
	"fmt"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/records"
)

// unseenIssues finds the issues of a check that conclusive runs may change without
// seeing them. The runs may have seen some of them all the same.
func (w *workspace) unseenIssues(check checkSnapshot, starts startRange) firestore.Query {
	return records.AffectedIssues(w.db, w.tenant, w.id, issue.CheckID(check.ref.ID), starts.oldest, starts.newest).
		Select(fieldsWithoutText...)
}

// resolveUnseen folds the runs into the issues that they did not see, page by page.
// The pages are ordered by resolvedAt. A page only moves its issues to an earlier
// resolvedAt, so what is not folded yet stays ahead of the last document.
func (f foldCommit) resolveUnseen(ctx context.Context) error {
	var last *firestore.DocumentSnapshot
	for {
		var docs []*firestore.DocumentSnapshot
		err := f.db.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) (err error) {
			docs, err = f.resolveUnseenPage(tx, last)
			return err
		})
		if err != nil || len(docs) < maxUnseen {
			return err
		}
		last = docs[len(docs)-1]
	}
}

// resolveUnseenPage folds the runs into the page of issues after last, and returns
// the documents of the page.
func (f foldCommit) resolveUnseenPage(tx *firestore.Transaction, last *firestore.DocumentSnapshot) ([]*firestore.DocumentSnapshot, error) {
	results, err := f.stillPending(tx)
	if err != nil {
		return nil, err
	}
	starts, ok := conclusiveRange(results)
	if !ok {
		return nil, nil
	}
	query := f.unseenIssues(f.check, starts).Limit(maxUnseen)
	if last != nil {
		query = query.StartAfter(last)
	}
	docs, err := tx.Documents(query).GetAll()
	if err != nil {
		return nil, fmt.Errorf("find issues: %w", err)
	}
	read := newIssueSet()
	if err := read.add(docs); err != nil {
		return nil, err
	}
	issues := read.facts
	// execute folds the sightings, and the issues that the runs saw.
	for i := range results {
		for _, sighting := range results[i].Sightings {
			delete(issues, sighting.Issue)
		}
		results[i].Sightings = nil
	}
	_, changed := issue.Fold(f.check.check, issues, results)
	for _, i := range changed {
		if err := f.writeIssue(tx, i, true); err != nil {
			return nil, fmt.Errorf("write issue: %w", err)
		}
	}
	return docs, nil
}
