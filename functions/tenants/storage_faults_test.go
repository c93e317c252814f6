package tenants_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/tenants"
	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// failing returns the function, whose calls fail as the plan says by their numbers, and how many
// calls it has made.
func failing(t *testing.T, c *cloudtest.Cloud, plan map[int64]faults.Fault) (http.Handler, *atomic.Int64) {
	t.Helper()
	google, config, err := function.Settings[access.Config](c.FunctionEnviron("tenants"))
	if err != nil {
		t.Fatal(err)
	}
	calls := &atomic.Int64{}
	next := func() faults.Fault { return plan[calls.Add(1)] }
	grpc, err := faults.New(google.FirestoreHost, func(string) faults.Fault { return next() })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = grpc.Close() })
	objects, err := faults.NewHTTP(faults.HTTPConfig{Fault: func(*http.Request) faults.Fault { return next() }}, "http://"+google.StorageHost)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = objects.Close() })
	google.FirestoreHost, google.KMSHost, google.IAMCredentialsHost = grpc.Addr(), grpc.Addr(), grpc.Addr()
	google.StorageHost = strings.TrimPrefix(objects.URL("http://"+google.StorageHost), "http://")
	clients := gcp.NewClients(google)
	t.Cleanup(func() { _ = clients.Close() })
	h, err := tenants.New(t.Context(), config, function.Deps{Clients: clients, Now: c.Clock.Now, After: time.After, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return h, calls
}

// verifyWith verifies a bucket while calls fail. It returns the response and the calls.
func verifyWith(t *testing.T, tn *cloudtest.Tenant, component, bucket string, plan map[int64]faults.Fault) (int, storageShown, int64) {
	t.Helper()
	h, calls := failing(t, tn.Cloud, plan)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/tenant/storage/verify", strings.NewReader(`{"component":"`+component+`","bucket":"`+bucket+`"}`))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+tn.Token(t, "admin"))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var s storageShown
	if w.Code == http.StatusOK {
		if err := json.Unmarshal(w.Body.Bytes(), &s); err != nil {
			t.Fatal(err)
		}
	}
	return w.Code, s, calls.Load()
}

// TestAVerificationIsRightWhateverFails fails each call of a verification, and random pairs of
// calls: a good bucket is never called unusable, and a bad one never usable. The next
// verification succeeds. Each run tries a sample; STRONGROOM_HISTORIES=N tries all calls and N pairs.
func TestAVerificationIsRightWhateverFails(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	for name, good := range map[string]bool{"a good bucket": true, "a bucket that the signer may read": false} {
		t.Run(name, func(t *testing.T) {
			tn, bucket := tenantWithBucket(t, c, good)
			status, s, calls := verifyWith(t, tn, "outputs", bucket, nil)
			if status != http.StatusOK || (s.Result == "usable") != good || calls < 10 {
				t.Fatalf("without a fault, the response is %d and %+v after %d calls", status, s, calls)
			}
			kinds, sampled := []faults.Fault{faults.Lost, faults.ReplyLost}, cloudtest.Sampled(4)
			for n := range 2 * int(calls) {
				if call, fault := int64(1+n/2), kinds[n%2]; sampled(n) {
					t.Run(fmt.Sprintf("call %d %s", call, fault), func(t *testing.T) { verifyDespite(t, c, good, map[int64]faults.Fault{call: fault}) })
				}
			}
			count, seed := cloudtest.Histories(t, 3)
			for i := range count {
				random := rand.New(rand.NewPCG(seed+uint64(i), 0))
				plan := map[int64]faults.Fault{1 + random.Int64N(calls): kinds[random.IntN(2)], 1 + random.Int64N(calls): kinds[random.IntN(2)]}
				t.Run(fmt.Sprintf("seed %d", seed+uint64(i)), func(t *testing.T) { verifyDespite(t, c, good, plan) })
			}
		})
	}
}

func tenantWithBucket(t *testing.T, c *cloudtest.Cloud, good bool) (tn *cloudtest.Tenant, bucket string) {
	t.Helper()
	tn = c.Tenant(t)
	bucket = "tried-" + string(tn.ID)
	if err := c.CreateCustomerBucket(tn.Record, tenant.Outputs, bucket, nil); err != nil {
		t.Fatal(err)
	}
	if !good {
		if err := c.IAM.Bind(iam.Binding{Member: tn.SigningAccount, Role: "roles/storage.objectViewer", Resource: "buckets/" + bucket}); err != nil {
			t.Fatal(err)
		}
	}
	return tn, bucket
}

func verifyDespite(t *testing.T, c *cloudtest.Cloud, good bool, plan map[int64]faults.Fault) {
	t.Helper()
	tn, bucket := tenantWithBucket(t, c, good)
	status, s, _ := verifyWith(t, tn, "outputs", bucket, plan)
	if good && s.Result == "unusable" || !good && s.Result == "usable" {
		t.Errorf("the response is %d and %+v", status, s)
	}
	var again cloudtest.Response
	cloudtest.Eventually(t, "a verification can begin", func() bool {
		again = tn.Do(t, "admin", http.MethodPost, "/v1/tenant/storage/verify", map[string]any{"bucket": bucket})
		if again.Status == http.StatusConflict {
			c.Clock.Advance(time.Minute) // the one that failed is over then
		}
		return again.Status == http.StatusOK
	})
	var second storageShown
	again.JSON(t, &second)
	if (second.Result == "usable") != good {
		t.Errorf("after the fault, the verification is %+v", second)
	}
}
