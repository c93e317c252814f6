package assistantupdate

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/sli"
)

// Bounds of the work on SLIs.
const (
	maxAtOnce = 8   // SLIs that one fold of a check works on at once
	maxSeries = 100 // that one fold takes into an SLI; each has at most 1,000 samples
)

// keptSLI is an SLI with the time of its last fold.
type keptSLI struct {
	sli.SLI
	Folded time.Time `firestore:"folded"`
}

// foldedOfSLI are the fields of an SLI that a fold decides: its objective and
// thresholds are people's.
var foldedOfSLI = paths(append(slices.DeleteFunc(fieldsOf(reflect.TypeFor[sli.SLI]()), func(field string) bool {
	return field == "objective" || field == "thresholds"
}), "folded"))

// foldSLIs sees to it that all that runs measured is in the SLIs, before the
// runs' mark is taken away: a run may have measured more SLIs than fit into one
// commit.
func (s *space) foldSLIs(ctx context.Context, runs []pendingRun) error {
	waiting, err := s.waiting(ctx, runs)
	if err != nil {
		return err
	}
	var group errgroup.Group // one that is early does not keep the others waiting
	group.SetLimit(maxAtOnce)
	for name, mine := range waiting {
		group.Go(func() error {
			taken, err := s.foldSLIOnce(ctx, name)
			if err == nil && !containsAll(taken, mine) {
				err = early{s.clock.now().Add(interval)} // more waited than one fold takes
			}
			return err
		})
	}
	return group.Wait()
}

func containsAll(taken map[string]bool, ids []string) bool {
	return !slices.ContainsFunc(ids, func(id string) bool { return !taken[id] })
}

// waiting gives the ids of the series that runs measured and no SLI has taken
// in, by name of SLI.
func (s *space) waiting(ctx context.Context, runs []pendingRun) (map[string][]string, error) {
	var measuring []run.ID
	for _, r := range runs {
		if r.record.Samples > 0 {
			measuring = append(measuring, r.record.ID)
		}
	}
	if len(measuring) == 0 {
		return nil, nil
	}
	// An "in" takes 30 values: firebase.google.com/docs/firestore/query-data/queries.
	docs, err := s.series().Where("run", "in", measuring).Where("waiting", "==", true).Select("sli").Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("find series: %w", err)
	}
	all := map[string][]string{}
	for _, doc := range docs {
		series, err := records.Decode[sli.Series](doc)
		if err != nil {
			return nil, err
		}
		all[series.SLI] = append(all[series.SLI], doc.Ref.ID)
	}
	return all, nil
}

func (s *space) series() *firestore.CollectionRef {
	return records.Workspace(s.db, s.tenant, s.workspace).Collection(records.SeriesCollection)
}

// foldSLIOnce is foldSLI, by one call for all checks that measured the SLI and
// are at hand in this process.
func (s *space) foldSLIOnce(ctx context.Context, name string) (taken map[string]bool, err error) {
	return once(ctx, s.flights, records.SLIRef(s.db, s.tenant, s.workspace, name).Path, func(ctx context.Context) (map[string]bool, error) {
		return s.foldSLI(ctx, name)
	})
}

// foldSLI takes in the series that wait for an SLI, whatever check measured
// them: many checks may measure one SLI, which is written about once a second.
// It gives their ids. A series leaves the waiting ones only with a write of its
// SLI, so one that nobody wrote since it was read has taken in none of them.
func (s *space) foldSLI(ctx context.Context, name string) (taken map[string]bool, err error) {
	docs, err := s.db.GetAll(ctx, []*firestore.DocumentRef{records.SLIRef(s.db, s.tenant, s.workspace, name)})
	if err != nil {
		return nil, fmt.Errorf("read SLI: %w", err)
	}
	kept, err := keptFrom(docs[0])
	if err == nil {
		err = s.clock.check(kept.Folded)
	}
	if err != nil {
		return nil, err
	}
	waiting, err := s.series().Where("sli", "==", name).Where("waiting", "==", true).Limit(maxSeries).Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("find series: %w", err)
	}
	if taken, err = kept.takeAll(waiting); err != nil || len(taken) == 0 {
		return nil, err
	}
	kept.Name, kept.Folded = name, s.clock.now().UTC().Truncate(time.Microsecond)
	return taken, s.db.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		return s.writeSLI(tx, docs[0], kept, waiting)
	})
}

func keptFrom(doc *firestore.DocumentSnapshot) (k keptSLI, err error) {
	if !doc.Exists() {
		return k, nil
	}
	if err := doc.DataTo(&k); err != nil {
		return k, fmt.Errorf("read SLI: %w", err)
	}
	return k, nil
}

// takeAll takes series in and gives their ids.
func (k *keptSLI) takeAll(docs []*firestore.DocumentSnapshot) (taken map[string]bool, err error) {
	taken = map[string]bool{}
	for _, doc := range docs {
		series, err := records.Decode[sli.Series](doc)
		if err == nil {
			err = k.take(series)
		}
		if err != nil {
			return nil, err
		}
		taken[doc.Ref.ID] = true
	}
	return taken, nil
}

func (k *keptSLI) take(series sli.Series) error {
	samples, err := series.Samples()
	if err != nil {
		return err
	}
	k.SLI = k.Add(series.SLX, samples...)
	return nil
}

// writeSLI writes an SLI that nobody wrote since it was read as before, and
// marks the series that it took in.
func (s *space) writeSLI(tx *firestore.Transaction, before *firestore.DocumentSnapshot, k keptSLI, taken []*firestore.DocumentSnapshot) error {
	now, err := tx.GetAll([]*firestore.DocumentRef{before.Ref})
	if err != nil {
		return fmt.Errorf("read SLI: %w", err)
	}
	if !now[0].UpdateTime.Equal(before.UpdateTime) {
		return errOvertaken
	}
	var options []firestore.SetOption
	if before.Exists() {
		// The client sorts what it is given, in place.
		options = append(options, firestore.Merge(slices.Clone(foldedOfSLI)...))
	}
	if err := tx.Set(before.Ref, k, options...); err != nil {
		return fmt.Errorf("write SLI: %w", err)
	}
	for _, doc := range taken {
		if err := tx.Update(doc.Ref, []firestore.Update{{Path: "waiting", Value: false}}); err != nil {
			return fmt.Errorf("mark series: %w", err)
		}
	}
	return nil
}
