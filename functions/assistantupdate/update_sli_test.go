package assistantupdate_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/functions/assistantupdate"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// signalingClock stops everybody who waits, and says so, until it is released. It stands still
// otherwise, so that a slow machine has nobody wait less.
type signalingClock struct {
	fastForwardClock
	started        time.Time
	waits, release chan struct{}
}

func (c *signalingClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.started.Add(c.ahead)
}

func (c *signalingClock) after(d time.Duration) <-chan time.Time {
	fired := make(chan time.Time, 1)
	go func() {
		c.waits <- struct{}{}
		<-c.release
		fired <- <-c.fastForwardClock.after(d)
	}()
	return fired
}

// TestIssuesDoNotWaitForAnSLI has a run whose samples must wait, because another run
// has just written their SLI.
func TestIssuesDoNotWaitForAnSLI(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	clock := &signalingClock{started: time.Now(), waits: make(chan struct{}, 100), release: make(chan struct{})}
	w.updater = assistantupdate.New(function.Deps{Clients: w.Cloud.Operator, Now: clock.now, After: clock.after, Log: slog.New(slog.DiscardHandler)})
	first, second := runAt(0, run.Success), runAt(1, run.Failure, "down")
	first.task, first.samples = "other-check", map[string][]float64{"latency": {1}}
	second.findings[0].severity, second.samples = 1, map[string][]float64{"latency": {2}}
	w.storeAndDeliver(t, first)
	w.storeReports(t, second)
	handled := make(chan error, 1)
	go func() { handled <- w.updater.Handle(t.Context(), w.message(second.id)) }()
	select {
	case <-clock.waits:
	case err := <-handled:
		t.Fatalf("the event did not have to wait: %v", err)
	}
	if got := w.issue(t, "down"); got.Severity != 1 || got.Runs != 1 {
		t.Errorf("while the samples wait, the issue is %+v", got)
	}
	if pending := w.countPending(t.Context(), t); pending != 1 {
		t.Errorf("%d runs are pending", pending)
	}
	close(clock.release)
	if err := <-handled; err != nil {
		t.Fatal(err)
	}
	w.deliver(t, second) // the same event again
	if got := w.issue(t, "down"); got.Runs != 1 || got.Sightings != 1 || w.check(t).Runs != 1 {
		t.Errorf("the run counts more than once: %+v", got)
	}
	samples := w.sli(t, "latency").Health(baseTime.Add(2 * time.Minute)).Hour.Samples
	if pending := w.countPending(t.Context(), t); pending > 0 || samples != 2 {
		t.Errorf("%d runs are pending, and the SLI has %d samples", pending, samples)
	}
}
