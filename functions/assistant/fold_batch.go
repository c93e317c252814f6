package assistant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// known is a check as it was when it was read.
type known struct {
	check   issue.Check
	ref     *firestore.DocumentRef
	updated time.Time // zero: it is not there yet
}

func knownFrom(doc *firestore.DocumentSnapshot) (known, error) {
	check, err := records.Decode[issue.Check](doc)
	return known{check, doc.Ref, doc.UpdateTime}, err
}

// pendingRun is an ended run that is not folded yet.
type pendingRun struct {
	ref    *firestore.DocumentRef
	record run.Run
	seen   issue.RunResult
}

func (s *space) place(id run.ID) records.RunRef {
	return records.NewRunRef(s.db, s.tenant, s.workspace, id)
}

// pendingOf finds the runs of a check that are not folded, oldest first.
func (s *space) pendingOf(id issue.CheckID) firestore.Query {
	return records.Workspace(s.db, s.tenant, s.workspace).Collection(records.RunsCollection).
		Where("check", "==", string(id)).Where("pending", "==", true).OrderBy("start.time", firestore.Asc)
}

// batch reads the oldest pending runs of a check with their sightings: most of
// them at most, and no more than maxSeen sightings. None of this changes once it
// is written, but for the marker, so it needs no transaction; and reports that
// come in meanwhile do not disturb.
func (s *space) batch(ctx context.Context, id issue.CheckID, most int) ([]pendingRun, error) {
	docs, err := s.pendingOf(id).Limit(most).Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("find pending runs: %w", err)
	}
	runs := make([]pendingRun, len(docs))
	for i, doc := range docs {
		r, err := records.DecodeRun(doc)
		if err != nil {
			return nil, err
		}
		runs[i] = pendingRun{doc.Ref, r, issue.RunResult{ID: r.ID, Start: r.Start, End: r.End.Time, Outcome: r.End.Outcome}}
	}
	runs = runs[:fitting(runs)]
	return runs, s.readSightings(ctx, runs)
}

// fitting is how many of the first runs have no more than maxSeen sightings; one
// at least.
func fitting(runs []pendingRun) int {
	sightings := 0
	for i, r := range runs {
		if sightings += r.record.Sightings; i > 0 && sightings > maxSeen {
			return i
		}
	}
	return len(runs)
}

// readSightings fills in what the runs saw.
func (s *space) readSightings(ctx context.Context, runs []pendingRun) error {
	group, ctx := errgroup.WithContext(ctx)
	for i, r := range runs {
		if r.record.Sightings > 0 {
			group.Go(func() (err error) {
				runs[i].seen.Sightings, err = sightingsOf(ctx, r.ref)
				return err
			})
		}
	}
	return group.Wait()
}

// plainOfSighting are the fields of a sighting that issue.Record.Seen is made
// of; its line may be long.
var plainOfSighting = []string{"number", "fingerprint", "severity", "severityFlagged", "observedAt"}

func sightingsOf(ctx context.Context, run *firestore.DocumentRef) ([]issue.SightingFacts, error) {
	docs, err := run.Collection(records.SightingsCollection).Select(plainOfSighting...).Documents(ctx).GetAll()
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

func ids(runs []pendingRun) []run.ID {
	all := make([]run.ID, len(runs))
	for i, r := range runs {
		all[i] = r.seen.ID
	}
	return all
}

// errMany is the fault of issues that do not fit into one transaction.
var errMany = errors.New("too many issues for one commit")
