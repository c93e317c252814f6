package assistantupdate

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// checkSnapshot is a check as it was when it was read.
type checkSnapshot struct {
	check   issue.Check
	ref     *firestore.DocumentRef
	updated time.Time // zero: the check does not exist yet
}

func decodeCheck(doc *firestore.DocumentSnapshot) (checkSnapshot, error) {
	check, err := records.Decode[issue.Check](doc)
	return checkSnapshot{check, doc.Ref, doc.UpdateTime}, err
}

// pendingRun is an ended run that is not folded yet.
type pendingRun struct {
	ref    *firestore.DocumentRef
	record run.Run
	result issue.RunResult
}

// hasUnfoldedIssues reports whether issues of the run are not visible yet.
func (r pendingRun) hasUnfoldedIssues() bool { return r.record.Sightings > 0 && !r.record.IssuesFolded }

// findPendingRuns finds the oldest pending runs of a check, without their sightings: at
// most limit runs, with at most maxSightings. It needs no transaction, because of all this
// only the pending state changes after it is written. more reports whether other runs may
// be pending.
func (w *workspace) findPendingRuns(ctx context.Context, id issue.CheckID, limit int) (runs []pendingRun, more bool, err error) {
	docs, err := w.pendingRuns(id).Limit(limit).Documents(ctx).GetAll()
	if err != nil {
		return nil, false, fmt.Errorf("find pending runs: %w", err)
	}
	runs = make([]pendingRun, len(docs))
	for i, doc := range docs {
		r, err := records.DecodeRun(doc)
		if err != nil {
			return nil, false, err
		}
		runs[i] = pendingRun{doc.Ref, r, issue.RunResult{
			ID: r.ID, Start: r.Start, Created: r.Created, Reported: r.Reported, End: r.End.Time, Outcome: r.End.Outcome,
		}}
	}
	runs = runs[:countFitting(runs)]
	return runs, len(runs) < len(docs) || len(docs) == limit, nil
}

// countFitting returns how many of the first runs have at most maxSightings
// together. It is at least one if there is a run.
func countFitting(runs []pendingRun) int {
	sightings := 0
	for i, r := range runs {
		if sightings += r.record.Sightings; i > 0 && sightings > maxSightings {
			return i
		}
	}
	return len(runs)
}

// readSightings sets the sightings of the runs. It needs no transaction either.
func readSightings(ctx context.Context, runs []pendingRun) error {
	group, ctx := errgroup.WithContext(ctx)
	for i, r := range runs {
		if r.record.Sightings > 0 {
			group.Go(func() (err error) {
				runs[i].result.Sightings, err = readSightingsOf(ctx, r.ref)
				return err
			})
		}
	}
	return group.Wait()
}

// sightingFactFields are the fields of a sighting that its facts need: all but the
// line, which may be long.
var sightingFactFields = []string{"number", "fingerprint", "severity", "severityFlagged", "observedAt"}

func readSightingsOf(ctx context.Context, run *firestore.DocumentRef) ([]issue.SightingFacts, error) {
	docs, err := run.Collection(records.SightingsCollection).Select(sightingFactFields...).Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("read sightings: %w", err)
	}
	sightings := make([]issue.SightingFacts, len(docs))
	for i, doc := range docs {
		record, err := records.Decode[issue.Record](doc)
		if err != nil {
			return nil, err
		}
		sightings[i] = record.Facts()
	}
	return sightings, nil
}

func runIDs(runs []pendingRun) []run.ID {
	ids := make([]run.ID, len(runs))
	for i, r := range runs {
		ids[i] = r.result.ID
	}
	return ids
}
