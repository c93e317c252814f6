package configgraph_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// play makes the graph of one commit without faults, and that of the next one with faults:
// it delivers the message until it is acknowledged. It returns the number of calls.
func (f *fixture) play(t *testing.T, target *faults.Target, plan func(call int64) faults.Fault) int64 {
	t.Helper()
	f.putInEffect(t, "c1", elementsOf("c1", 3))
	if err := f.updater.Handle(t.Context(), f.message()); err != nil {
		t.Fatal(err)
	}
	elements := elementsOf("c2", 55)
	f.putInEffect(t, "c2", elements)
	var calls atomic.Int64
	if err := f.deliver(target, func(string) faults.Fault { return plan(calls.Add(1)) }); err != nil {
		t.Fatal(err)
	}
	f.wantGraph(t, "c2", elements)
	return calls.Load()
}

// deliver delivers the message to one process after another, until one acknowledges it.
func (f *fixture) deliver(target *faults.Target, plan func(string) faults.Fault) (err error) {
	for range 50 {
		acknowledged, err := f.deliverOnce(target, plan)
		if acknowledged || err != nil {
			return err
		}
	}
	return errors.New("the message is never acknowledged")
}

func (f *fixture) deliverOnce(target *faults.Target, plan func(string) faults.Fault) (acknowledged bool, err error) {
	proxy, err := target.NewProxy(plan)
	if err != nil {
		return false, err
	}
	config := f.Cloud.As(suite.FunctionAccount("config-graph"))
	config.FirestoreHost, config.KMSHost = proxy.Addr(), proxy.Addr()
	clients := gcp.NewClients(config)
	done := make(chan error, 1)
	go func() { done <- f.newUpdater(clients).Handle(proxy.Dead(), f.message()) }()
	select {
	case err := <-done:
		acknowledged = err == nil && proxy.Dead().Err() == nil
	case <-proxy.Dead().Done(): // the process is dead, so do not wait for its retries
	}
	_ = clients.Close() // its connections may be broken
	return acknowledged, proxy.Close()
}

func TestAFaultAtAnyCallChangesNothing(t *testing.T) {
	t.Parallel()
	base := newFixture(t, cloudtest.Shared(t))
	target, err := faults.NewTarget(base.Cloud.As(suite.OperatorAccount).FirestoreHost)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = target.Close() })
	calls := base.inOtherWorkspace().play(t, target, func(int64) faults.Fault { return faults.None })
	count, seed := cloudtest.Histories(t, 20)
	t.Logf("%d calls, and %d random histories", calls, count)
	slots := make(chan struct{}, 30)
	var all sync.WaitGroup
	play := func(name string, plan func(int64) faults.Fault) {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			t.Run(name, func(t *testing.T) { base.inOtherWorkspace().play(t, target, plan) })
		})
	}
	kinds := []faults.Fault{faults.ReplyLost, faults.KilledIn} // the worst
	if count >= 500 {
		kinds = faults.All
	}
	for call := range calls {
		for _, fault := range kinds {
			play(fmt.Sprintf("%v at call %d", fault, call+1), func(n int64) faults.Fault {
				if n == call+1 {
					return fault
				}
				return faults.None
			})
		}
	}
	for n := range count {
		random := rand.New(rand.NewPCG(seed, uint64(n)))
		var mu sync.Mutex
		play(fmt.Sprintf("seed %d, history %d", seed, n), func(int64) faults.Fault {
			mu.Lock()
			defer mu.Unlock()
			if random.IntN(8) > 0 {
				return faults.None
			}
			return faults.All[random.IntN(len(faults.All))]
		})
	}
	all.Wait()
}
