package runs_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
)

// kinds are the kinds of histories: the start or the report is first, and the
// function or only the relay publishes the event.
var kinds = map[string]*history{
	"start, report":                         {},
	"report, start":                         {reportFirst: true},
	"start, report, published by the relay": {dieBeforePublish: true},
}

// newHistory returns a history of a kind, with a plan.
func (w *faultyCloud) newHistory(t *testing.T, kind *history, p plan) *history {
	return &history{faultyCloud: w, t: t, run: cloudtest.NewRun(t), plan: p, reportFirst: kind.reportFirst, dieBeforePublish: kind.dieBeforePublish, maxAttempts: 20}
}

// callsWithoutFaults returns the calls of a history without faults.
func (w *faultyCloud) callsWithoutFaults(t *testing.T, kind *history) []string {
	t.Helper()
	h := w.newHistory(t, kind, nil)
	if !h.play() {
		t.Fatal("a run without faults was not acknowledged")
	}
	t.Logf("%d calls: %v", len(h.calls), h.calls)
	return h.calls
}

// Law 5: acknowledged means kept, once. Every call of a history, in a new process,
// meets every fault. So does every call of the relay.
func TestLaw5EachCallMeetsEachFault(t *testing.T) {
	t.Parallel()
	w := newFaultyCloud(t)
	tried, number := cloudtest.Sampled(1), 0
	var all []*history
	for _, kind := range kinds {
		calls := w.callsWithoutFaults(t, kind)
		first := 0
		if kind.dieBeforePublish { // the calls before are those of the other kinds
			first = slices.Index(calls, "Publish") + 1
		}
		for n := first; n < len(calls); n++ {
			for _, fault := range faults.All {
				if number++; tried(number) {
					all = append(all, w.newHistory(t, kind, plan{n: fault}))
				}
			}
		}
	}
	w.run(t, all)
}

// worst are the faults of calls that take effect without a reply.
var worst = []faults.Fault{faults.ReplyLost, faults.KilledIn}

// Law 5 with two faults: every pair of calls meets a pair of the worst faults.
// With STRONGROOM_HISTORIES=1000 or more, every pair of calls meets every pair.
func TestLaw5EachPairOfCallsMeetsTheWorstFaults(t *testing.T) {
	t.Parallel()
	w := newFaultyCloud(t)
	kind := kinds["start, report"] // sweep tests faults of the relay
	calls := len(w.callsWithoutFaults(t, kind))
	count, seed := cloudtest.Histories(t, calls*(calls-1)/2) // each pair of calls once
	var all []*history
	for turn := range uint64(len(worst) * len(worst)) {
		for second := range calls {
			for first := range second {
				pair := seed + turn + uint64(first+second)
				all = append(all, w.newHistory(t, kind, plan{first: worst[pair/2%2], second: worst[pair%2]}))
			}
		}
	}
	w.run(t, all[:min(count, len(all))])
}

// Law 5 with random histories: up to three faults of any kind in a history of any
// kind, and clients that give up.
func TestLaw5RandomHistories(t *testing.T) {
	t.Parallel()
	w := newFaultyCloud(t)
	calls := len(w.callsWithoutFaults(t, kinds["start, report, published by the relay"])) // the longest
	count, seed := cloudtest.Histories(t, 1000)
	all := make([]*history, count)
	for i := range all {
		at := seed + uint64(i)
		r := rand.New(rand.NewPCG(at, 0))
		all[i] = w.newHistory(t, &history{reportFirst: r.IntN(4) == 0, dieBeforePublish: r.IntN(4) == 0}, randomPlan(r, calls))
		all[i].name = fmt.Sprintf("STRONGROOM_SEED=%d", at)
		if r.IntN(4) == 0 {
			all[i].maxAttempts = 1
		}
	}
	w.run(t, all)
}

// randomPlan returns a plan with one to three faults among this number of calls.
func randomPlan(r *rand.Rand, calls int) plan {
	p := plan{}
	for range 1 + r.IntN(3) {
		p[r.IntN(calls)] = faults.All[r.IntN(len(faults.All))]
	}
	return p
}
