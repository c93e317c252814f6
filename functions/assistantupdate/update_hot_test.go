package assistantupdate_test

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
	"github.com/strongroom-dev/strongroom/emulator/pubsub"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/assistantupdate"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/outbox"
	"github.com/strongroom-dev/strongroom/shared/run"
	ids "github.com/strongroom-dev/strongroom/shared/tenant"
)

// fastClock runs faster than the machine's clock, by the factor speed.
type fastClock struct {
	started time.Time
	speed   time.Duration
}

func (s fastClock) now() time.Time { return s.started.Add(s.speed * time.Since(s.started)) }

func (s fastClock) after(d time.Duration) <-chan time.Time { return time.After(d / s.speed) }

// deliverAtOnce delivers the events of runs at the same time to an updater, and those
// that the updater publishes, until all are acknowledged.
func deliverAtOnce(t *testing.T, w *fixture, clock fastClock, runs []reportedRun) {
	t.Helper()
	config := w.Cloud.As(suite.OperatorAccount)
	queue, err := pubsub.New(t.Context(), pubsub.Config{ProjectID: config.ProjectID})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = queue.Close() })
	if err := queue.CreateTopic(t.Context(), outbox.RunEvents); err != nil {
		t.Fatal(err)
	}
	config.PubSubHost = queue.Addr()
	clients := gcp.NewClients(config)
	t.Cleanup(func() { _ = clients.Close() })
	updater := assistantupdate.New(function.Deps{Clients: clients, Now: clock.now, After: clock.after, Log: slog.New(slog.DiscardHandler)})
	var all sync.WaitGroup
	deliver := func(id run.ID) {
		all.Go(func() {
			for updater.Handle(t.Context(), w.message(id)) != nil && t.Context().Err() == nil {
				<-clock.after(10 * time.Second) // Pub/Sub delivers again after that
			}
		})
	}
	queue.OnPublish(func(_ string, _ []byte, attributes map[string]string) { deliver(run.ID(attributes["run"])) })
	for _, r := range runs {
		deliver(r.id)
	}
	all.Wait()
}

// storeThousandRuns stores the reports of a thousand runs of one check.
func storeThousandRuns(t *testing.T, w *fixture) []reportedRun {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 13))
	runs := make([]reportedRun, 1000)
	for i := range runs {
		runs[i] = runAt(i, run.Failure, string(rune('a'+random.IntN(3))))
	}
	random.Shuffle(len(runs), func(i, j int) { runs[i], runs[j] = runs[j], runs[i] })
	w.storeReports(t, runs...)
	return runs
}

// A thousand events at once have the same result as one after the other. The check is
// written about once a second of the updater's clock.
func TestAThousandEventsAtOnceNeedFewFolds(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	w := newFixtureFor(t, c.Tenant(t), c.As(suite.OperatorAccount))
	runs := storeThousandRuns(t, w)
	before := c.Firestore.Counts()
	clock := fastClock{time.Now(), 10}
	deliverAtOnce(t, w, clock, runs)
	took, counts := clock.now().Sub(clock.started), c.Firestore.Counts()
	if diff := gocmp.Diff(factsOf(runs), w.storedFacts(t)); diff != "" {
		t.Errorf("expected (-) and stored (+) issues differ:\n%s", diff)
	}
	// A fold writes its runs and their events, its check, and up to three issues.
	writes := int(counts.Writes-before.Writes) - 2*len(runs)
	folds := float64(writes) / 4
	t.Logf("%.0f folds in %v of the updater's clock; %d writes without those of runs and events, %d reads", folds, took, writes, counts.Reads-before.Reads)
	if folds < 40*0.75 || folds > took.Seconds()+1 || folds > 200 {
		t.Errorf("%.0f folds in %v", folds, took)
	}
}

// Many checks may measure one SLI, such as the checks of one SLX. Each write of the SLI
// adds what several of them measured.
func TestAnSLIOfManyChecksIsWrittenRarely(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	w := newFixtureFor(t, c.Tenant(t), c.As(suite.OperatorAccount))
	var runs []reportedRun
	for i := range 300 {
		r := runAt(i%50, run.Success)
		r.task, r.samples = fmt.Sprint("task-", i), map[string][]float64{"latency": {float64(i)}}
		runs = append(runs, r)
	}
	w.storeReports(t, runs...)
	before := c.Firestore.Counts()
	deliverAtOnce(t, w, fastClock{time.Now(), 10}, runs)
	const perRun = 4 // the run, its event, its check, its series
	if writes := int(c.Firestore.Counts().Writes-before.Writes) - perRun*len(runs); writes != 3 {
		t.Errorf("the SLI was written %d times, want once for each 100 series", writes)
	}
	if n := w.sli(t, "latency").Health(baseTime.Add(50 * time.Minute)).Hour.Samples; n != len(runs) {
		t.Errorf("it has %d samples", n)
	}
}

// Events give the same documents in any order, and however often each is delivered.
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
		w := newFixtureFor(t, &mine, c.As(suite.OperatorAccount))
		if n == 0 {
			w.storeReports(t, h.runs...)
			w.deliver(t, h.runs...)
			want = w.projections(t, c)
			continue
		}
		shuffled := h.events()
		reported := map[run.ID]bool{}
		for _, r := range shuffled {
			if !reported[r.id] {
				w.storeReports(t, r)
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
