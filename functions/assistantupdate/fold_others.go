package assistantupdate

import (
	"context"
	"fmt"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/records"
)

// othersOf finds the issues of a check that runs which looked may change, though
// they did not see them, without their texts.
func (s *space) othersOf(k known, l looks) firestore.Query {
	return records.AffectedIssues(s.db, s.tenant, s.workspace, issue.CheckID(k.ref.ID), l.oldest, l.newest).
		Select(withoutText...)
}

// settleOthers takes into the issues that the runs did not find that the runs
// looked, page by page. The pages are in the order of resolvedAt, which only
// falls by this: what is not settled yet stays ahead.
func (s *space) settleOthers(ctx context.Context, k known, runs []pendingRun) error {
	f := folding{s, k, runs, false}
	var last *firestore.DocumentSnapshot
	for {
		var docs []*firestore.DocumentSnapshot
		err := s.db.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) (err error) {
			docs, err = f.settlePage(tx, last)
			return err
		})
		if err != nil || len(docs) < maxOther {
			return err
		}
		last = docs[len(docs)-1]
	}
}

func (f folding) settlePage(tx *firestore.Transaction, last *firestore.DocumentSnapshot) ([]*firestore.DocumentSnapshot, error) {
	runs, err := f.still(tx)
	if err != nil {
		return nil, err
	}
	l, ok := looked(runs)
	if !ok {
		return nil, nil
	}
	query := f.othersOf(f.known, l).Limit(maxOther)
	if last != nil {
		query = query.StartAfter(last)
	}
	docs, err := tx.Documents(query).GetAll()
	if err != nil {
		return nil, fmt.Errorf("find issues: %w", err)
	}
	issues := map[issue.ID]issue.Issue{}
	if err := collect(issues, docs); err != nil {
		return nil, err
	}
	for i := range runs { // those that they saw are the last transaction's
		for _, sighting := range runs[i].Sightings {
			delete(issues, sighting.Issue)
		}
	}
	for i := range runs {
		runs[i].Sightings = nil
	}
	_, changed := issue.Fold(f.known.check, issues, runs)
	for _, i := range changed {
		if err := f.writeIssue(tx, i, true); err != nil {
			return nil, fmt.Errorf("write issue: %w", err)
		}
	}
	return docs, nil
}
