package assistantupdate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/outbox"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// foldCommit folds runs of one check in one commit. It is not a transaction: the commit
// requires that the check, its runs and the issues that it writes have not changed since they
// were read. Only a fold writes a check, and each fold does, so nothing else that the fold
// depends on changes without one of these documents.
type foldCommit struct {
	*workspace
	check          checkSnapshot
	runs           []pendingRun
	unseenResolved bool // resolveUnseen has written the issues that the runs did not see
	keepPending    bool // samples of the runs still wait: see run.Run.IssuesFolded
}

// execute folds the runs, and ends their pending state. It returns errOvertaken if somebody has
// changed what it has read.
func (f foldCommit) execute(ctx context.Context) error {
	issues, err := f.readIssues(ctx)
	if err != nil {
		return err
	}
	results, versions := f.results(), f.runVersions()
	check, changed := f.check.check, map[issue.ID]issue.Issue{}
	if len(results) > 0 {
		check, changed = issue.Fold(check, issues.facts, results)
		versions = append(versions, f.check.version())
	}
	texts, err := f.sealTexts(ctx, issues.facts, changed)
	if err != nil {
		return err
	}
	for i := range f.runs {
		f.runs[i].lines = nil // frees them while the commit has the texts
	}
	for id := range changed {
		versions = append(versions, gcp.Version{Ref: f.issueRef(id), Updated: issues.updated[id]})
	}
	check.Folded = f.clock.now().UTC().Truncate(time.Microsecond)
	err = gcp.WriteUnchanged(ctx, f.db, versions, func(tx *firestore.Transaction) error {
		for id, i := range changed {
			_, exists := issues.facts[id]
			i.Text = texts[id]
			if err := f.writeIssue(tx, i, exists); err != nil {
				return fmt.Errorf("write issue: %w", err)
			}
		}
		if len(results) > 0 {
			if err := tx.Set(f.check.ref, check); err != nil {
				return fmt.Errorf("write check: %w", err)
			}
		}
		return f.markFolded(tx)
	})
	if errors.Is(err, gcp.ErrChanged) {
		return fmt.Errorf("%w: %w", errOvertaken, err)
	}
	return err
}

func (f foldCommit) runVersions() []gcp.Version {
	versions := make([]gcp.Version, len(f.runs))
	for i, r := range f.runs {
		versions[i] = r.version()
	}
	return versions
}

// results returns the results of the runs whose issues are not folded.
func (f foldCommit) results() []issue.RunResult {
	var results []issue.RunResult
	for _, r := range f.runs {
		if !r.record.IssuesFolded {
			results = append(results, r.result)
		}
	}
	return results
}

// markFolded ends the pending state of the runs, or records that only their samples
// wait.
func (f foldCommit) markFolded(tx *firestore.Transaction) error {
	if !f.keepPending {
		return f.endPending(tx, f.runs)
	}
	for _, r := range f.runs {
		if err := tx.Update(r.doc.Ref, []firestore.Update{{Path: "issuesFolded", Value: true}}); err != nil {
			return fmt.Errorf("mark issues as folded: %w", err)
		}
	}
	return nil
}

// endPending ends the pending state of runs, whose samples and issues are all folded, and of
// their events.
func (w *workspace) endPending(tx *firestore.Transaction, runs []pendingRun) error {
	for _, r := range runs {
		if err := tx.Update(r.doc.Ref, []firestore.Update{{Path: "pending", Value: false}}); err != nil {
			return fmt.Errorf("mark run as folded: %w", err)
		}
		if err := outbox.WriteFolded(tx, w.db, w.tenant, w.id, r.record.ID, w.clock.now()); err != nil {
			return err
		}
	}
	return nil
}

// stillPending returns the results of the runs whose issues are not folded. It returns
// errOvertaken if another fold of the check was committed since it was read.
func (f foldCommit) stillPending(tx *firestore.Transaction) ([]issue.RunResult, error) {
	refs := []*firestore.DocumentRef{f.check.ref}
	for _, r := range f.runs {
		refs = append(refs, r.doc.Ref)
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

// issueSet has issues that were read, without their texts.
type issueSet struct {
	facts   map[issue.ID]issue.Issue
	updated map[issue.ID]time.Time // when each was written last
}

func newIssueSet() issueSet {
	return issueSet{map[issue.ID]issue.Issue{}, map[issue.ID]time.Time{}}
}

// add adds the issues in docs.
func (s issueSet) add(docs []*firestore.DocumentSnapshot) error {
	for _, doc := range docs {
		i, err := records.Decode[issue.Issue](doc)
		if err != nil {
			return err
		}
		s.facts[issue.ID(doc.Ref.ID)], s.updated[issue.ID(doc.Ref.ID)] = i, doc.UpdateTime
	}
	return nil
}

// readIssues reads the issues that the runs may change, without their texts:
// those that the runs saw, and those of the check that they did not see but may
// resolve. It also reads the sightings of the runs, if they are not read.
func (f foldCommit) readIssues(ctx context.Context) (issueSet, error) {
	issues := newIssueSet()
	var unseen []*firestore.DocumentSnapshot
	starts, conclusive := conclusiveRange(f.results()) // before readSightings changes the runs
	var group errgroup.Group
	group.Go(func() error { return readSightings(ctx, f.runs) })
	if conclusive && !f.unseenResolved {
		group.Go(func() (err error) {
			if unseen, err = f.unseenIssues(f.check, starts).Limit(maxSightings + maxUnseen + 1).Documents(ctx).GetAll(); err != nil {
				return fmt.Errorf("find issues: %w", err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return issues, err
	}
	if len(unseen) > maxSightings+maxUnseen {
		return issues, errTooManyIssues
	}
	if err := issues.add(unseen); err != nil {
		return issues, err
	}
	seen, err := f.issuesAt(ctx, f.unreadIssues(f.results(), issues.facts))
	return issues, errors.Join(err, issues.add(seen))
}

// maxIn is how many values an "in" filter may have:
// firebase.google.com/docs/firestore/query-data/queries.
const maxIn = 30

// issuesAt reads issues by reference, without their texts. It uses queries because
// only a query can leave out fields.
func (w *workspace) issuesAt(ctx context.Context, refs []*firestore.DocumentRef) ([]*firestore.DocumentSnapshot, error) {
	chunks := slices.Collect(slices.Chunk(refs, maxIn))
	docs := make([][]*firestore.DocumentSnapshot, len(chunks))
	var group errgroup.Group
	for n, chunk := range chunks {
		group.Go(func() (err error) {
			query := w.collection(records.IssuesCollection).Where(firestore.DocumentID, "in", chunk).Select(fieldsWithoutText...)
			if docs[n], err = query.Documents(ctx).GetAll(); err != nil {
				return fmt.Errorf("read issues: %w", err)
			}
			return nil
		})
	}
	err := group.Wait()
	return slices.Concat(docs...), err
}

// unreadIssues returns the issues that the runs saw and that are not read yet.
func (f foldCommit) unreadIssues(results []issue.RunResult, read map[issue.ID]issue.Issue) []*firestore.DocumentRef {
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
