package assistant

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/sli"
)

// maxAtOnce bounds the SLIs that one fold works on at once.
const maxAtOnce = 8

// measured is what one run measured of one SLI. Folded is its own marker: an
// SLI is shared by checks, and a run may have measured more SLIs than fit into
// one commit, so each is folded by a transaction of its own, before the run's
// mark is taken away.
type measured struct {
	ref    *firestore.DocumentRef
	series sli.Series
}

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

// foldSLIs folds the samples of runs into their SLIs.
func (s *space) foldSLIs(ctx context.Context, runs []pendingRun) error {
	all, err := s.measured(ctx, runs)
	if err != nil {
		return err
	}
	var group errgroup.Group // one that is early does not keep the others waiting
	group.SetLimit(maxAtOnce)
	for name, of := range all {
		group.Go(func() error {
			return s.db.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
				return s.foldSLI(tx, name, of)
			})
		})
	}
	return group.Wait()
}

// measured gives what the runs measured and is not folded, by name of SLI.
func (s *space) measured(ctx context.Context, runs []pendingRun) (map[string][]measured, error) {
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
	docs, err := run.Workspace(s.db, s.tenant, s.workspace).Collection(sli.SeriesCollection).
		Where("run", "in", measuring).Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("find series: %w", err)
	}
	all := map[string][]measured{}
	for _, doc := range docs {
		series, err := sli.DecodeSeries(doc)
		if err != nil {
			return nil, err
		}
		if !isFolded(doc) {
			all[series.SLI] = append(all[series.SLI], measured{doc.Ref, series})
		}
	}
	return all, nil
}

func isFolded(doc *firestore.DocumentSnapshot) bool {
	marked, err := doc.DataAt("folded")
	return err == nil && marked == true
}

// foldSLI takes those series into their SLI that no other fold took in.
func (s *space) foldSLI(tx *firestore.Transaction, name string, series []measured) error {
	ref := sli.Ref(s.db, s.tenant, s.workspace, name)
	refs := []*firestore.DocumentRef{ref}
	for _, m := range series {
		refs = append(refs, m.ref)
	}
	docs, err := tx.GetAll(refs)
	if err != nil {
		return fmt.Errorf("read SLI: %w", err)
	}
	var kept keptSLI
	if docs[0].Exists() {
		if err := docs[0].DataTo(&kept); err != nil {
			return fmt.Errorf("read SLI: %w", err)
		}
	}
	fresh := 0
	for i, m := range series {
		if !isFolded(docs[1+i]) {
			fresh++
			if err := kept.take(m.series); err != nil {
				return err
			}
			if err := tx.Update(m.ref, []firestore.Update{{Path: "folded", Value: true}}); err != nil {
				return fmt.Errorf("mark series: %w", err)
			}
		}
	}
	if fresh == 0 {
		return nil
	}
	if err := s.clock.check(kept.Folded); err != nil {
		return err
	}
	kept.Name, kept.Folded = name, s.clock.now().UTC().Truncate(time.Microsecond)
	return s.writeSLI(tx, ref, kept, docs[0].Exists())
}

func (k *keptSLI) take(series sli.Series) error {
	samples, err := series.Samples()
	if err != nil {
		return err
	}
	k.SLI = k.Add(series.SLX, samples...)
	return nil
}

func (s *space) writeSLI(tx *firestore.Transaction, ref *firestore.DocumentRef, k keptSLI, exists bool) error {
	var options []firestore.SetOption
	if exists {
		// The client sorts what it is given, in place.
		options = append(options, firestore.Merge(slices.Clone(foldedOfSLI)...))
	}
	if err := tx.Set(ref, k, options...); err != nil {
		return fmt.Errorf("write SLI: %w", err)
	}
	return nil
}
