package runs_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
)

// lives are the kinds of lives that a run may have: its start comes first or
// late, and the event is published by the function or left to the relay.
var lives = map[string]*history{
	"start, report":                  {},
	"report, start":                  {late: true},
	"start, report, left to a relay": {mute: true},
}

// like is a new history of a kind, with a plan.
func (w *world) like(t *testing.T, kind *history, p plan) *history {
	return &history{world: w, t: t, run: cloudtest.NewRun(t), plan: p, late: kind.late, mute: kind.mute, limit: 20}
}

// clean gives the calls of a life without faults.
func (w *world) clean(t *testing.T, kind *history) []string {
	t.Helper()
	h := w.like(t, kind, nil)
	if !h.live() {
		t.Fatal("a run without faults was not acknowledged")
	}
	t.Logf("%d calls: %v", len(h.calls), h.calls)
	return h.calls
}

// Law 5: acknowledged means kept, once. Every call of a run's life, from a new
// process on, meets every fault; so does every call of the relay.
func TestLaw5EachCallMeetsEachFault(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var all []*history
	for _, kind := range lives {
		calls := w.clean(t, kind)
		first := 0
		if kind.mute { // up to there it is as the others
			first = slices.Index(calls, "Publish") + 1
		}
		for n := first; n < len(calls); n++ {
			for _, fault := range faults.All {
				all = append(all, w.like(t, kind, plan{n: fault}))
			}
		}
	}
	w.run(t, all)
}

// worst are the faults that take effect while nobody learns of it.
var worst = []faults.Fault{faults.ReplyLost, faults.KilledIn}

// Law 5, twice: every two calls of a life meet two of the worst faults; with
// STRONGROOM_HISTORIES=1000 and more, every two of them.
func TestLaw5EachTwoCallsMeetTheWorstFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	kind := lives["start, report"] // what a relay does twice is tested where it is at home, in sweep
	calls := len(w.clean(t, kind))
	count, seed := cloudtest.Histories(t, calls*(calls-1)/2) // each two calls once
	var all []*history
	for turn := range uint64(len(worst) * len(worst)) {
		for second := range calls {
			for first := range second {
				pair := seed + turn + uint64(first+second)
				all = append(all, w.like(t, kind, plan{first: worst[pair/2%2], second: worst[pair%2]}))
			}
		}
	}
	w.run(t, all[:min(count, len(all))])
}

// Law 5, by chance: up to three faults of any kind in a life of any kind, and
// clients that give up.
func TestLaw5RandomHistories(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	calls := len(w.clean(t, lives["start, report, left to a relay"])) // the longest
	count, seed := cloudtest.Histories(t, 1000)
	all := make([]*history, count)
	for i := range all {
		at := seed + uint64(i)
		r := rand.New(rand.NewPCG(at, 0))
		all[i] = w.like(t, &history{late: r.IntN(4) == 0, mute: r.IntN(4) == 0}, randomPlan(r, calls))
		all[i].name = fmt.Sprintf("STRONGROOM_SEED=%d", at)
		if r.IntN(4) == 0 {
			all[i].limit = 1
		}
	}
	w.run(t, all)
}

// randomPlan has one to three faults among so many calls.
func randomPlan(r *rand.Rand, calls int) plan {
	p := plan{}
	for range 1 + r.IntN(3) {
		p[r.IntN(calls)] = faults.All[r.IntN(len(faults.All))]
	}
	return p
}
