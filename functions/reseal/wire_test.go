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

// wire is a process of the function whose every call, counted from 1, goes by a
// proxy.
type wire struct {
	*faults.Proxy
	handler *reseal.Handler
	calls   atomic.Int64
}

func (f fixture) wire(t *testing.T, plan func(call int64, method string) faults.Fault) *wire {
	t.Helper()
	w := &wire{}
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

// serve returns when there is an answer, whatever it is, or the process is dead:
// nobody waits for what it would still try.
func (w *wire) serve() {
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

func untouched(int64, string) faults.Fault { return faults.None }

// calls is how many calls the function makes that has all to do.
func (f fixture) calls(t *testing.T) int64 {
	t.Helper()
	f.later(t)
	w := f.wire(t, untouched)
	if result := f.reseal(t, w.handler); result.Resealed == 0 || result.More {
		t.Fatalf("with no fault: %+v", result)
	}
	return w.calls.Load()
}

// TestWhereverItsTimeIsOverTheNextCallGoesOn has the time be over at each of the
// calls that one call of the function makes.
func TestWhereverItsTimeIsOverTheNextCallGoesOn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const tenants, textsOfOne = 2, 5
	for range tenants {
		f.write(t, f.Tenant(t), 1)
	}
	first := map[int]bool{} // how many values the calls came to whose time was over
	for over := range f.calls(t) {
		f.later(t)
		w := f.wire(t, func(call int64, _ string) faults.Fault {
			if call == over+1 {
				f.Clock.Advance(5 * time.Minute)
			}
			return faults.None
		})
		result := f.reseal(t, w.handler)
		first[result.Resealed] = true
		if result.More != (result.Resealed < tenants*textsOfOne) || result.Done != result.Resealed/textsOfOne {
			t.Errorf("over at call %d: %+v", over+1, result)
		}
		rest := reseal.Result{Resealed: tenants*textsOfOne - result.Resealed, Done: tenants}
		wantResult(t, f.reseal(t, f.handler(t)), rest)
	}
	if diff := cmp.Diff(map[int]bool{0: true, 5: true, 10: true}, first); diff != "" {
		t.Errorf("wanted (-) and found (+) differ, of what was done in time:\n%s", diff)
	}
}

func TestALargeTenantKeepsNobodyWaiting(t *testing.T) {
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
	f.later(t)
	// The commits of a page and of a place: of one turn of the large tenant, and
	// of all that the others have.
	const commits = 20 + 3 + others*(3+3)
	var made atomic.Int64
	w := f.wire(t, func(_ int64, method string) faults.Fault {
		if method == "Commit" && made.Add(1) == commits {
			f.Clock.Advance(5 * time.Minute)
		}
		return faults.None
	})
	wantResult(t, f.reseal(t, w.handler), reseal.Result{Resealed: lines/2 + others*textsOfOne, Done: others, More: true})
	wantResult(t, f.reseal(t, f.handler(t)), reseal.Result{Resealed: lines / 2, Done: others + 1})
}

// Law 5: whatever fails, the texts are what they were, and the next call ends
// what this one began.
func TestLaw5EachFaultAtEachCallChangesNothing(t *testing.T) {
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
				f.later(t)
				epoch++
				w := f.wire(t, func(call int64, _ string) faults.Fault {
					if call == at+1 {
						return fault
					}
					return faults.None
				})
				w.serve()
				_ = w.Close() // what is late arrives
				if result := f.reseal(t, f.handler(t)); result.Done != 1 || result.More {
					t.Errorf("after call %d, the next: %+v", at+1, result)
				}
				f.forget(t, acme.Record, fmt.Sprintf("%010d", epoch))
				after := f.texts(t, acme.Record)
				wantEpochs(t, after, of(epoch, 2, 2, 1))
				if diff := cmp.Diff(before, plain(after)); diff != "" {
					t.Fatalf("after call %d, the texts before (-) and after (+) differ:\n%s", at+1, diff)
				}
			}
			t.Logf("%d calls", calls)
		})
	}
}
