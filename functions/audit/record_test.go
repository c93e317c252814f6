package audit_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/audit"
	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/function"
)

// recorded returns "role action" of each entry of the log.
func (f fixture) recorded(t *testing.T) []string {
	t.Helper()
	all := []string{}
	for e, err := range f.reader.Entries(t.Context(), f.db, f.ID) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e.Actor.Role+" "+string(e.Action))
	}
	slices.Sort(all)
	return all
}

func TestReadsAreRecordedOncePerReaderAndHour(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.append(t, 1)[0]
	f.integrate(t)
	readAll := func() {
		for _, persona := range []string{"auditor", "admin"} {
			for _, path := range []string{
				"/v1/audit/entries", "/v1/workspaces/prod/audit/entries", "/v1/audit/entries/" + id, "/v1/audit/entries/" + id + "/proof",
				f.logPath() + "tile/0/000.p/1", f.logPath() + "tile/entries/000.p/1",
				f.logPath() + "checkpoint", f.logPath() + "keys", f.logPath() + "policy",
			} {
				f.Do(t, persona, http.MethodGet, path, nil).Want(t, http.StatusOK)
			}
		}
	}
	want := []string{" runs.start"}
	for range 2 {
		want = append(want, "admin audit.entries.read", "admin audit.log.read", "auditor audit.entries.read", "auditor audit.log.read")
		slices.Sort(want)
		readAll()
		readAll()
		if diff := cmp.Diff(want, f.recorded(t)); diff != "" {
			t.Error(diff)
		}
		f.Cloud.Clock.Advance(time.Hour)
	}
}

// instance is one more instance of the function.
func (f fixture) instance(t *testing.T) *audit.Handler {
	t.Helper()
	_, config, err := function.Settings[audit.Config](f.Cloud.FunctionEnviron("audit"))
	if err != nil {
		t.Fatal(err)
	}
	h, err := audit.New(t.Context(), config, function.Deps{
		Clients: f.Cloud.Clients(suite.FunctionAccount("audit")), Now: f.Cloud.Clock.Now, After: time.After, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestAnIdleFollowerAddsOneEntryAnHour polls as strongroom audit tail does, through
// two instances at once, while the log is published after each poll.
func TestAnIdleFollowerAddsOneEntryAnHour(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.append(t, 1)
	f.integrate(t)
	instances := []*audit.Handler{f.instance(t), f.instance(t)}
	now := f.Cloud.Clock.Now()
	f.Cloud.Clock.Advance(now.Truncate(time.Hour).Add(time.Hour).Sub(now)) // to the beginning of an hour
	token := f.Token(t, "auditor")
	const polls = 58
	for range polls {
		var polled sync.WaitGroup
		receipts := make([]string, len(instances))
		for i, h := range instances {
			polled.Go(func() {
				r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/audit/entries?order=oldest&after=0", nil)
				r.Header.Set("Authorization", "Bearer "+token)
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				receipts[i] = w.Header().Get(access.ReceiptHeader)
				if w.Code != http.StatusOK {
					t.Errorf("status %d: %s", w.Code, w.Body)
				}
			})
		}
		polled.Wait()
		if receipts[0] == "" || receipts[0] != receipts[1] {
			t.Fatalf("receipts %q", receipts)
		}
		f.integrate(t)
		f.Cloud.Clock.Advance(time.Minute)
	}
	if diff := cmp.Diff([]string{" runs.start", "auditor audit.entries.read"}, f.recorded(t)); diff != "" {
		t.Errorf("after %d polls: %s", polls, diff)
	}
}

func TestNothingIsReadIfTheReadCannotBeRecorded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.append(t, 1)[0]
	f.integrate(t)
	role := iam.Binding{Member: suite.FunctionAccount("audit"), Role: "roles/cloudkms.cryptoKeyEncrypter", Resource: platformKeys + "audit"}
	if err := f.Cloud.IAM.Unbind(role); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/v1/audit/entries", "/v1/audit/entries/" + id, "/v1/audit/entries/" + id + "/proof", f.logPath() + "tile/0/000.p/1"} {
		r := f.Do(t, "auditor", http.MethodGet, path, nil).Want(t, http.StatusInternalServerError)
		if r.Header.Get(access.ReceiptHeader) != "" {
			t.Errorf("%s has a receipt", path)
		}
	}
	if err := f.Cloud.IAM.Bind(role); err != nil {
		t.Fatal(err)
	}
	f.entry(t, id, "").Want(t, http.StatusOK) // so the missing role was the cause
}
