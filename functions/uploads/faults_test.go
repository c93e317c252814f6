package uploads_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/functions/uploads"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/quota"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// TestLaw5MintOverABadWire injects each fault into the commit of a mint. The runner
// retries while it gets a 503. In the end there is one grant, with a URL
// that the bucket accepts.
func TestLaw5MintOverABadWire(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	for _, fault := range []faults.Fault{faults.Lost, faults.ReplyLost, faults.Twice, faults.Late, faults.Aborted, faults.Exhausted} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			tn, id := c.Tenant(t), cloudtest.NewRun(t)
			tn.Mint(t, cloudtest.NewRun(t), cloudtest.PartOf("warm.log", 1, nil)) // the platform's data key exists
			h, arm := newHandlerWithFault(t, c, fault)
			mintOnce(t, h, tn, cloudtest.NewRun(t)) // takes a lease of the quotas
			arm.Store(true)
			var minted struct{ Parts []cloudtest.Upload }
			for tries := 1; ; tries++ {
				got := mintOnce(t, h, tn, id)
				if got.Code == http.StatusOK {
					if err := json.Unmarshal(got.Body.Bytes(), &minted); err != nil {
						t.Fatal(err)
					}
					break
				}
				if got.Code != http.StatusServiceUnavailable || tries == 5 {
					t.Fatalf("try %d returned %d %s", tries, got.Code, got.Body)
				}
			}
			minted.Parts[0].Put(t, []byte("hello")).Want(t, http.StatusOK)
			c.Drain(t)
			if all := grants(t, tn, id); len(all) != 1 || all[0].State != grant.Stored {
				t.Errorf("the grants are %+v", all)
			}
		})
	}
}

// A mint whose reply was lost finds the grants that it has written itself. They count as any
// others, and they count once.
func TestLaw5AMintWhoseReplyWasLostCountsOnce(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	tn.Record.Quotas = tenant.Quotas{PartsPerDay: 32 * 8} // so that the first lease has 8 parts
	if err := c.Directory.Put(t.Context(), tn.Record); err != nil {
		t.Fatal(err)
	}
	h, arm := newHandlerWithFault(t, c, faults.ReplyLost)
	mintOnce(t, h, tn, cloudtest.NewRun(t)) // takes the lease
	arm.Store(true)
	if got := mintOnce(t, h, tn, cloudtest.NewRun(t)); got.Code != http.StatusOK {
		t.Fatalf("the reply was lost, and the mint returned %d %s", got.Code, got.Body)
	}
	for range 7 { // the last one needs another lease, which reports what was used
		mintOnce(t, h, tn, cloudtest.NewRun(t))
	}
	db, err := c.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	days, err := quota.Read(t.Context(), db, tn.ID, c.Clock.Now(), c.Clock.Now())
	if err != nil || days[0].Parts.Used != 9 {
		t.Errorf("9 parts were granted, and %+v counts, %v", days, err)
	}
}

// newHandlerWithFault returns the function, connected to Firestore through a proxy
// that injects fault into the first commit after it is armed.
func newHandlerWithFault(t *testing.T, c *cloudtest.Cloud, fault faults.Fault) (h http.Handler, armed *atomic.Bool) {
	t.Helper()
	google, config, err := function.Settings[uploads.Config](c.FunctionEnviron("uploads"))
	if err != nil {
		t.Fatal(err)
	}
	armed = &atomic.Bool{}
	var commits atomic.Int64
	proxy, err := faults.New(google.FirestoreHost, func(method string) faults.Fault {
		if method == "Commit" && armed.Load() && commits.Add(1) == 1 {
			return fault
		}
		return faults.None
	})
	if err != nil {
		t.Fatal(err)
	}
	google.FirestoreHost = proxy.Addr()
	clients := gcp.NewClients(google)
	t.Cleanup(func() {
		if err := clients.Close(); err != nil {
			t.Error(err)
		}
		if err := proxy.Close(); err != nil {
			t.Error(err)
		}
	})
	h, err = uploads.New(t.Context(), config, function.Deps{Clients: clients, Now: c.Clock.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return h, armed
}

func mintOnce(t *testing.T, h http.Handler, tn *cloudtest.Tenant, id string) *httptest.ResponseRecorder {
	t.Helper()
	body, err := json.Marshal(map[string]any{"parts": []cloudtest.Part{cloudtest.PartOf("stdout.log", 1, []byte("hello"))}})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, tn.RunPath(id)+"/uploads", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+tn.Token(t, "runner"))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}
