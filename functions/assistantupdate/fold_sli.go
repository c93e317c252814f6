package assistantupdate

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/errgroup"
	"google.golang.org/api/iterator"

	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/sli"
)

// The limits of the work on SLIs.
const (
	maxConcurrentSLIs = 8   // that one fold of a check works on
	maxSeries         = 100 // that one fold adds to an SLI; each has at most 1,000 samples
)

// storedSLI is an SLI with the time of its last fold.
type storedSLI struct {
	sli.SLI
	Folded time.Time `firestore:"folded" class:"operational"`
}

var _ = dataclass.Stored[storedSLI]("tenants/{tenant}/workspaces/{workspace}/slis/{sli}")

// foldedSLIFields are the fields of an SLI that a fold writes. The others, its
// objective and thresholds, are what people set.
var foldedSLIFields = fieldPaths(append(slices.DeleteFunc(storedFields(reflect.TypeFor[sli.SLI]()), func(field string) bool {
	return field == "objective" || field == "thresholds"
}), "folded"))

// foldSLIs returns once all samples of the runs are in their SLIs. It is called
// before the runs' pending state ends, because a run may have samples of more SLIs
// than fit into one commit.
func (w *workspace) foldSLIs(ctx context.Context, runs []pendingRun) error {
	waiting, err := w.waitingSeries(ctx, runs)
	if err != nil {
		return err
	}
	var group errgroup.Group // without a shared context: one error must not stop the other SLIs
	group.SetLimit(maxConcurrentSLIs)
	for name, ids := range waiting {
		group.Go(func() error {
			added, err := w.foldSLIShared(ctx, name)
			if err == nil && !containsAll(added, ids) {
				err = tooSoonError{w.clock.now().Add(minWriteInterval)} // more series waited than one fold adds
			}
			return err
		})
	}
	return group.Wait()
}

func containsAll(set map[string]bool, ids []string) bool {
	return !slices.ContainsFunc(ids, func(id string) bool { return !set[id] })
}

// waitingSeries returns the IDs of the series of the runs that are not in an SLI
// yet, by name of the SLI.
func (w *workspace) waitingSeries(ctx context.Context, runs []pendingRun) (map[string][]string, error) {
	var measured []run.ID // at most maxRuns, which is less than maxIn
	for _, r := range runs {
		if r.record.Samples > 0 {
			measured = append(measured, r.record.ID)
		}
	}
	if len(measured) == 0 {
		return nil, nil
	}
	docs, err := w.collection(records.SeriesCollection).Where("run", "in", measured).Where("waiting", "==", true).
		Select("sli").Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("find series: %w", err)
	}
	ids := map[string][]string{}
	for _, doc := range docs {
		series, err := records.Decode[sli.Series](doc)
		if err != nil {
			return nil, err
		}
		ids[series.SLI] = append(ids[series.SLI], doc.Ref.ID)
	}
	return ids, nil
}

// foldSLIShared is foldSLI, called once for all checks that measured the SLI and
// are folded by this process at the same time.
func (w *workspace) foldSLIShared(ctx context.Context, name string) (added map[string]bool, err error) {
	return singleFlight(ctx, w.inFlight, w.sliRef(name).Path, func(ctx context.Context) (map[string]bool, error) {
		return w.foldSLI(ctx, name)
	})
}

// foldSLI adds the series that wait for an SLI, whatever check measured them: many
// checks may measure one SLI, which is written only about once a second. It returns
// the IDs of the series. A series stops waiting only when its SLI is written, so if
// nobody has written the SLI since it was read, it contains none of them.
func (w *workspace) foldSLI(ctx context.Context, name string) (added map[string]bool, err error) {
	docs, err := w.db.GetAll(ctx, []*firestore.DocumentRef{w.sliRef(name)})
	if err != nil {
		return nil, fmt.Errorf("read SLI: %w", err)
	}
	stored, err := decodeSLI(docs[0])
	if err == nil {
		err = w.clock.mayWrite(stored.Folded)
	}
	if err != nil {
		return nil, err
	}
	waiting := w.collection(records.SeriesCollection).Where("sli", "==", name).Where("waiting", "==", true).
		Limit(maxSeries).Documents(ctx)
	refs, err := stored.addAll(waiting)
	if err != nil || len(refs) == 0 {
		return nil, err
	}
	stored.Name, stored.Folded = name, w.clock.now().UTC().Truncate(time.Microsecond)
	return idsOf(refs), w.db.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		return writeSLI(tx, docs[0], stored, refs)
	})
}

func decodeSLI(doc *firestore.DocumentSnapshot) (s storedSLI, err error) {
	if !doc.Exists() {
		return s, nil
	}
	if err := doc.DataTo(&s); err != nil {
		return s, fmt.Errorf("decode SLI: %w", err)
	}
	return s, nil
}

// addAll adds series one by one, because 100 of them need 30 MiB, and returns their
// documents.
func (s *storedSLI) addAll(docs *firestore.DocumentIterator) (added []*firestore.DocumentRef, err error) {
	defer docs.Stop()
	for {
		doc, err := docs.Next()
		if errors.Is(err, iterator.Done) {
			return added, nil
		}
		if err != nil {
			return nil, fmt.Errorf("find series: %w", err)
		}
		series, err := records.Decode[sli.Series](doc)
		if err != nil {
			return nil, err
		}
		samples, err := series.Samples()
		if err != nil {
			return nil, err
		}
		s.SLI = s.Add(series.SLX, samples...)
		added = append(added, doc.Ref)
	}
}

func idsOf(refs []*firestore.DocumentRef) map[string]bool {
	ids := map[string]bool{}
	for _, ref := range refs {
		ids[ref.ID] = true
	}
	return ids
}

// writeSLI writes an SLI, and ends the waiting of the series that were added to it.
// It returns errOvertaken if the SLI was written since before was read.
func writeSLI(tx *firestore.Transaction, before *firestore.DocumentSnapshot, s storedSLI, added []*firestore.DocumentRef) error {
	now, err := tx.GetAll([]*firestore.DocumentRef{before.Ref})
	if err != nil {
		return fmt.Errorf("read SLI: %w", err)
	}
	if !now[0].UpdateTime.Equal(before.UpdateTime) {
		return errOvertaken
	}
	var options []firestore.SetOption
	if before.Exists() {
		// The client sorts the paths in place, so each call needs its own copy.
		options = append(options, firestore.Merge(slices.Clone(foldedSLIFields)...))
	}
	if err := tx.Set(before.Ref, s, options...); err != nil {
		return fmt.Errorf("write SLI: %w", err)
	}
	for _, ref := range added {
		if err := tx.Update(ref, []firestore.Update{{Path: "waiting", Value: false}}); err != nil {
			return fmt.Errorf("mark series as added: %w", err)
		}
	}
	return nil
}
