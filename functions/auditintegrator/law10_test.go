package auditintegrator_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/shared/tilelog"
)

// callsOfAProcess is about how many calls a new process makes until it has nothing
// to do.
const callsOfAProcess = 30

// Law 10: no two checkpoints contradict each other, and the log has every entry once,
// whichever call of the integrator fails and however it fails. Every history
// completes a bundle.
func TestLaw10CheckpointsNeverContradict(t *testing.T) {
	t.Parallel()
	tried := cloudtest.Sampled(1)
	concurrently(t, len(faults.All), func(t *testing.T, kind int) {
		h := newHistory(t)
		for call := range callsOfAProcess {
			if !tried(call + kind) {
				continue
			}
			h.stop(0) // a new process also reads the keys
			h.fail(t, faultPlan{call: faults.All[kind]}, h.toFullBundle())
		}
		h.checkAllCheckpoints(t)
	})
}

// The same for each pair of calls. STRONGROOM_HISTORIES tries each pair with eight
// pairs of faults, otherwise it is one of them.
func TestLaw10CheckpointsNeverContradictAfterTwoFaults(t *testing.T) {
	t.Parallel()
	tried := cloudtest.Sampled(len(faults.All))
	second := []faults.Fault{faults.ReplyLost, faults.Late, faults.KilledIn, faults.Lost}
	concurrently(t, len(faults.All), func(t *testing.T, kind int) {
		h, pair := newHistory(t), kind
		for a := range callsOfAProcess {
			for b := a + 1; b < callsOfAProcess; b++ {
				if pair++; !tried(pair) {
					continue
				}
				n := 6
				if b%4 == 0 {
					n = h.toFullBundle()
				}
				h.fail(t, faultPlan{a: faults.All[(kind+a)%len(faults.All)], b: second[(kind+b)%len(second)]}, n)
			}
		}
		h.checkAllCheckpoints(t)
	})
}

// fail integrates n new entries while calls fail, and checks the log.
func (h *history) fail(t *testing.T, plan faultPlan, n int) {
	t.Helper()
	h.integrate(t, plan, n, 1)
	h.check(t, plan)
}

// maxWorkers bounds the clouds that run at the same time. It is more than the number
// of processors, because an integrator mostly waits before it tries again.
const maxWorkers = 8

// concurrently runs n subtests, several at a time.
func concurrently(t *testing.T, n int, test func(t *testing.T, i int)) {
	t.Helper()
	var group errgroup.Group
	group.SetLimit(maxWorkers)
	for i := range n {
		group.Go(func() error {
			t.Run(fmt.Sprint("part ", i), func(t *testing.T) { test(t, i) })
			return nil
		})
	}
	_ = group.Wait() // the subtests report their faults
}

// toFullBundle returns how many entries to append so that a bundle becomes full.
func (h *history) toFullBundle() int {
	return tilelog.TileWidth - int(h.model.tree.Size()%tilelog.TileWidth)
}

// jumps are by how much a clock is wrong.
var jumps = []time.Duration{0, 0, 0, -time.Second, -25 * time.Hour, 90 * time.Minute, 1000 * time.Hour}

// Law 10, with random histories: entries are appended while one or two integrators
// work, calls fail, processes are killed, clocks jump, and entries commit late or
// again.
func TestLaw10EveryActionIsInTheLogOnce(t *testing.T) {
	t.Parallel()
	count, seed := cloudtest.Histories(t, 1000)
	workers := min(maxWorkers, count)
	concurrently(t, workers, func(t *testing.T, worker int) {
		h := newHistory(t)
		for i := worker; i < count; i += workers {
			r := rand.New(rand.NewPCG(seed+uint64(i), 0))
			plan := faultPlan{}
			for range r.IntN(4) {
				plan[r.IntN(40)] = faults.All[r.IntN(len(faults.All))]
			}
			h.jump.Store(int64(jumps[r.IntN(len(jumps))]))
			h.integrate(t, plan, r.IntN(16), 1+r.IntN(2))
			h.check(t, fmt.Sprintf("seed %d, %v", seed+uint64(i), plan))
		}
		h.checkAllCheckpoints(t)
	})
}
