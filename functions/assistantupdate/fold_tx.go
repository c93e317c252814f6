package assistantupdate

import (
	"context"
	"fmt"
	"slices"
	"time"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// foldTx is a transaction that folds runs of one check.
type foldTx struct {
	*workspace
	check          checkSnapshot
	runs           []pendingRun
	unseenResolved bool // resolveUnseen has written the issues that the runs did not see
	keepPending    bool // samples of the runs still wait: see run.Run.IssuesFolded
}

// execute folds the runs that are still pending, and ends their pending state.
func (f foldTx) execute(ctx context.Context, tx *firestore.Transaction) error {
	results, err := f.stillPending(tx)
	if err != nil {
		return err
	}
	if len(results) == 0 {
		return f.markFolded(tx)
	}
	issues, err := f.affectedIssues(tx, results)
	if err != nil {
		return err
	}
	check, changed := issue.Fold(f.check.check, issues, results)
	texts, err := f.sealTexts(ctx, issues, changed)
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
	if err := tx.Set(f.check.ref, check); err != nil {
		return fmt.Errorf("write check: %w", err)
	}
	return f.markFolded(tx)
}

// markFolded ends the pending state of the runs, or records that only their samples
// wait.
func (f foldTx) markFolded(tx *firestore.Transaction) error {
	if !f.keepPending {
		return endPending(tx, f.runs)
	}
	for _, r := range f.runs {
		if err := tx.Update(r.ref, []firestore.Update{{Path: "issuesFolded", Value: true}}); err != nil {
			return fmt.Errorf("mark issues as folded: %w", err)
		}
	}
	return nil
}

// endPending ends the pending state of runs, whose samples and issues are all folded.
func endPending(tx *firestore.Transaction, runs []pendingRun) error {
	for _, r := range runs {
		if err := tx.Update(r.ref, []firestore.Update{{Path: "pending", Value: false}}); err != nil {
			return fmt.Errorf("mark run as folded: %w", err)
		}
	}
	return nil
}

// stillPending returns the results of the runs whose issues are not folded. It returns
// errOvertaken if another fold of the check was committed since it was read.
func (f foldTx) stillPending(tx *firestore.Transaction) ([]issue.RunResult, error) {
	refs := []*firestore.DocumentRef{f.check.ref}
	for _, r := range f.runs {
		refs = append(refs, r.ref)
	}
	docs, err := tx.GetAll(refs)
	if err != nil {
		return nil, fmt.Errorf("read check: %w", err)
	}
	if !docs[0].UpdateTime.Equal(f.check.updated) {
		return nil, errOvertaken
	}
	var results []issue.RunResult
	for i, doc := range docs[1:] {
		r, err := records.DecodeRun(doc)
		if err != nil {
			return nil, err
		}
		if r.Pending && !r.IssuesFolded {
			results = append(results, f.runs[i].result)
		}
	}
	return results, nil
}

// affectedIssues reads the issues that the runs may change, without their texts:
// those that the runs saw, and those of the check that they did not see but may
// resolve.
func (f foldTx) affectedIssues(tx *firestore.Transaction, results []issue.RunResult) (map[issue.ID]issue.Issue, error) {
	issues := map[issue.ID]issue.Issue{}
	if starts, ok := conclusiveRange(results); ok && !f.unseenResolved {
		docs, err := tx.Documents(f.unseenIssues(f.check, starts).Limit(maxSightings + maxUnseen + 1)).GetAll()
		if err != nil {
			return nil, fmt.Errorf("find issues: %w", err)
		}
		if len(docs) > maxSightings+maxUnseen {
			return nil, errTooManyIssues
		}
		if err := decodeIssues(issues, docs); err != nil {
			return nil, err
		}
	}
	chunks := slices.Collect(slices.Chunk(f.unreadIssues(results, issues), maxIn))
	docs := make([][]*firestore.DocumentSnapshot, len(chunks))
	var group errgroup.Group
	for n, chunk := range chunks {
		group.Go(func() (err error) {
			if docs[n], err = tx.Documents(f.issuesAt(chunk)).GetAll(); err != nil {
				return fmt.Errorf("read issues: %w", err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return issues, decodeIssues(issues, slices.Concat(docs...))
}

// maxIn is how many values an "in" filter may have:
// firebase.google.com/docs/firestore/query-data/queries.
const maxIn = 30

// issuesAt finds issues by reference, without their texts. It is a query because
// only a query can leave out fields in a transaction.
func (w *workspace) issuesAt(refs []*firestore.DocumentRef) firestore.Query {
	return w.collection(records.IssuesCollection).Where(firestore.DocumentID, "in", refs).Select(fieldsWithoutText...)
}

// unreadIssues returns the issues that the runs saw and that are not read yet.
func (f foldTx) unreadIssues(results []issue.RunResult, read map[issue.ID]issue.Issue) []*firestore.DocumentRef {
	listed := map[issue.ID]bool{}
	var refs []*firestore.DocumentRef
	for _, r := range results {
		for _, sighting := range r.Sightings {
			if _, ok := read[sighting.Issue]; !ok && !listed[sighting.Issue] {
				listed[sighting.Issue] = true
				refs = append(refs, f.issueRef(sighting.Issue))
			}
		}
	}
	return refs
}

// decodeIssues adds the issues in docs to issues.
func decodeIssues(issues map[issue.ID]issue.Issue, docs []*firestore.DocumentSnapshot) error {
	for _, doc := range docs {
		i, err := records.Decode[issue.Issue](doc)
		if err != nil {
			return err
		}
		issues[issue.ID(doc.Ref.ID)] = i
	}
	return nil
}

// startRange is the starts of the oldest and the newest of some runs.
type startRange struct{ oldest, newest time.Time }

// conclusiveRange returns the range of the runs that were conclusive: they resolve
// the issues that they did not see. ok is false if none exist.
func conclusiveRange(results []issue.RunResult) (starts startRange, ok bool) {
	for _, r := range results {
		if r.Outcome != run.Success && r.Outcome != run.Failure {
			continue
		}
		if start := r.Start.Time; !ok {
			starts, ok = startRange{start, start}, true
		} else if start.Before(starts.oldest) {
			starts.oldest = start
		} else if start.After(starts.newest) {
			starts.newest = start
		}
	}
	return starts, ok
}
