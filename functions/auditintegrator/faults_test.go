package auditintegrator_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/auditintegrator"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// faultPlan maps the index of a call, counted from 0, to the fault that is
// injected.
type faultPlan map[int]faults.Fault

// wire injects the faults of a plan into the calls of all processes that use it.
// The zero wire injects none.
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

// follow makes the next call the first one of a plan.
func (w *wire) follow(plan faultPlan) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.plan, w.calls = plan, nil
}

// made returns the calls since follow.
func (w *wire) made() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls
}

// overHTTP is the fault of a request for a planned fault of any kind.
var overHTTP = map[faults.Fault]faults.Fault{
	faults.Lost: faults.Lost, faults.ReplyLost: faults.ReplyLost, faults.Twice: faults.None, faults.Late: faults.Lost,
	faults.Aborted: faults.PreconditionFailed, faults.Exhausted: faults.Unavailable, faults.Killed: faults.Lost, faults.KilledIn: faults.ReplyLost,
}

// process is an integrator in a process of its own, over connections that fail as
// its wire plans.
type process struct {
	handler http.Handler
	dead    atomic.Bool
	parts   []func() error // that close
}

// newProcess starts an integrator whose clock is now.
func (f fixture) newProcess(t testing.TB, target *faults.Target, w *wire, now func() time.Time) *process {
	t.Helper()
	p := &process{}
	inject := func(call string) faults.Fault {
		if p.dead.Load() {
			return faults.Killed
		}
		fault := w.next(call)
		if fault == faults.Killed || fault == faults.KilledIn {
			p.dead.Store(true)
		}
		return fault
	}
	config := f.Cloud.As(suite.FunctionAccount("audit-integrator"))
	calls, err := target.NewProxy(inject)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := faults.NewHTTP(faults.HTTPConfig{Fault: func(r *http.Request) faults.Fault {
		return overHTTP[inject(r.Method+" "+r.URL.Query().Get("name"))]
	}}, "http://"+config.StorageHost)
	if err != nil {
		t.Fatal(err)
	}
	config.FirestoreHost, config.KMSHost = calls.Addr(), calls.Addr()
	config.StorageHost = strings.TrimPrefix(objects.URL("http://"+config.StorageHost), "http://")
	clients := gcp.NewClients(config)
	p.parts = []func() error{clients.Close, calls.Close, objects.Close}
	_, settings, err := function.Settings[auditintegrator.Config](f.Cloud.FunctionEnviron("audit-integrator"))
	if err != nil {
		t.Fatal(err)
	}
	p.handler, err = auditintegrator.New(t.Context(), settings, function.Deps{Clients: clients, Now: now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// run calls the integrator until it dies or has nothing to do. It reports whether
// it had nothing to do.
func (p *process) run(ctx context.Context) (idle bool) {
	for range 10 {
		answer := httptest.NewRecorder()
		p.handler.ServeHTTP(answer, httptest.NewRequestWithContext(ctx, http.MethodPost, "/", nil))
		if p.dead.Load() {
			return false
		}
		var result auditintegrator.Result
		if answer.Code == http.StatusOK && json.Unmarshal(answer.Body.Bytes(), &result) == nil && result == (auditintegrator.Result{}) {
			return true
		}
	}
	return false
}

// close lets the late calls of the process arrive.
func (p *process) close() {
	for _, part := range p.parts {
		_ = part() // the connections may be broken
	}
}
