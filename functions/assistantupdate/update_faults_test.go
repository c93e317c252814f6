package assistantupdate_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// injectedFault is a fault in one of the calls of an updater, counted from 1.
type injectedFault struct {
	call  int64
	fault faults.Fault
}

// injectFaults returns a plan that has the given faults.
func injectFaults(calls *atomic.Int64, all ...injectedFault) func(string) faults.Fault {
	return func(string) faults.Fault {
		n := calls.Add(1)
		for _, s := range all {
			if s.call == n {
				return s.fault
			}
		}
		return faults.None
	}
}

// faultedRuns are the runs of the tests of faults: one is folded before the faults
// start, and two are folded with faults.
func faultedRuns() (before reportedRun, after []reportedRun) {
	before = runAt(0, run.Failure, "a", "b")
	after = []reportedRun{runAt(2, run.Failure, "a", "a"), runAt(1, run.Success)}
	after[0].samples = map[string][]float64{"latency": {1, 2, 6}}
	return before, after
}

// playWithFaults delivers the events of faultedRuns with faults. It returns the number
// of calls, and an error if the final state is wrong.
func playWithFaults(t *testing.T, target *faults.Target, all ...injectedFault) (calls int64, err error) {
	t.Helper()
	w := newFixture(t)
	before, after := faultedRuns()
	w.storeAndDeliver(t, before)
	w.storeReports(t, after...)
	var counted atomic.Int64
	p := &process{target: target, fixture: w, plan: injectFaults(&counted, all...)}
	for _, r := range append(after, after...) {
		if err := p.deliver(r.id); err != nil {
			return 0, err
		}
	}
	if err := p.stop(); err != nil {
		return 0, err
	}
	if diff := gocmp.Diff(factsOf(append(after, before)), w.storedFacts(t)); diff != "" {
		return 0, fmt.Errorf("expected (-) and stored (+) issues differ:\n%s", diff)
	}
	if h := w.storedHealth(t, after[0].start.Add(time.Minute))["latency"]; h.Hour.Samples != 3 || h.Hour.Mean != 3 {
		return 0, fmt.Errorf("the SLI has %d samples of mean %v", h.Hour.Samples, h.Hour.Mean)
	}
	if check, pending := w.check(t), w.countPending(t.Context(), t); check.Runs != 3 || pending != 0 {
		return 0, fmt.Errorf("the check has %d runs, %d are pending", check.Runs, pending)
	}
	return counted.Load(), nil
}

// playAll plays cases concurrently, because most of their time is waiting.
func playAll(t *testing.T, cases [][]injectedFault) {
	t.Helper()
	target := newTarget(t, cloudtest.Shared(t))
	slots := make(chan struct{}, maxConcurrent)
	var all sync.WaitGroup
	for _, injected := range cases {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			if _, err := playWithFaults(t, target, injected...); err != nil {
				t.Errorf("%v: %v", injected, err)
			}
		})
	}
	all.Wait()
}

func TestLaw5OneFaultAtAnyCallChangesNothing(t *testing.T) {
	t.Parallel()
	calls, err := playWithFaults(t, newTarget(t, cloudtest.Shared(t)))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d calls, %d faults", calls, len(faults.All))
	var cases [][]injectedFault
	for call := range calls {
		for _, fault := range faults.All {
			cases = append(cases, []injectedFault{{call + 1, fault}})
		}
	}
	playAll(t, cases)
}

// The worst faults are those where a call takes effect and the client does not learn
// it. Each pair of calls meets one pair of them; with STRONGROOM_HISTORIES=1000 or
// more, every pair.
func TestLaw5TheWorstFaultsAtAnyTwoCallsChangeNothing(t *testing.T) {
	t.Parallel()
	calls, err := playWithFaults(t, newTarget(t, cloudtest.Shared(t)))
	if err != nil {
		t.Fatal(err)
	}
	worst := []faults.Fault{faults.ReplyLost, faults.KilledIn}
	count, seed := cloudtest.Histories(t, int(calls*(calls-1)/2)) // each pair of calls once
	var cases [][]injectedFault
	for turn := range uint64(len(worst) * len(worst)) {
		for second := int64(2); second <= calls; second++ {
			for first := int64(1); first < second; first++ {
				pair := seed + turn + uint64(first+second)
				cases = append(cases, []injectedFault{{first, worst[pair/2%2]}, {second, worst[pair%2]}})
			}
		}
	}
	playAll(t, cases[:min(count, len(cases))])
}

// Each pair of faults is played, at random calls.
func TestLaw5TwoFaultsAtAnyCallsChangeNothing(t *testing.T) {
	t.Parallel()
	calls, err := playWithFaults(t, newTarget(t, cloudtest.Shared(t)))
	if err != nil {
		t.Fatal(err)
	}
	count, seed := cloudtest.Histories(t, 2*len(faults.All)*len(faults.All))
	cases := make([][]injectedFault, count)
	for i := range cases {
		random := rand.New(rand.NewPCG(seed+uint64(i), 11))
		pair := int((seed + uint64(i)) % uint64(len(faults.All)*len(faults.All)))
		at := 1 + random.Int64N(calls)
		cases[i] = []injectedFault{{at, faults.All[pair/len(faults.All)]}, {at + 1 + random.Int64N(calls/2), faults.All[pair%len(faults.All)]}}
	}
	playAll(t, cases)
}
