package sweep_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
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
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/outbox"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// office is a cloud with entries that their writers left, which nobody but the
// sweep of a test publishes.
type office struct {
	*cloudtest.Cloud
	db     *firestore.Client
	tenant *cloudtest.Tenant

	mu   sync.Mutex
	told map[string]int // messages by entry
}

func newOffice(t *testing.T) *office {
	t.Helper()
	f := newFixture(t)
	o := &office{Cloud: f.Cloud, db: f.db, tenant: f.Tenant(t), told: map[string]int{}}
	o.PubSub.Published(func(_ string, _ []byte, attributes map[string]string) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.told[attributes["entry"]]++
	})
	return o
}

// leave writes entries that are old enough for the sweep, and gives their ids.
func (o *office) leave(t *testing.T, n int) (ids []string) {
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

// plan says which calls of the sweeps fail, counted from 0, and how.
type plan map[int]faults.Fault

// sweeps has the scheduler call until a sweep has nothing to do, by way of a
// wire that fails as planned, and gives the calls that were made. A process that
// dies is followed by another.
func (o *office) sweeps(t *testing.T, p plan) (calls []string) {
	t.Helper()
	var mu sync.Mutex
	meet := func(method string) faults.Fault {
		mu.Lock()
		defer mu.Unlock()
		calls = append(calls, method)
		return p[len(calls)-1]
	}
	for range 10 {
		if o.process(t, meet) {
			return calls
		}
	}
	t.Errorf("%v: the sweep is never done; calls %v", p, calls)
	return calls
}

// process is one process that is called until it dies, or has nothing to do.
func (o *office) process(t *testing.T, meet func(string) faults.Fault) (idle bool) {
	t.Helper()
	config := o.As(suite.FunctionAccount("sweep"))
	var dead atomic.Bool
	alive := func(method string) faults.Fault {
		if dead.Load() {
			return faults.Killed
		}
		fault := meet(method)
		dead.Store(fault == faults.Killed || fault == faults.KilledIn)
		return fault
	}
	stores, messages := o.wire(t, config.FirestoreHost, alive), o.wire(t, config.PubSubHost, alive)
	config.FirestoreHost, config.PubSubHost = stores.Addr(), messages.Addr()
	clients := gcp.NewClients(config)
	defer func() { _, _, _ = clients.Close(), stores.Close(), messages.Close() }() // connections may be broken
	h := sweep.New(function.Deps{Clients: clients, Now: o.Clock.Now, Log: slog.New(slog.DiscardHandler)})
	for range 10 {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil))
		if dead.Load() {
			return false
		}
		var did sweep.Result
		if w.Code == http.StatusOK && json.Unmarshal(w.Body.Bytes(), &did) == nil && did == (sweep.Result{}) {
			return true
		}
	}
	return false
}

func (o *office) wire(t *testing.T, host string, meet func(string) faults.Fault) *faults.Proxy {
	t.Helper()
	p, err := faults.New(host, meet)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// play leaves entries to sweeps that fail as planned, and wants each told and
// gone.
func (o *office) play(t *testing.T, p plan) []string {
	t.Helper()
	ids := o.leave(t, 3)
	calls := o.sweeps(t, p)
	left, err := outbox.Waiting(o.db, o.Clock.Now().Add(time.Hour)).Documents(t.Context()).GetAll()
	if err != nil || len(left) != 0 {
		t.Errorf("%v: %d entries are left (%v); calls %v", p, len(left), err, calls)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, id := range ids {
		if o.told[id] == 0 {
			t.Errorf("%v: an entry is gone, and nobody was told; calls %v", p, calls)
		}
	}
	return calls
}

// Law 5: what was left in the outbox is published, whichever call of the relay
// meets whichever fault, one or two of them.
func TestLaw5EachCallOfTheRelayMeetsEachFault(t *testing.T) {
	t.Parallel()
	calls := newOffice(t).play(t, nil)
	t.Logf("%d calls: %v", len(calls), calls)
	worst := []faults.Fault{faults.Lost, faults.ReplyLost, faults.Late, faults.KilledIn}
	for _, fault := range faults.All {
		t.Run(fmt.Sprintf("a call that is %s, and another", fault), func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			for first := range calls {
				o.play(t, plan{first: fault})
				for second := first + 1; second < len(calls); second++ {
					o.play(t, plan{first: fault, second: worst[(first+second)%len(worst)]})
				}
			}
		})
	}
}
