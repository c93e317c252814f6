package exportworker_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/shared/export"
)

// maxWorlds bounds the worlds at a time. It is more than the number of processors,
// because a client waits before it tries a call again.
const maxWorlds = 6

// exportsOfATenant is how many exports a history makes of one tenant, before it continues
// with a new one.
const exportsOfATenant = 5

// callsOfAnExport is about how many calls the workers of an export make.
const callsOfAnExport = 120

// concurrently runs n subtests, several at a time.
func concurrently(t *testing.T, n int, test func(t *testing.T, i int)) {
	t.Helper()
	var group errgroup.Group
	group.SetLimit(maxWorlds)
	for i := range n {
		group.Go(func() error {
			t.Run(fmt.Sprint("world ", i), func(t *testing.T) { test(t, i) })
			return nil
		})
	}
	_ = group.Wait() // the subtests report their faults
}

// Law 11: an export has everything that was written by its read time and after the
// time From, exactly once, and nothing else. Random histories write before, at and
// after the read time, and while one or two workers get messages twice, late and at
// once, calls fail, and processes are killed.
func TestLaw11ExportIsWhole(t *testing.T) {
	t.Parallel()
	count, seed := cloudtest.Histories(t, 60)
	worlds := min(maxWorlds, count)
	concurrently(t, worlds, func(t *testing.T, i int) {
		w := newWorld(t, limits{documents: 3 + i%3, bytes: []int{300, 1 << 20}[i%2], listed: 2 + i%2})
		var h *history
		for n, i := 0, i; i < count; n, i = n+1, i+worlds {
			r := rand.New(rand.NewPCG(seed+uint64(i), 1))
			if n%exportsOfATenant == 0 {
				h = newHistory(t, w, r)
			}
			plan := faultPlan{}
			for range r.IntN(4) {
				plan[r.IntN(callsOfAnExport)] = faults.All[r.IntN(len(faults.All))]
			}
			h.play(t, r, plan, 1+r.IntN(2))
		}
	})
}

// smallLimits give an export of three grants two parts with rows.
var smallLimits = limits{documents: 2, bytes: 1 << 20, listed: 5}

// newSmallHistory returns a tenant whose inventory has three rows, and which has two
// configurations.
func newSmallHistory(t *testing.T, w *world) *history {
	t.Helper()
	h := newHistory(t, w, rand.New(rand.NewPCG(1, 1)))
	changed := map[key]int{}
	for range 3 {
		changed[key{export.GrantsTable, "prod", cloudtest.NewRun(t)}] = h.number()
	}
	for _, w := range workspaces[:2] {
		changed[key{export.ConfigsTable, w, "main"}] = h.number()
	}
	h.commit(t, changed, nil)
	return h
}

// exportAgain exports a kind with a new worker, so that a plan's calls include those that
// only its first part makes.
func (h *history) exportAgain(t *testing.T, kind export.Kind, plan faultPlan) (calls int) {
	t.Helper()
	h.stop(0)
	r := rand.New(rand.NewPCG(1, 1))
	return h.export(t, r, h.request(t, []export.Kind{kind}, commit{}, nil), plan, 1)
}

// faultyKinds returns the kinds whose calls fail in the tests of one and of two faults:
// one that only writes rows, one that also copies objects, one that also writes bundles, or a
// random one of these.
func faultyKinds(all bool) []export.Kind {
	kinds := []export.Kind{export.Inventory, export.Outputs, export.Configuration}
	if all {
		return kinds
	}
	i := rand.IntN(len(kinds))
	return kinds[i : i+1]
}

// Law 11: an export is whole, whichever call of a worker fails and however it fails.
// One run tries each call of an export of a random kind with one kind of fault, beginning
// with a random one. STRONGROOM_HISTORIES tries each call with each kind of fault, of an
// export of rows, of one that copies objects, and of one that writes bundles.
func TestLaw11ExportIsWholeAfterEachFault(t *testing.T) {
	t.Parallel()
	tried := cloudtest.Sampled(len(faults.All))
	kinds := faultyKinds(os.Getenv("STRONGROOM_HISTORIES") != "")
	concurrently(t, maxWorlds, func(t *testing.T, i int) {
		h := newSmallHistory(t, newWorld(t, smallLimits))
		for _, exported := range kinds {
			for call := range h.exportAgain(t, exported, nil) {
				for kind, fault := range faults.All {
					if (call*len(faults.All)+kind)%maxWorlds == i && tried(call+kind) {
						h.exportAgain(t, exported, faultPlan{call: fault})
					}
				}
			}
		}
	})
}

// Law 11: the same with two faults. One run tries every third call with a random later
// one and random faults. STRONGROOM_HISTORIES tries each pair of calls.
func TestLaw11ExportIsWholeAfterTwoFaults(t *testing.T) {
	t.Parallel()
	all, tried := os.Getenv("STRONGROOM_HISTORIES") != "", cloudtest.Sampled(3)
	any := func() faults.Fault { return faults.All[rand.IntN(len(faults.All))] }
	kinds := faultyKinds(all)
	concurrently(t, maxWorlds, func(t *testing.T, i int) {
		h := newSmallHistory(t, newWorld(t, smallLimits))
		for _, exported := range kinds {
			calls := h.exportAgain(t, exported, nil)
			for a := i; a < calls; a += maxWorlds {
				if !all {
					if tried(a) {
						h.exportAgain(t, exported, faultPlan{a: any(), a + 1 + rand.IntN(calls/2): any()})
					}
					continue
				}
				for b := a + 1; b < calls; b++ {
					h.exportAgain(t, exported, faultPlan{a: any(), b: any()})
				}
			}
		}
	})
}

// Law 11: of exports whose ranges follow each other, the newest row of each document
// is the document as it is at the end. Ranges that overlap change nothing, and neither
// does a request that is made again after its export has ended.
func TestLaw11ConsecutiveExportsHaveTheLatestRows(t *testing.T) {
	t.Parallel()
	w := newWorld(t, smallLimits)
	r := rand.New(rand.NewPCG(rand.Uint64(), 1))
	h := newHistory(t, w, r)
	h.tables, h.deletesNone = []export.Table{export.RunsTable, export.GrantsTable, export.SLIsTable, export.ConfigsTable}, true
	kinds, latest, last, before := []export.Kind{export.Configuration, export.Inventory, export.Metadata}, map[string]string{}, commit{}, commit{}
	for i := range 4 {
		h.write(t, r)
		wanted := h.request(t, kinds, last, nil)
		if i == 2 {
			wanted = h.request(t, kinds, before, nil) // also the range before
		}
		h.export(t, r, wanted, nil, 2)
		again := h.objects(t, h.exported(t, wanted.ID))
		h.create(t, wanted)
		for range 3 {
			h.put(h.delivered[r.IntN(len(h.delivered))]) // late
			h.deliver(t, r, 2)
		}
		if diff := cmp.Diff(again, h.objects(t, h.exported(t, wanted.ID))); diff != "" {
			t.Errorf("late messages change the export: %s", diff)
		}
		for table, rows := range h.check(t, wanted, i) {
			for _, row := range rows {
				name, version, _ := strings.Cut(row, " version ")
				latest[string(table)+" "+name] = version
			}
		}
		before, last = last, wanted.before
	}
	want := map[string]string{}
	for k, v := range last.documents {
		want[fmt.Sprint(k.table, " ", k.workspace, " ", k.id)] = fmt.Sprint(v.number)
	}
	if diff := cmp.Diff(want, latest); diff != "" {
		t.Errorf("the newest rows are not the documents: %s", diff)
	}
}
