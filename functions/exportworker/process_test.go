package exportworker_test

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/exportworker"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// faultPlan maps the index of a call, counted from 0, to the fault that is injected.
type faultPlan map[int]faults.Fault

// wire injects the faults of a plan into the calls of all processes that use it. The
// zero wire injects none.
type wire struct {
	mu    sync.Mutex
	plan  faultPlan
	calls int
	sent  []string // requests to Cloud Storage
}

// record notes a request to Cloud Storage.
func (w *wire) record(r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, r.Method+" "+r.URL.Path)
}

func (w *wire) next() faults.Fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls++
	return w.plan[w.calls-1]
}

// follow makes the next call the first one of a plan. It returns the number of calls
// since it was called last.
func (w *wire) follow(plan faultPlan) (calls int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	calls = w.calls
	w.plan, w.calls, w.sent = plan, 0, nil
	return calls
}

// requests returns the requests to Cloud Storage since follow was called last.
func (w *wire) requests() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.sent)
}

// overHTTP is the fault of a request for a planned fault of any kind.
var overHTTP = map[faults.Fault]faults.Fault{
	faults.Lost: faults.Lost, faults.ReplyLost: faults.ReplyLost, faults.Twice: faults.None, faults.Late: faults.Lost,
	faults.Aborted: faults.Unavailable, faults.Exhausted: faults.Unavailable, faults.Killed: faults.Lost, faults.KilledIn: faults.ReplyLost,
}

// process is a worker in a process of its own, over connections that fail as the
// world's wire plans. It is dead after a fault that kills.
type process struct {
	*exportworker.Worker
	dead  context.Context // ends when the process is killed
	parts []func() error  // that close
}

func (w *world) newProcess(t *testing.T) *process {
	t.Helper()
	p := &process{}
	dead, kill := context.WithCancel(t.Context())
	p.dead = dead
	inject := func(string) faults.Fault {
		if dead.Err() != nil {
			return faults.Killed
		}
		fault := w.wire.next()
		if fault == faults.Killed || fault == faults.KilledIn {
			kill()
		}
		return fault
	}
	config := w.As(suite.FunctionAccount("export-worker"))
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	stores, err := w.targets.stores.NewProxy(inject)
	must(err)
	messages, err := w.targets.messages.NewProxy(inject)
	must(err)
	objects, err := faults.NewHTTP(faults.HTTPConfig{Fault: func(r *http.Request) faults.Fault {
		w.wire.record(r)
		return overHTTP[inject("")]
	}}, "http://"+config.StorageHost)
	must(err)
	config.FirestoreHost, config.KMSHost, config.PubSubHost = stores.Addr(), stores.Addr(), messages.Addr()
	config.StorageHost = strings.TrimPrefix(objects.URL("http://"+config.StorageHost), "http://")
	clients := gcp.NewClients(config)
	p.parts = []func() error{func() error { kill(); return nil }, clients.Close, stores.Close, messages.Close, objects.Close}
	_, settings, err := function.Settings[exportworker.Config](w.FunctionEnviron("export-worker"))
	must(err)
	p.Worker, err = exportworker.New(t.Context(), settings, function.Deps{Clients: clients, Now: w.Clock.Now, Log: slog.New(slog.DiscardHandler)})
	must(err)
	p.SetLimits(w.limits.documents, w.limits.bytes, w.limits.listed)
	return p
}

// close ends the process. Its connections may be broken.
func (p *process) close() {
	for _, part := range p.parts {
		_ = part()
	}
}
