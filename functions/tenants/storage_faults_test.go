package tenants_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
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
)

// failing returns the function, of whose calls the one with a number fails, and how many calls
// it has made.
func failing(t *testing.T, c *cloudtest.Cloud, number int64, fault faults.Fault) (http.Handler, *atomic.Int64) {
	t.Helper()
	google, config, err := function.Settings[access.Config](c.FunctionEnviron("tenants"))
	if err != nil {
		t.Fatal(err)
	}
	calls := &atomic.Int64{}
	next := func() faults.Fault {
		if calls.Add(1) == number {
			return fault
		}
		return faults.None
	}
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

// verifyWith verifies a bucket while a call fails. It returns the response and the calls.
func verifyWith(t *testing.T, tn *cloudtest.Tenant, bucket string, number int64, fault faults.Fault) (int, storageShown, int64) {
	t.Helper()
	h, calls := failing(t, tn.Cloud, number, fault)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/tenant/storage/verify", strings.NewReader(`{"bucket":"`+bucket+`"}`))
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

// TestAVerificationIsRightWhateverFails fails each call of a verification: a good bucket is never
// called unusable, and a bad one never usable. The next verification succeeds. Each run tries a sample; STRONGROOM_HISTORIES tries all.
func TestAVerificationIsRightWhateverFails(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	for name, good := range map[string]bool{"a good bucket": true, "a bucket that the signer may read": false} {
		t.Run(name, func(t *testing.T) {
			tn, bucket := tenantWithBucket(t, c, good)
			status, s, calls := verifyWith(t, tn, bucket, 0, faults.None)
			if status != http.StatusOK || (s.Result == "usable") != good || calls < 10 {
				t.Fatalf("without a fault, the response is %d and %+v after %d calls", status, s, calls)
			}
			sampled := cloudtest.Sampled(4)
			for n := range 2 * int(calls) {
				if call, fault := int64(1+n/2), []faults.Fault{faults.Lost, faults.ReplyLost}[n%2]; sampled(n) {
					t.Run(fmt.Sprintf("call %d %s", call, fault), func(t *testing.T) { verifyDespite(t, c, good, call, fault) })
				}
			}
		})
	}
}

func tenantWithBucket(t *testing.T, c *cloudtest.Cloud, good bool) (tn *cloudtest.Tenant, bucket string) {
	t.Helper()
	tn = c.Tenant(t)
	bucket = "tried-" + string(tn.ID)
	if err := c.CreateCustomerBucket(tn.Record, bucket, nil); err != nil {
		t.Fatal(err)
	}
	if !good {
		if err := c.IAM.Bind(iam.Binding{Member: tn.SigningAccount, Role: "roles/storage.objectViewer", Resource: "buckets/" + bucket}); err != nil {
			t.Fatal(err)
		}
	}
	return tn, bucket
}

func verifyDespite(t *testing.T, c *cloudtest.Cloud, good bool, call int64, fault faults.Fault) {
	t.Helper()
	tn, bucket := tenantWithBucket(t, c, good)
	status, s, _ := verifyWith(t, tn, bucket, call, fault)
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
