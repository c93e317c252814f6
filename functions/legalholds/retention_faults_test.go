package legalholds_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/legalholds"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// untilFinished calls the function until a call has finished everything. The call of Firestore with
// a number meets a fault; -1: none does. A process that is killed is replaced. It returns the
// number of calls.
func (f *retained) untilFinished(t *testing.T, number int, fault faults.Fault) int {
	t.Helper()
	var mu sync.Mutex
	calls := 0
	inject := func(string) faults.Fault {
		mu.Lock()
		defer mu.Unlock()
		if calls++; calls-1 == number {
			return fault
		}
		return faults.None
	}
	for range 6 {
		if f.process(t, inject) {
			return calls
		}
	}
	t.Errorf("call %d is %s: the function never finishes", number, fault)
	return calls
}

func (f *retained) process(t *testing.T, inject func(string) faults.Fault) (finished bool) {
	t.Helper()
	config := f.Cloud.As(suite.FunctionAccount("legal-holds"))
	proxy, err := faults.New(config.FirestoreHost, inject)
	if err != nil {
		t.Fatal(err)
	}
	config.FirestoreHost = proxy.Addr()
	clients := gcp.NewClients(config)
	defer func() { _, _ = clients.Close(), proxy.Close() }() // connections may be broken
	h, err := legalholds.New(t.Context(), struct{}{}, function.Deps{Clients: clients, Now: f.Cloud.Clock.Now, After: time.After, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(proxy.Dead(), http.MethodPost, "/", nil))
	var result legalholds.Result
	return proxy.Dead().Err() == nil && w.Code == http.StatusOK && json.Unmarshal(w.Body.Bytes(), &result) == nil && !result.More
}

// TestRetentionIsExactWhateverFails fails each call of a pass that marks documents, and of one that
// takes the marks back. Each call meets one fault, and all faults take turns.
func TestRetentionIsExactWhateverFails(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	f := &retained{Tenant: c.Tenant(t, "prod"), runs: map[tenant.WorkspaceID][]string{}}
	var err error
	if f.db, err = c.Operator.Default(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.report(t, "prod", "disk", true)
	f.report(t, "prod", "disk", false)
	f.CreateExport(t, map[string]any{"kinds": []string{"metadata"}})
	c.FinishExports(t)
	c.RunScheduled(t, "sweep")
	all := f.documents(false)
	c.Clock.Advance(150 * day)
	due, none := map[string]int{"exports": 1, "issues": 1, "runs": 2, "samples": 2}, map[string]int{}
	calls := map[bool]int{}
	for number := -1; number < max(calls[false], calls[true]); number++ {
		for _, mark := range []bool{true, false} {
			fault := faults.All[(number+1)%len(faults.All)]
			settings, marked, counted := tenant.Retention{}, none, none
			if mark {
				settings, marked, counted = everything, all, due
			}
			f.set(t, settings)
			n := f.untilFinished(t, number, fault)
			calls[mark] = max(calls[mark], n)
			if diff := cmp.Diff(marked, f.documents(true)); diff != "" {
				t.Errorf("mark %v, call %d is %s: marked documents: %s", mark, number, fault, diff)
			}
			if diff := cmp.Diff(counted, f.counted(t)); diff != "" {
				t.Errorf("mark %v, call %d is %s: counted: %s", mark, number, fault, diff)
			}
			if number == -1 {
				calls[mark] = n
			}
		}
		if number > 150 {
			break
		}
	}
	t.Logf("calls: %v", calls)
}
