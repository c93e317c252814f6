package sweep_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/sweep"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/outbox"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// relayCloud is a cloud whose outbox has entries that only the sweep of a test
// publishes.
type relayCloud struct {
	*cloudtest.Cloud
	db     *firestore.Client
	tenant *cloudtest.Tenant

	mu        sync.Mutex
	published map[string]int // messages by outbox entry
}

func newRelayCloud(t *testing.T) *relayCloud {
	t.Helper()
	f := newFixture(t)
	o := &relayCloud{Cloud: f.Cloud, db: f.db, tenant: f.Tenant(t), published: map[string]int{}}
	o.PubSub.OnPublish(func(_ string, _ []byte, attributes map[string]string) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.published[attributes["entry"]]++
	})
	return o
}

// addEntries writes outbox entries that are old enough for the sweep, and returns
// their IDs.
func (o *relayCloud) addEntries(t *testing.T, n int) (ids []string) {
	t.Helper()
	for range n {
		id := cloudtest.NewRun(t)
		e := outbox.Entry{ID: id, Topic: outbox.RunEvents, Tenant: o.tenant.ID, Workspace: o.tenant.Workspace, Run: run.ID(id),
			Kind: "test", Created: o.Clock.Now().Add(-time.Minute)}
		err := o.db.RunTransaction(t.Context(), func(_ context.Context, tx *firestore.Transaction) error { return e.Write(tx, o.db) })
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

// faultPlan maps the index of a call, counted from 0, to the fault that is injected.
type faultPlan map[int]faults.Fault

// sweeps runs sweeps until one has nothing to do, with faults injected as planned,
// and returns the calls that the sweeps made. When a process dies, another starts.
func (o *relayCloud) sweeps(t *testing.T, p faultPlan) (calls []string) {
	t.Helper()
	var mu sync.Mutex
	inject := func(method string) faults.Fault {
		mu.Lock()
		defer mu.Unlock()
		calls = append(calls, method)
		return p[len(calls)-1]
	}
	for range 10 {
		if o.process(t, inject) {
			return calls
		}
	}
	t.Errorf("%v: the sweep never finishes; calls %v", p, calls)
	return calls
}

// process calls one process until it dies or has nothing to do.
func (o *relayCloud) process(t *testing.T, inject func(string) faults.Fault) (idle bool) {
	t.Helper()
	config := o.As(suite.FunctionAccount("sweep"))
	var dead atomic.Bool
	injectWhileAlive := func(method string) faults.Fault {
		if dead.Load() {
			return faults.Killed
		}
		fault := inject(method)
		dead.Store(fault == faults.Killed || fault == faults.KilledIn)
		return fault
	}
	stores, messages := o.proxy(t, config.FirestoreHost, injectWhileAlive), o.proxy(t, config.PubSubHost, injectWhileAlive)
	config.FirestoreHost, config.PubSubHost = stores.Addr(), messages.Addr()
	clients := gcp.NewClients(config)
	defer func() { _, _, _ = clients.Close(), stores.Close(), messages.Close() }() // connections may be broken
	h := newHandler(t, clients, o.Clock.Now)
	for range 10 {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil))
		if dead.Load() {
			return false
		}
		var result sweep.Result
		if w.Code == http.StatusOK && json.Unmarshal(w.Body.Bytes(), &result) == nil && result == (sweep.Result{}) {
			return true
		}
	}
	return false
}

func (o *relayCloud) proxy(t *testing.T, host string, inject func(string) faults.Fault) *faults.Proxy {
	t.Helper()
	p, err := faults.New(host, inject)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// check adds outbox entries, runs sweeps with faults injected as planned, and checks
// that each entry is published and deleted.
func (o *relayCloud) check(t *testing.T, p faultPlan) []string {
	t.Helper()
	ids := o.addEntries(t, 3)
	calls := o.sweeps(t, p)
	left, err := outbox.Pending(o.db, o.Clock.Now().Add(time.Hour)).Documents(t.Context()).GetAll()
	if err != nil || len(left) != 0 {
		t.Errorf("%v: %d entries remain (%v); calls %v", p, len(left), err, calls)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, id := range ids {
		if o.published[id] == 0 {
			t.Errorf("%v: an entry was deleted without being published; calls %v", p, calls)
		}
	}
	return calls
}

// Law 5: every outbox entry is published, whichever calls of the relay fail and
// however they fail, with one or two faults per sweep.
func TestLaw5RelaySurvivesEachFaultInEachCall(t *testing.T) {
	t.Parallel()
	calls := newRelayCloud(t).check(t, nil)
	t.Logf("%d calls: %v", len(calls), calls)
	worst := []faults.Fault{faults.Lost, faults.ReplyLost, faults.Late, faults.KilledIn}
	tried := cloudtest.Sampled(1)
	for kind, fault := range faults.All {
		t.Run(fmt.Sprintf("a call that is %s, and a second fault", fault), func(t *testing.T) {
			t.Parallel()
			o := newRelayCloud(t)
			for first := range calls {
				if !tried(first + kind) {
					continue
				}
				o.check(t, faultPlan{first: fault})
				for second := first + 1; second < len(calls); second++ {
					o.check(t, faultPlan{first: fault, second: worst[(first+second)%len(worst)]})
				}
			}
		})
	}
}
