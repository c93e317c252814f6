package assistantupdate

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/shared/gcp"
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

func (c checkSnapshot) version() gcp.Version { return gcp.Version{Ref: c.ref, Updated: c.updated} }

// pendingRun is an ended run that is not folded yet.
type pendingRun struct {
	doc    *firestore.DocumentSnapshot
	record run.Run
	result issue.RunResult

	sightingsRead bool
	lines         map[int]*firestore.DocumentSnapshot // whole sightings by number, if they were read at once
}

func (r pendingRun) version() gcp.Version {
	return gcp.Version{Ref: r.doc.Ref, Updated: r.doc.UpdateTime}
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
		runs[i] = pendingRun{doc: doc, record: r, result: issue.RunResult{
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

// readSightings sets the sightings of the runs, unless they are set. It needs no transaction
// either. If only one run has any, it reads them with their lines, which its report bounds to
// what one commit can have. The lines of several runs may need too much memory.
func readSightings(ctx context.Context, runs []pendingRun) error {
	var unread []*pendingRun
	for i := range runs {
		if r := &runs[i]; r.hasUnfoldedIssues() && !r.sightingsRead {
			unread = append(unread, r)
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, r := range unread {
		group.Go(func() error { return r.readSightings(ctx, len(unread) == 1) })
	}
	return group.Wait()
}

// sightingFactFields are the fields of a sighting that its facts need: all but the
// line, which may be long.
var sightingFactFields = []string{"number", "fingerprint", "severity", "severityFlagged", "observedAt"}

func (r *pendingRun) readSightings(ctx context.Context, withLines bool) error {
	query := r.doc.Ref.Collection(records.SightingsCollection).Query
	if !withLines {
		query = query.Select(sightingFactFields...)
	}
	docs, err := query.Documents(ctx).GetAll()
	if err != nil {
		return fmt.Errorf("read sightings: %w", err)
	}
	sightings, lines := make([]issue.SightingFacts, len(docs)), map[int]*firestore.DocumentSnapshot{}
	for i, doc := range docs {
		record, err := records.Decode[issue.Record](doc)
		if err != nil {
			return err
		}
		sightings[i] = record.Facts()
		lines[record.Number] = doc
	}
	r.result.Sightings, r.sightingsRead = sightings, true
	if withLines {
		r.lines = lines
	}
	return nil
}

func runIDs(runs []pendingRun) []run.ID {
	ids := make([]run.ID, len(runs))
	for i, r := range runs {
		ids[i] = r.result.ID
	}
	return ids
}
