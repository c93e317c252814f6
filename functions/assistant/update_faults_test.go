package assistant_test

import (
	"fmt"
	"math/rand/v2"
	"os"
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
func survive(t *testing.T, c *cloudtest.Cloud, all ...struck) (calls int64, err error) {
	t.Helper()
	w := newWorld(t)
	before, after := lives()
	w.reportAndDeliver(t, before)
	w.report(t, after...)
	var counted atomic.Int64
	p := &process{cloud: c, world: w, plan: striking(&counted, all...)}
	for _, r := range append(after, after...) {
		if err := p.deliver(t, r.id); err != nil {
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
	c := cloudtest.Shared(t)
	slots := make(chan struct{}, 64)
	var all sync.WaitGroup
	for _, strikes := range cases {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			if _, err := survive(t, c, strikes...); err != nil {
				t.Errorf("%v: %v", strikes, err)
			}
		})
	}
	all.Wait()
}

func TestLaw5OneFaultAtAnyCallChangesNothing(t *testing.T) {
	t.Parallel()
	calls, err := survive(t, cloudtest.Shared(t))
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

// Every pair of faults is played, at calls picked at random; with
// STRONGROOM_HISTORIES set, ten times as often.
func TestLaw5TwoFaultsAtAnyCallsChangeNothing(t *testing.T) {
	t.Parallel()
	calls, err := survive(t, cloudtest.Shared(t))
	if err != nil {
		t.Fatal(err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 11))
	rounds := 2
	if os.Getenv("STRONGROOM_HISTORIES") != "" {
		rounds = 20
	}
	var cases [][]struck
	for range rounds {
		for _, first := range faults.All {
			for _, second := range faults.All {
				at := 1 + random.Int64N(calls)
				cases = append(cases, []struck{{at, first}, {at + 1 + random.Int64N(calls/2), second}})
			}
		}
	}
	each(t, cases)
}
