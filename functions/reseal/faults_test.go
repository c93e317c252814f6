package reseal_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/reseal"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/keys"
)

// proxied is a process of the function whose calls pass through a proxy, which counts
// them from 1.
type proxied struct {
	*faults.Proxy
	handler *reseal.Handler
	calls   atomic.Int64
}

func (f fixture) proxied(t *testing.T, plan func(call int64, method string) faults.Fault) *proxied {
	t.Helper()
	w := &proxied{}
	proxy, err := faults.New(f.As(suite.OperatorAccount).FirestoreHost, func(method string) faults.Fault {
		return plan(w.calls.Add(1), method)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	w.Proxy = proxy
	w.handler = f.handler(t, func(c *gcp.Config) { c.FirestoreHost, c.KMSHost = proxy.Addr(), proxy.Addr() })
	return w
}

// serve calls the function. It returns when there is a response, whatever it is, or
// the process is dead.
func (w *proxied) serve() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(w.Dead(), http.MethodPost, "/", nil))
	}()
	select {
	case <-done:
	case <-w.Dead().Done():
	}
}

func noFault(int64, string) faults.Fault { return faults.None }

// calls returns how many calls the function makes to reseal every text.
func (f fixture) calls(t *testing.T) int64 {
	t.Helper()
	f.replaceDataKeys(t)
	w := f.proxied(t, noFault)
	if result := f.reseal(t, w.handler); result.Resealed == 0 || result.More {
		t.Fatalf("without a fault: %+v", result)
	}
	return w.calls.Load()
}

// TestNextCallContinuesWhereTimeRanOut lets the time run out at each of the calls
// that one call of the function makes.
func TestNextCallContinuesWhereTimeRanOut(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const tenants, textsOfOne = 2, 5
	for range tenants {
		f.write(t, f.Tenant(t), 1)
	}
	inTime := map[int]bool{} // numbers of values that were resealed before the time ran out
	for timeout := range f.calls(t) {
		f.replaceDataKeys(t)
		w := f.proxied(t, func(call int64, _ string) faults.Fault {
			if call == timeout+1 {
				f.Clock.Advance(5 * time.Minute)
			}
			return faults.None
		})
		result := f.reseal(t, w.handler)
		inTime[result.Resealed] = true
		if result.More != (result.Resealed < tenants*textsOfOne) || result.Done != result.Resealed/textsOfOne {
			t.Errorf("time ran out at call %d: %+v", timeout+1, result)
		}
		remaining := reseal.Result{Resealed: tenants*textsOfOne - result.Resealed, Done: tenants}
		wantResult(t, f.reseal(t, f.handler(t)), remaining)
	}
	if diff := cmp.Diff(map[int]bool{0: true, 5: true, 10: true}, inTime); diff != "" {
		t.Errorf("values resealed in time (-want +got):\n%s", diff)
	}
}

func TestLargeTenantDoesNotDelayTheOthers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	large := f.Tenant(t)
	k, batch := f.keys(t, large.Record), f.db.BulkWriter(t.Context())
	const lines = 2 * 320 // two turns
	for n := range lines {
		ref := f.db.Doc(fmt.Sprintf("tenants/%s/workspaces/prod/runs/r/sightings/%05d", large.ID, n))
		sealed, err := k.Seal(t.Context(), []byte("a line"), []byte(keys.RelativePath(ref)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := batch.Set(ref, map[string]any{"line": sealed}); err != nil {
			t.Fatal(err)
		}
	}
	batch.End()
	const others, textsOfOne = 4, 5
	for range others {
		f.write(t, f.Tenant(t), 1)
	}
	f.replaceDataKeys(t)
	// The commits of pages and positions: those of one turn of the large tenant, and
	// all those of the other tenants: there is a position for each field.
	const fields = 10
	const commits = 20 + fields + others*(3+fields)
	var committed atomic.Int64
	w := f.proxied(t, func(_ int64, method string) faults.Fault {
		if method == "Commit" && committed.Add(1) == commits {
			f.Clock.Advance(5 * time.Minute)
		}
		return faults.None
	})
	wantResult(t, f.reseal(t, w.handler), reseal.Result{Resealed: lines/2 + others*textsOfOne, Done: others, More: true})
	wantResult(t, f.reseal(t, f.handler(t)), reseal.Result{Resealed: lines / 2, Done: others + 1})
}

// Law 5: whatever fails, no text changes, and the next call completes the work.
func TestLaw5EachFaultAtEachCallChangesNoText(t *testing.T) {
	t.Parallel()
	for _, fault := range faults.All {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			acme := f.Tenant(t)
			f.write(t, acme, 1)
			before := plain(f.texts(t, acme.Record))
			calls, epoch := f.calls(t), 2
			for at := range calls {
				f.replaceDataKeys(t)
				epoch++
				w := f.proxied(t, func(call int64, _ string) faults.Fault {
					if call == at+1 {
						return fault
					}
					return faults.None
				})
				w.serve()
				_ = w.Close() // delayed calls arrive now
				if result := f.reseal(t, f.handler(t)); result.Done != 1 || result.More {
					t.Errorf("the call after the fault in call %d: %+v", at+1, result)
				}
				f.deleteDataKeys(t, acme.Record, fmt.Sprintf("%010d", epoch))
				after := f.texts(t, acme.Record)
				wantEpochs(t, after, counts(epoch, 2, 2, 1))
				if diff := cmp.Diff(before, plain(after)); diff != "" {
					t.Fatalf("fault in call %d: texts before (-) and after (+):\n%s", at+1, diff)
				}
			}
			t.Logf("%d calls", calls)
		})
	}
}
