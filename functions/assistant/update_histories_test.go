package assistant_test

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
	"github.com/strongroom-dev/strongroom/functions/assistant"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// history is one random life of a check.
type history struct {
	*rand.Rand
	runs []told
}

func newHistory(seed uint64, most int) *history {
	h := &history{Rand: rand.New(rand.NewPCG(seed, 7))}
	outcomes := []run.Outcome{run.Success, run.Success, run.Failure, run.Failure, run.Failure, run.Error, run.Timeout, run.Canceled}
	for range 1 + h.IntN(most) {
		r := at(h.IntN(2*most), outcomes[h.IntN(len(outcomes))])
		r.id = h.id()
		for range h.IntN(4) {
			r.found = append(r.found, found{finger: string(rune('a' + h.IntN(3))), severity: 1 + h.IntN(4)})
		}
		for range h.IntN(3) {
			name := string(rune('x' + h.IntN(2)))
			r.samples = map[string][]float64{name: {float64(h.IntN(100)), float64(h.IntN(100))}}
		}
		h.runs = append(h.runs, r)
	}
	return h
}

// id is a UUIDv7 of this history's own making.
func (h *history) id() run.ID {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:], h.Uint64())
	binary.BigEndian.PutUint64(id[8:], h.Uint64())
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80
	return run.ID(id.String())
}

// events are those of the runs: each once at least, some more often, some
// before the run's report was seen by all.
func (h *history) events() []told {
	events := append([]told(nil), h.runs...)
	for range h.IntN(len(h.runs) + 1) {
		events = append(events, h.runs[h.IntN(len(h.runs))])
	}
	h.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
	return events
}

func TestAnyHistoryFoldsToTheTruth(t *testing.T) {
	t.Parallel()
	count, seed := cloudtest.Histories(t, 1000)
	for i := range uint64(count) {
		h := newHistory(seed+i, 60)
		if diff := gocmp.Diff(factsOf(h.runs), h.foldAll(t)); diff != "" {
			t.Fatalf("STRONGROOM_SEED=%d: the truth (-) and the projections (+) differ:\n%s", seed+i, diff)
		}
	}
}

// foldAll folds the runs in random batches of 25 at most, without a cloud.
func (h *history) foldAll(t *testing.T) map[string]fact {
	t.Helper()
	var check issue.Check
	issues := map[issue.ID]issue.Issue{}
	events := h.events()
	for len(events) > 0 {
		size := min(len(events), 1+h.IntN(25))
		var batch []issue.RunResult
		for _, r := range events[:size] {
			batch = append(batch, r.seen(t))
		}
		events = events[size:]
		var changed map[issue.ID]issue.Issue
		check, changed = issue.Fold(check, issues, batch)
		maps.Copy(issues, changed)
	}
	facts := map[string]fact{}
	for finger := range map[string]bool{"a": true, "b": true, "c": true} {
		if i, ok := issues[idOf(finger)]; ok {
			facts[finger] = factFrom(i, "Title of "+finger)
		}
	}
	return facts
}

func idOf(finger string) issue.ID {
	return issue.Fingerprint([]byte("key"), run.Start{}, issue.Sighting{Fingerprint: finger})
}

func (r told) seen(t *testing.T) issue.RunResult {
	t.Helper()
	s := issue.RunResult{ID: r.id, Start: r.begin(), End: r.start.Add(time.Second), Outcome: r.outcome}
	for i, f := range r.found {
		s.Sightings = append(s.Sightings, issue.SightingFacts{Number: i + 1, Issue: idOf(f.finger), Severity: f.severity})
	}
	return s
}

func TestLaw5AnyHistoryOverABadWireComesToTheTruth(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	target := reach(t, c)
	count, seed := cloudtest.Histories(t, 200)
	slots := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for i := range uint64(count) {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			h := newHistory(seed+i, 12)
			w := newWorld(t)
			if err := h.play(t, target, w); err != nil {
				t.Errorf("STRONGROOM_SEED=%d: %v", seed+i, err)
				return
			}
			if diff := gocmp.Diff(factsOf(h.runs), w.known(t)); diff != "" {
				t.Errorf("STRONGROOM_SEED=%d: the truth (-) and the projections (+) differ:\n%s", seed+i, diff)
			}
			now := began.Add(20 * time.Minute)
			if diff := gocmp.Diff(slisOf(h.runs, now), w.health(t, now)); diff != "" {
				t.Errorf("STRONGROOM_SEED=%d: the SLIs (-) and what is kept of them (+) differ:\n%s", seed+i, diff)
			}
			if runs := w.check(t).Runs; runs != len(h.runs) {
				t.Errorf("STRONGROOM_SEED=%d: the check has %d runs of %d", seed+i, runs, len(h.runs))
			}
		})
	}
	all.Wait()
}

// play reports the runs in random order and delivers their events meanwhile, by
// two at once, each until it is acknowledged.
func (h *history) play(t *testing.T, target *faults.Target, w *world) error {
	w.report(t, h.runs...)
	events := h.events()
	workers := []*process{{target: target, world: w, plan: bad(h.Uint64(), 25)}, {target: target, world: w, plan: bad(h.Uint64(), 25)}}
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

// process is an updater behind a wire that fails now and then, and that is
// started again when it dies.
type process struct {
	target *faults.Target
	world  *world
	plan   func(method string) faults.Fault

	wire    *faults.Proxy
	clients *gcp.Clients
	updater *assistant.Updater
}

// reach is where all wires of a test lead to: the cloud's Firestore and KMS.
func reach(t *testing.T, c *cloudtest.Cloud) *faults.Target {
	t.Helper()
	target, err := faults.Reach(c.As(suite.OperatorAccount).FirestoreHost)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = target.Close() })
	return target
}

// atOnce is how many histories go on at once: most of their time they wait to
// try again.
const atOnce = 100

// bad has one call in so many fail.
func bad(seed uint64, odds int) func(string) faults.Fault {
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

// deliver brings an event until it is acknowledged.
func (p *process) deliver(id run.ID) error {
	var last error
	for range 100 {
		if err := p.start(); err != nil {
			return err
		}
		done := make(chan error, 1)
		go func() { done <- p.updater.Handle(p.wire.Dead(), p.world.message(id)) }()
		select {
		case last = <-done:
			if last == nil && p.wire.Dead().Err() == nil {
				return nil
			}
		case <-p.wire.Dead().Done(): // nobody waits for what a dead process would still try
			last = p.wire.Dead().Err()
		}
	}
	return fmt.Errorf("the event of %s is never done: %w", id, last)
}

// start has a process that lives.
func (p *process) start() error {
	if p.wire != nil && p.wire.Dead().Err() == nil {
		return nil
	}
	if err := p.stop(); err != nil {
		return err
	}
	var err error
	if p.wire, err = p.target.Proxy(p.plan); err != nil {
		return err
	}
	config := p.world.Cloud.As(suite.OperatorAccount)
	config.FirestoreHost, config.KMSHost = p.wire.Addr(), p.wire.Addr()
	p.clients = gcp.NewClients(config)
	p.updater = p.world.updaterOf(p.clients)
	return nil
}

func (p *process) stop() error {
	if p.wire == nil {
		return nil
	}
	_ = p.clients.Close() // its connections may be broken
	return p.wire.Close()
}
