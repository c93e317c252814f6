package assistantupdate_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/assistantupdate"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// history is a random sequence of runs of one check.
type history struct {
	*rand.Rand
	runs []reportedRun
}

func newHistory(seed uint64, most int) *history {
	h := &history{Rand: rand.New(rand.NewPCG(seed, 7))}
	outcomes := []run.Outcome{run.Success, run.Success, run.Failure, run.Failure, run.Failure, run.Error, run.Timeout, run.Canceled}
	for range 1 + h.IntN(most) {
		r := runAt(h.IntN(2*most), outcomes[h.IntN(len(outcomes))])
		r.id = h.id()
		for range h.IntN(4) {
			r.findings = append(r.findings, finding{fingerprint: string(rune('a' + h.IntN(3))), severity: 1 + h.IntN(4)})
		}
		for range h.IntN(3) {
			name := string(rune('x' + h.IntN(2)))
			r.samples = map[string][]float64{name: {float64(h.IntN(100)), float64(h.IntN(100))}}
		}
		h.runs = append(h.runs, r)
	}
	return h
}

// id returns a UUIDv7 from the history's random numbers.
func (h *history) id() run.ID {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:], h.Uint64())
	binary.BigEndian.PutUint64(id[8:], h.Uint64())
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80
	return run.ID(id.String())
}

// events returns the events of the runs in random order, each at least once, some of
// them several times.
func (h *history) events() []reportedRun {
	events := append([]reportedRun(nil), h.runs...)
	for range h.IntN(len(h.runs) + 1) {
		events = append(events, h.runs[h.IntN(len(h.runs))])
	}
	h.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
	return events
}

func TestAnyHistoryFoldsToTheExpectedState(t *testing.T) {
	t.Parallel()
	count, seed := cloudtest.Histories(t, 1000)
	for i := range uint64(count) {
		h := newHistory(seed+i, 60)
		if diff := gocmp.Diff(factsOf(h.runs), h.foldAll(t)); diff != "" {
			t.Fatalf("STRONGROOM_SEED=%d: expected (-) and stored (+) issues differ:\n%s", seed+i, diff)
		}
	}
}

// foldAll folds the runs without a cloud, in random batches of at most 25.
func (h *history) foldAll(t *testing.T) map[string]fact {
	t.Helper()
	var check issue.Check
	issues := map[issue.ID]issue.Issue{}
	events := h.events()
	for len(events) > 0 {
		size := min(len(events), 1+h.IntN(25))
		var batch []issue.RunResult
		for _, r := range events[:size] {
			batch = append(batch, r.result(t))
		}
		events = events[size:]
		var changed map[issue.ID]issue.Issue
		check, changed = issue.Fold(check, issues, batch)
		maps.Copy(issues, changed)
	}
	facts := map[string]fact{}
	for finger := range map[string]bool{"a": true, "b": true, "c": true} {
		if i, ok := issues[issueIDOf(finger)]; ok {
			facts[finger] = factFrom(i, "Title of "+finger)
		}
	}
	return facts
}

func issueIDOf(finger string) issue.ID {
	return issue.Fingerprint([]byte("key"), run.Start{}, issue.Sighting{Fingerprint: finger})
}

func (r reportedRun) result(t *testing.T) issue.RunResult {
	t.Helper()
	s := issue.RunResult{ID: r.id, Start: r.startRecord(), End: r.start.Add(time.Second), Outcome: r.outcome}
	for i, f := range r.findings {
		s.Sightings = append(s.Sightings, issue.SightingFacts{Number: i + 1, Issue: issueIDOf(f.fingerprint), Severity: f.severity})
	}
	return s
}

func TestLaw5AnyHistoryWithFaultsFoldsToTheExpectedState(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	target := newTarget(t, c)
	count, seed := cloudtest.Histories(t, 200)
	slots := make(chan struct{}, maxConcurrent)
	var all sync.WaitGroup
	for i := range uint64(count) {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			h := newHistory(seed+i, 12)
			w := newFixture(t)
			if err := h.play(t, target, w); err != nil {
				t.Errorf("STRONGROOM_SEED=%d: %v", seed+i, err)
				return
			}
			if diff := gocmp.Diff(factsOf(h.runs), w.storedFacts(t)); diff != "" {
				t.Errorf("STRONGROOM_SEED=%d: expected (-) and stored (+) issues differ:\n%s", seed+i, diff)
			}
			now := baseTime.Add(20 * time.Minute)
			if diff := gocmp.Diff(wantHealth(h.runs, now), w.storedHealth(t, now)); diff != "" {
				t.Errorf("STRONGROOM_SEED=%d: expected (-) and stored (+) SLIs differ:\n%s", seed+i, diff)
			}
			if runs := w.check(t).Runs; runs != len(h.runs) {
				t.Errorf("STRONGROOM_SEED=%d: the check has %d runs of %d", seed+i, runs, len(h.runs))
			}
		})
	}
	all.Wait()
}

// play stores the reports of the runs, and delivers their events by two processes at
// the same time, each event until it is acknowledged.
func (h *history) play(t *testing.T, target *faults.Target, w *fixture) error {
	w.storeReports(t, h.runs...)
	events := h.events()
	workers := []*process{{target: target, fixture: w, plan: randomFaults(h.Uint64(), 25)}, {target: target, fixture: w, plan: randomFaults(h.Uint64(), 25)}}
	faults := make([]error, len(workers))
	var all sync.WaitGroup
	for i, p := range workers {
		all.Go(func() {
			for n := i; n < len(events) && faults[i] == nil; n += len(workers) {
				faults[i] = p.deliver(events[n].id)
			}
			faults[i] = errors.Join(faults[i], p.stop())
		})
	}
	all.Wait()
	return errors.Join(faults...)
}

// process is an updater behind a proxy that makes some of its calls fail. If a fault
// kills it, it is started again.
type process struct {
	target  *faults.Target
	fixture *fixture
	plan    func(method string) faults.Fault

	proxy   *faults.Proxy
	clients *gcp.Clients
	updater *assistantupdate.Updater
}

// newTarget is the cloud's Firestore and KMS, to which all proxies of a test connect.
func newTarget(t *testing.T, c *cloudtest.Cloud) *faults.Target {
	t.Helper()
	target, err := faults.NewTarget(c.As(suite.OperatorAccount).FirestoreHost)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = target.Close() })
	return target
}

// maxConcurrent is how many histories are played at once. Most of their time, they
// wait to try again.
const maxConcurrent = 100

// randomFaults makes one call in odds fail.
func randomFaults(seed uint64, odds int) func(string) faults.Fault {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(seed, 9))
	return func(string) faults.Fault {
		mu.Lock()
		defer mu.Unlock()
		if random.IntN(odds) > 0 {
			return faults.None
		}
		return faults.All[random.IntN(len(faults.All))]
	}
}

// deliver delivers an event until it is acknowledged.
func (p *process) deliver(id run.ID) error {
	var last error
	for range 100 {
		if err := p.start(); err != nil {
			return err
		}
		done := make(chan error, 1)
		go func() { done <- p.updater.Handle(p.proxy.Dead(), p.fixture.message(id)) }()
		select {
		case last = <-done:
			if last == nil && p.proxy.Dead().Err() == nil {
				return nil
			}
		case <-p.proxy.Dead().Done(): // the process is dead, so do not wait for its retries
			last = p.proxy.Dead().Err()
		}
	}
	return fmt.Errorf("the event of %s is never acknowledged: %w", id, last)
}

// start starts a process, unless one is alive.
func (p *process) start() error {
	if p.proxy != nil && p.proxy.Dead().Err() == nil {
		return nil
	}
	if err := p.stop(); err != nil {
		return err
	}
	var err error
	if p.proxy, err = p.target.NewProxy(p.plan); err != nil {
		return err
	}
	config := p.fixture.Cloud.As(suite.OperatorAccount)
	config.FirestoreHost, config.KMSHost = p.proxy.Addr(), p.proxy.Addr()
	p.clients = gcp.NewClients(config)
	p.updater = p.fixture.newUpdaterWith(p.clients)
	return nil
}

func (p *process) stop() error {
	if p.proxy == nil {
		return nil
	}
	_ = p.clients.Close() // its connections may be broken
	return p.proxy.Close()
}
