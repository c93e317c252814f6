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

// struck is a fault at one of the calls that an updater makes, counted from 1.
type struck struct {
	call  int64
	fault faults.Fault
}

// striking strikes each call that is named.
func striking(calls *atomic.Int64, all ...struck) func(string) faults.Fault {
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

// lives are the runs of the tests of faults: one is folded before, two have
// their events over the bad wire.
func lives() (before told, after []told) {
	before = at(0, run.Failure, "a", "b")
	after = []told{at(2, run.Failure, "a", "a"), at(1, run.Success)}
	after[0].samples = map[string][]float64{"latency": {1, 2, 6}}
	return before, after
}

// survive plays the events over a wire that is struck and tells what is wrong
// in the end, and how many calls there were.
func survive(t *testing.T, target *faults.Target, all ...struck) (calls int64, err error) {
	t.Helper()
	w := newWorld(t)
	before, after := lives()
	w.reportAndDeliver(t, before)
	w.report(t, after...)
	var counted atomic.Int64
	p := &process{target: target, world: w, plan: striking(&counted, all...)}
	for _, r := range append(after, after...) {
		if err := p.deliver(r.id); err != nil {
			return 0, err
		}
	}
	if err := p.stop(); err != nil {
		return 0, err
	}
	if diff := gocmp.Diff(factsOf(append(after, before)), w.known(t)); diff != "" {
		return 0, fmt.Errorf("the truth (-) and the projections (+) differ:\n%s", diff)
	}
	if h := w.health(t, after[0].start.Add(time.Minute))["latency"]; h.Hour.Samples != 3 || h.Hour.Mean != 3 {
		return 0, fmt.Errorf("the SLI has %d samples of mean %v", h.Hour.Samples, h.Hour.Mean)
	}
	if check, pending := w.check(t), w.pending(t.Context(), t); check.Runs != 3 || pending != 0 {
		return 0, fmt.Errorf("the check has %d runs, %d are pending", check.Runs, pending)
	}
	return counted.Load(), nil
}

// each plays cases, some at once: most of their time is waiting.
func each(t *testing.T, cases [][]struck) {
	t.Helper()
	target := reach(t, cloudtest.Shared(t))
	slots := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for _, strikes := range cases {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			if _, err := survive(t, target, strikes...); err != nil {
				t.Errorf("%v: %v", strikes, err)
			}
		})
	}
	all.Wait()
}

func TestLaw5OneFaultAtAnyCallChangesNothing(t *testing.T) {
	t.Parallel()
	calls, err := survive(t, reach(t, cloudtest.Shared(t)))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d calls, %d faults", calls, len(faults.All))
	var cases [][]struck
	for call := range calls {
		for _, fault := range faults.All {
			cases = append(cases, []struck{{call + 1, fault}})
		}
	}
	each(t, cases)
}

// Every two calls meet two of the worst faults, those that take effect while
// nobody learns of it; with STRONGROOM_HISTORIES=1000 and more, every two of them.
func TestLaw5TheWorstFaultsAtAnyTwoCallsChangeNothing(t *testing.T) {
	t.Parallel()
	calls, err := survive(t, reach(t, cloudtest.Shared(t)))
	if err != nil {
		t.Fatal(err)
	}
	worst := []faults.Fault{faults.ReplyLost, faults.KilledIn}
	count, seed := cloudtest.Histories(t, int(calls*(calls-1)/2)) // each two calls once
	var cases [][]struck
	for turn := range uint64(len(worst) * len(worst)) {
		for second := int64(2); second <= calls; second++ {
			for first := int64(1); first < second; first++ {
				pair := seed + turn + uint64(first+second)
				cases = append(cases, []struck{{first, worst[pair/2%2]}, {second, worst[pair%2]}})
			}
		}
	}
	each(t, cases[:min(count, len(cases))])
}

// Every pair of faults is played, at calls picked at random.
func TestLaw5TwoFaultsAtAnyCallsChangeNothing(t *testing.T) {
	t.Parallel()
	calls, err := survive(t, reach(t, cloudtest.Shared(t)))
	if err != nil {
		t.Fatal(err)
	}
	count, seed := cloudtest.Histories(t, 2*len(faults.All)*len(faults.All))
	cases := make([][]struck, count)
	for i := range cases {
		random := rand.New(rand.NewPCG(seed+uint64(i), 11))
		pair := int((seed + uint64(i)) % uint64(len(faults.All)*len(faults.All)))
		at := 1 + random.Int64N(calls)
		cases[i] = []struck{{at, faults.All[pair/len(faults.All)]}, {at + 1 + random.Int64N(calls/2), faults.All[pair%len(faults.All)]}}
	}
	each(t, cases)
}
