package assistant_test

import (
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/assistant"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/run"
	ids "github.com/strongroom-dev/strongroom/shared/tenant"
)

// swift is a clock that runs so many times as fast as the machine's.
type swift struct {
	began time.Time
	times time.Duration
}

func (s swift) now() time.Time { return s.began.Add(s.times * time.Since(s.began)) }

func (s swift) after(d time.Duration) <-chan time.Time { return time.After(d / s.times) }

// hot is a check that a thousand runs report to at once.
func hot(t *testing.T, w *world) []told {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 13))
	runs := make([]told, 1000)
	for i := range runs {
		runs[i] = at(i, run.Failure, string(rune('a'+random.IntN(3))))
	}
	random.Shuffle(len(runs), func(i, j int) { runs[i], runs[j] = runs[j], runs[i] })
	w.report(t, runs...)
	return runs
}

// A thousand events at once come to what they come to one by one, and each of
// their projections is written about once a second of the updater's clock.
func TestAThousandEventsAtOnceAreFewFolds(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	w := newWorldOf(t, c.Tenant(t), c.As(suite.OperatorAccount))
	runs := hot(t, w)
	before := c.Firestore.Counts()
	clock := swift{time.Now(), 10}
	updater := assistant.NewUpdater(function.Deps{Clients: c.Operator, Now: clock.now, After: clock.after, Log: slog.New(slog.DiscardHandler)})
	var all sync.WaitGroup
	for _, r := range runs {
		all.Go(func() {
			for updater.Handle(t.Context(), w.message(r.id)) != nil && t.Context().Err() == nil {
				<-clock.after(10 * time.Second) // as Pub/Sub waits
			}
		})
	}
	all.Wait()
	took, counts := clock.now().Sub(clock.began), c.Firestore.Counts()
	if diff := gocmp.Diff(factsOf(runs), w.known(t)); diff != "" {
		t.Errorf("the truth (-) and the projections (+) differ:\n%s", diff)
	}
	// A fold marks its runs and writes its check and up to three issues.
	writes := int(counts.Writes-before.Writes) - len(runs)
	folds := float64(writes) / 4
	t.Logf("%.0f folds in %v of its clock; %d writes of projections, %d reads", folds, took, writes, counts.Reads-before.Reads)
	if folds < 40*0.75 || folds > took.Seconds()+1 || folds > 200 {
		t.Errorf("%.0f folds in %v", folds, took)
	}
}

// Many checks that measure one SLI, as those of one SLX do, wait for few writes
// of it: each takes in what all of them measured.
func TestAnSLIOfManyChecksIsWrittenFewTimes(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	w := newWorldOf(t, c.Tenant(t), c.As(suite.OperatorAccount))
	var runs []told
	for i := range 300 {
		r := at(i%50, run.Success)
		r.task, r.samples = fmt.Sprint("task-", i), map[string][]float64{"latency": {float64(i)}}
		runs = append(runs, r)
	}
	w.report(t, runs...)
	before := c.Firestore.Counts()
	clock := swift{time.Now(), 10}
	updater := assistant.NewUpdater(function.Deps{Clients: c.Operator, Now: clock.now, After: clock.after, Log: slog.New(slog.DiscardHandler)})
	var all sync.WaitGroup
	for _, r := range runs {
		all.Go(func() {
			for updater.Handle(t.Context(), w.message(r.id)) != nil && t.Context().Err() == nil {
				<-clock.after(10 * time.Second)
			}
		})
	}
	all.Wait()
	const perRun = 3 // its mark, its check, its series
	if writes := int(c.Firestore.Counts().Writes-before.Writes) - perRun*len(runs); writes != 3 {
		t.Errorf("the SLI was written %d times, want once for each 100 series", writes)
	}
	if n := w.sli(t, "latency").Health(began.Add(50 * time.Minute)).Hour.Samples; n != len(runs) {
		t.Errorf("it has %d samples", n)
	}
}

// Any order and any duplication of a set of events gives the same documents.
func TestAnyOrderGivesTheSameDocuments(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tenant := c.Tenant(t)
	seed := uint64(time.Now().UnixNano())
	h := newHistory(seed, 40)
	var want map[string]string
	for n := range 5 {
		mine := *tenant
		mine.Workspace += ids.WorkspaceID(fmt.Sprint("-", n))
		w := newWorldOf(t, &mine, c.As(suite.OperatorAccount))
		if n == 0 {
			w.report(t, h.runs...)
			w.deliver(t, h.runs...)
			want = w.projections(t, c)
			continue
		}
		shuffled := h.events()
		reported := map[run.ID]bool{}
		for _, r := range shuffled {
			if !reported[r.id] {
				w.report(t, r)
				reported[r.id] = true
			}
			if h.IntN(2) == 0 {
				w.deliver(t, r)
			}
		}
		w.deliver(t, shuffled...)
		got := w.projections(t, c)
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("seed %d: %s", seed, diff)
		}
		if len(got) == 0 || !maps.Equal(want, got) {
			t.Errorf("seed %d: %d documents, want %d", seed, len(got), len(want))
		}
	}
}
