package assistant

import (
	"context"
	"fmt"
	"slices"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// folding is one transaction that folds runs.
type folding struct {
	*space
	known   known
	runs    []pendingRun
	settled bool // the issues that the runs did not find were settled before
}

// do folds the runs that are still pending and takes their mark away.
func (f folding) do(ctx context.Context, tx *firestore.Transaction) error {
	runs, err := f.still(tx)
	if err != nil || len(runs) == 0 {
		return err
	}
	issues, err := f.concerned(tx, runs)
	if err != nil {
		return err
	}
	check, changed := issue.Fold(f.known.check, issues, runs)
	texts, err := f.texts(ctx, issues, changed)
	if err != nil {
		return err
	}
	for id, i := range changed {
		_, exists := issues[id]
		i.Text = texts[id]
		if err := f.writeIssue(tx, i, exists); err != nil {
			return fmt.Errorf("write issue: %w", err)
		}
	}
	check.Folded = f.clock.now().UTC().Truncate(time.Microsecond)
	if err := tx.Set(f.known.ref, check); err != nil {
		return fmt.Errorf("write check: %w", err)
	}
	for _, r := range f.runs {
		if err := tx.Update(r.ref, []firestore.Update{{Path: "pending", Value: false}}); err != nil {
			return fmt.Errorf("mark run: %w", err)
		}
	}
	return nil
}

// still gives what the runs saw that are pending, if no other fold of the check
// came first.
func (f folding) still(tx *firestore.Transaction) ([]issue.RunResult, error) {
	refs := []*firestore.DocumentRef{f.known.ref}
	for _, r := range f.runs {
		refs = append(refs, r.ref)
	}
	docs, err := tx.GetAll(refs)
	if err != nil {
		return nil, fmt.Errorf("read check: %w", err)
	}
	if !docs[0].UpdateTime.Equal(f.known.updated) {
		return nil, errOvertaken
	}
	var runs []issue.RunResult
	for i, doc := range docs[1:] {
		r, err := records.DecodeRun(doc)
		if err != nil {
			return nil, err
		}
		if r.Pending {
			runs = append(runs, f.runs[i].seen)
		}
	}
	return runs, nil
}

// concerned reads the issues that the runs may change, without their texts.
func (f folding) concerned(tx *firestore.Transaction, runs []issue.RunResult) (map[issue.ID]issue.Issue, error) {
	issues := map[issue.ID]issue.Issue{}
	if l, ok := looked(runs); ok && !f.settled {
		docs, err := tx.Documents(f.othersOf(f.known, l).Limit(maxSeen + maxOther + 1)).GetAll()
		if err != nil {
			return nil, fmt.Errorf("find issues: %w", err)
		}
		if len(docs) > maxSeen+maxOther {
			return nil, errMany
		}
		if err := collect(issues, docs); err != nil {
			return nil, err
		}
	}
	for chunk := range slices.Chunk(f.missing(runs, issues), maxIn) {
		docs, err := tx.Documents(f.issuesAt(chunk)).GetAll()
		if err != nil {
			return nil, fmt.Errorf("read issues: %w", err)
		}
		if err := collect(issues, docs); err != nil {
			return nil, err
		}
	}
	return issues, nil
}

// maxIn is how many values an "in" takes:
// firebase.google.com/docs/firestore/query-data/queries.
const maxIn = 30

// issuesAt finds those of some issues that exist, without their texts: only a
// query can leave fields out within a transaction.
func (s *space) issuesAt(refs []*firestore.DocumentRef) firestore.Query {
	return records.Workspace(s.db, s.tenant, s.workspace).Collection(records.IssuesCollection).
		Where(firestore.DocumentID, "in", refs).Select(withoutText...)
}

// chunkSize bounds the documents read by one call that may have half a MiB of
// text each.
const chunkSize = 32

// missing are the issues that the runs saw and that were not read yet.
func (f folding) missing(runs []issue.RunResult, have map[issue.ID]issue.Issue) []*firestore.DocumentRef {
	asked := map[issue.ID]bool{}
	var refs []*firestore.DocumentRef
	for _, r := range runs {
		for _, sighting := range r.Sightings {
			if _, ok := have[sighting.Issue]; !ok && !asked[sighting.Issue] {
				asked[sighting.Issue] = true
				refs = append(refs, f.issueRef(sighting.Issue))
			}
		}
	}
	return refs
}

func (s *space) issueRef(id issue.ID) *firestore.DocumentRef {
	return records.IssueRef(s.db, s.tenant, s.workspace, id)
}

func collect(issues map[issue.ID]issue.Issue, docs []*firestore.DocumentSnapshot) error {
	for _, doc := range docs {
		i, err := records.Decode[issue.Issue](doc)
		if err != nil {
			return err
		}
		issues[issue.ID(doc.Ref.ID)] = i
	}
	return nil
}

// looks are the starts of the oldest and the newest of some runs that looked.
type looks struct{ oldest, newest time.Time }

// looked tells when the runs looked that did: what they did not find is
// resolved.
func looked(runs []issue.RunResult) (l looks, ok bool) {
	for _, r := range runs {
		if r.Outcome != run.Success && r.Outcome != run.Failure {
			continue
		}
		if start := r.Start.Time; !ok {
			l, ok = looks{start, start}, true
		} else if start.Before(l.oldest) {
			l.oldest = start
		} else if start.After(l.newest) {
			l.newest = start
		}
	}
	return l, ok
}
