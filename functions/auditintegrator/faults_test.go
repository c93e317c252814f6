package auditintegrator_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/auditintegrator"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// faultPlan maps the index of a call, counted from 0, to the fault that is
// injected.
type faultPlan map[int]faults.Fault

// wire injects the faults of a plan into the calls of all processes that use it.
type wire struct {
	mu    sync.Mutex
	plan  faultPlan
	calls []string
}

func (w *wire) next(call string) faults.Fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, call)
	return w.plan[len(w.calls)-1]
}

// overHTTP is the fault of a request for a planned fault of any kind.
var overHTTP = map[faults.Fault]faults.Fault{
	faults.Lost: faults.Lost, faults.ReplyLost: faults.ReplyLost, faults.Twice: faults.None, faults.Late: faults.Lost,
	faults.Aborted: faults.Unavailable, faults.Exhausted: faults.Unavailable, faults.Killed: faults.Lost, faults.KilledIn: faults.ReplyLost,
}

// process calls one integrator until it dies or has nothing to do. It reports
// whether it had nothing to do.
func (f fixture) process(t *testing.T, w *wire) (idle bool) {
	t.Helper()
	config := f.Cloud.As(suite.FunctionAccount("audit-integrator"))
	var dead atomic.Bool
	inject := func(call string) faults.Fault {
		if dead.Load() {
			return faults.Killed
		}
		fault := w.next(call)
		if fault == faults.Killed || fault == faults.KilledIn {
			dead.Store(true)
		}
		return fault
	}
	stores, kms := grpcProxy(t, config.FirestoreHost, inject), grpcProxy(t, config.KMSHost, inject)
	objects, err := faults.NewHTTP(faults.HTTPConfig{Fault: func(r *http.Request) faults.Fault {
		return overHTTP[inject(r.Method)]
	}}, "http://"+config.StorageHost)
	if err != nil {
		t.Fatal(err)
	}
	config.FirestoreHost, config.KMSHost = stores.Addr(), kms.Addr()
	config.StorageHost = strings.TrimPrefix(objects.URL("http://"+config.StorageHost), "http://")
	clients := gcp.NewClients(config)
	defer func() { _, _, _, _ = clients.Close(), stores.Close(), kms.Close(), objects.Close() }() // connections may be broken
	_, settings, err := function.Settings[auditintegrator.Config](f.Cloud.FunctionEnviron("audit-integrator"))
	if err != nil {
		t.Fatal(err)
	}
	h, err := auditintegrator.New(t.Context(), settings, function.Deps{Clients: clients, Now: f.Cloud.Clock.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil))
		if dead.Load() {
			return false
		}
		var result auditintegrator.Result
		if answer.Code == http.StatusOK && json.Unmarshal(answer.Body.Bytes(), &result) == nil && result == (auditintegrator.Result{}) {
			return true
		}
	}
	return false
}

func grpcProxy(t *testing.T, host string, inject func(string) faults.Fault) *faults.Proxy {
	t.Helper()
	p, err := faults.New(host, inject)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// history is a log that grows while it is integrated, and everything that was
// ever published of it.
type history struct {
	fixture
	last published

	mu       sync.Mutex
	appended []string
	again    []auditlog.Prepared // committed once; their commit is sent again later
}

func newHistory(t *testing.T) *history {
	t.Helper()
	return &history{fixture: newFixture(t, cloudtest.New(t, suite.Options{}).Tenant(t))}
}

// grow appends n entries. Some are committed again later, as a client does that
// lost the reply.
func (h *history) grow(t *testing.T, n int) {
	t.Helper()
	for i := range n {
		p, err := h.log.Prepare(t.Context(), h.db, auditlog.Entry{Tenant: h.ID, Actor: auditlog.Actor{Subject: "a"}, Action: auditlog.StartRun})
		if err != nil {
			t.Error(err)
			return
		}
		h.commit(t, p)
		h.mu.Lock()
		h.appended = append(h.appended, p.ID)
		if i%3 == 0 {
			h.again = append(h.again, p)
		}
		h.mu.Unlock()
	}
}

func (h *history) commit(t *testing.T, p auditlog.Prepared) {
	t.Helper()
	err := h.db.RunTransaction(t.Context(), func(_ context.Context, tx *firestore.Transaction) error { return p.Write(tx) })
	if err != nil {
		t.Error(err)
	}
}

// repeat sends the commits again whose reply is supposed to be lost.
func (h *history) repeat(t *testing.T) {
	t.Helper()
	h.mu.Lock()
	again := h.again
	h.again = nil
	h.mu.Unlock()
	for _, p := range again {
		h.commit(t, p)
	}
}

// integrate runs integrators, each a process of its own and as many at once as
// concurrently says, until one has nothing to do. Entries are appended before
// each round and while it runs, and commits are repeated.
func (h *history) integrate(t *testing.T, plan faultPlan, concurrently int) []string {
	t.Helper()
	w := &wire{plan: plan}
	for round := range 10 {
		if round < 2 {
			h.grow(t, 2)
		}
		h.repeat(t)
		var idle atomic.Int32
		var group errgroup.Group
		for range concurrently {
			group.Go(func() error {
				if h.process(t, w) {
					idle.Add(1)
				}
				return nil
			})
		}
		if round == 0 {
			group.Go(func() error { h.grow(t, 4); return nil })
		}
		_ = group.Wait()
		if round > 1 && int(idle.Load()) == concurrently {
			return w.calls
		}
	}
	t.Fatalf("%v: the integrators never finish; calls %v", plan, w.calls)
	return nil
}

// check reads the log, and compares it with what was appended and with what was
// published before.
func (h *history) check(t *testing.T, about any) {
	t.Helper()
	now := h.read(t, context.WithoutCancel(t.Context()))
	if now.size < h.last.size || !slices.EqualFunc(now.entries[:h.last.size], h.last.entries, slices.Equal[[]byte]) {
		t.Fatalf("%v: the log was rewritten", about)
	}
	got, want := slices.Sorted(slices.Values(now.ids)), slices.Sorted(slices.Values(h.appended))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%v: the log does not have every entry once: %s", about, diff)
	}
	h.last = now
}

// callsOfARound is about how many calls an integrator makes until it has nothing
// to do.
const callsOfARound = 24

// The log has every entry exactly once, in an order that never changes, whichever
// calls of the integrator fail and however they fail, with one or two faults.
func TestEachFaultAtEachCallLosesAndChangesNothing(t *testing.T) {
	t.Parallel()
	worst := []faults.Fault{faults.ReplyLost, faults.Late, faults.KilledIn, faults.Lost}
	for _, fault := range faults.All {
		t.Run(fmt.Sprintf("a call that is %s, and a second fault", fault), func(t *testing.T) {
			t.Parallel()
			h := newHistory(t)
			h.grow(t, 240)
			h.integrate(t, nil, 1)
			for first := range callsOfARound {
				second := first + 1 + rand.IntN(4)
				plan := faultPlan{first: fault, second: worst[second%len(worst)]}
				h.integrate(t, plan, 1)
				h.check(t, plan)
			}
		})
	}
}

// Random histories: entries are appended while two integrators work, calls fail,
// and processes die.
func TestHistoriesWithTwoIntegratorsNeverFork(t *testing.T) {
	t.Parallel()
	count, seed := cloudtest.Histories(t, 40)
	h := newHistory(t)
	for i := range count {
		r := rand.New(rand.NewPCG(seed+uint64(i), 0))
		plan := faultPlan{}
		for range r.IntN(4) {
			plan[r.IntN(40)] = faults.All[r.IntN(len(faults.All))]
		}
		h.grow(t, r.IntN(40))
		h.integrate(t, plan, 1+r.IntN(2))
		h.check(t, fmt.Sprintf("seed %d, %v", seed+uint64(i), plan))
	}
}
