package assistantupdate_test

import (
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/assistantupdate"
	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// slots is how many events the embedded cloud delivers at a time.
const slots = 16

// heldClock stops everybody who waits until it is released. Then it jumps ahead.
type heldClock struct {
	fastForwardClock
	held    sync.Mutex
	waiting int
	full    chan struct{} // closed when an event waits in every slot
	release chan struct{}
}

func newHeldClock() *heldClock {
	return &heldClock{full: make(chan struct{}), release: make(chan struct{})}
}

func (c *heldClock) after(d time.Duration) <-chan time.Time {
	c.held.Lock()
	if c.waiting++; c.waiting == slots {
		close(c.full)
	}
	c.held.Unlock()
	fired := make(chan time.Time, 1)
	go func() {
		<-c.release
		fired <- <-c.fastForwardClock.after(d)
	}()
	return fired
}

// deliverInSlots delivers each event once, in a few slots at a time. It calls handled
// for each that is acknowledged, and returns the others.
func deliverInSlots(t *testing.T, updater *assistantupdate.Updater, events []event.Message, handled func(event.Message)) (failed []event.Message) {
	t.Helper()
	queue := make(chan event.Message, len(events))
	for _, m := range events {
		queue <- m
	}
	close(queue)
	var all sync.WaitGroup
	var mu sync.Mutex
	for range slots {
		all.Go(func() {
			for m := range queue {
				if updater.Handle(t.Context(), m) == nil {
					handled(m)
					continue
				}
				mu.Lock()
				failed = append(failed, m)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return failed
}

// While events wait, others do not wait for a slot: neither those of another check
// nor those of another tenant.
func TestWaitingEventsLeaveSlotsForOthers(t *testing.T) {
	t.Parallel()
	for name, hot := range map[string]struct{ checks, runs int }{
		"one check has many runs":    {1, 200},
		"many checks have many runs": {20, 30},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := cloudtest.New(t, suite.Options{})
			mine, other := newFixtureFor(t, c.Tenant(t), c.As(suite.OperatorAccount)), newFixtureFor(t, c.Tenant(t), c.As(suite.OperatorAccount))
			events := mine.storeHotChecks(t, hot.checks, hot.runs)
			ofMine, ofOther := runAt(0, run.Failure, "a"), runAt(0, run.Failure, "a")
			mine.storeReports(t, ofMine)
			other.storeReports(t, ofOther)
			events = append(events, mine.message(ofMine.id), other.message(ofOther.id))

			clock := newHeldClock()
			updater := assistantupdate.New(function.Deps{Clients: c.Operator, Now: clock.now, After: clock.after, Log: slog.New(slog.DiscardHandler)})
			var both sync.WaitGroup
			both.Add(2)
			failed := make(chan []event.Message, 1)
			go func() {
				failed <- deliverInSlots(t, updater, events, func(m event.Message) {
					if id := run.ID(m.Attributes["run"]); id == ofMine.id || id == ofOther.id {
						both.Done()
					}
				})
			}()
			quick := make(chan struct{})
			go func() { both.Wait(); close(quick) }()
			select {
			case <-quick:
			case <-clock.full:
				t.Error("an event waits in every slot")
			}
			close(clock.release)
			for again := <-failed; len(again) > 0 && t.Context().Err() == nil; { // Pub/Sub delivers again
				again = deliverInSlots(t, updater, again, func(event.Message) {})
			}
			c.Drain(t)
			if mine.countPending(t.Context(), t)+other.countPending(t.Context(), t) > 0 {
				t.Error("runs are pending")
			}
		})
	}
}

// storeHotChecks stores reports of many runs of some checks, and returns their events.
func (w *fixture) storeHotChecks(t *testing.T, checks, runs int) (events []event.Message) {
	t.Helper()
	var all []reportedRun
	for n := range checks * runs {
		r := runAt(n, run.Failure, "a")
		r.task = fmt.Sprint("hot-", n%checks)
		all = append(all, r)
		events = append(events, w.message(r.id))
	}
	w.storeReports(t, all...)
	return events
}

// A leader whose time is over publishes the event that continues.
func TestOneEventFoldsMoreRunsThanFitIntoItsTime(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	w := newFixtureFor(t, c.Tenant(t), c.As(suite.OperatorAccount))
	events := w.storeHotChecks(t, 1, 700)
	if err := w.updater.Handle(t.Context(), events[0]); err != nil {
		t.Fatal(err)
	}
	c.Drain(t)
	if n := w.countPending(t.Context(), t); n > 0 {
		t.Errorf("%d runs are pending", n)
	}
}

// The events that relied on a leader are acknowledged. If the leader fails, the next
// delivery of its own event folds their runs, even if its own run is folded.
func TestRunsOfAFailedLeaderAreFoldedByItsNextDelivery(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	r := runAt(0, run.Failure, "a")
	w.storeAndDeliver(t, r)
	w.storeReports(t, runAt(1, run.Failure, "a"))
	w.deliver(t, r)
	if n := w.countPending(t.Context(), t); n > 0 {
		t.Errorf("%d runs are pending", n)
	}
}
