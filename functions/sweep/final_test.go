package sweep_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/sweep"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// finals returns the entries that say how a run's uploads ended, the oldest first.
func (f fixture) finals(t *testing.T, tn *cloudtest.Tenant, id string) (all []auditlog.Entry) {
	t.Helper()
	log, err := auditlog.OpenReader(t.Context(), auditlog.Config{AuditKeyName: auditKey}, f.Operator, f.Clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range log.Entries(t.Context(), f.db, tn.ID) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Action == auditlog.FinalizeUploads && e.Resource == "runs/"+id {
			all = append(all, e)
		}
	}
	return all
}

// wantFinal checks how many entries a run has, and the counts of the newest one.
func (f fixture) wantFinal(t *testing.T, tn *cloudtest.Tenant, id string, entries int, want map[grant.State]int64) {
	t.Helper()
	got := f.finals(t, tn, id)
	if len(got) != entries {
		t.Fatalf("%d entries, want %d: %+v", len(got), entries, got)
	}
	if entries == 0 {
		return
	}
	counts := map[string]int64{"stored": 0, "missing": 0, "expired": 0, "quarantined": 0}
	for state, n := range want {
		counts[string(state)] = n
	}
	newest := got[entries-1]
	if diff := cmp.Diff(counts, newest.Counts); diff != "" {
		t.Error(diff)
	}
	if newest.Actor != (auditlog.Actor{Subject: "sweep"}) || newest.Workspace != tn.Workspace || newest.Outcome != auditlog.Done {
		t.Errorf("the entry is %+v", newest)
	}
}

func TestTheAuditLogSaysHowTheUploadsOfARunEnded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	tn := f.Tenant(t)
	id, none, silent := cloudtest.NewRun(t), cloudtest.NewRun(t), cloudtest.NewRun(t)
	minted := tn.Mint(t, id, parts(5)...)
	minted[0].Put(t, []byte("x")).Want(t, http.StatusOK)
	f.notify(t, tn, id, 5, "application/other")
	tn.Mint(t, silent, parts(1)...)
	f.Drain(t)
	report(t, tn, id, "out.log", 3)
	report(t, tn, none, "out.log", 1)
	f.sweep(t)
	f.wantFinal(t, tn, id, 0, nil)
	f.Clock.Advance(overdue)
	f.sweep(t)
	f.sweep(t)
	f.wantFinal(t, tn, id, 1, map[grant.State]int64{grant.Stored: 1, grant.Missing: 2, grant.Expired: 1, grant.Quarantined: 1})
	f.wantFinal(t, tn, none, 0, nil)
	f.wantFinal(t, tn, silent, 0, nil)

	// A late part, and a part that is granted again, reopen the run.
	tn.Mint(t, id, parts(2)[1])
	f.sweep(t)
	f.wantFinal(t, tn, id, 1, map[grant.State]int64{grant.Stored: 1, grant.Missing: 2, grant.Expired: 1, grant.Quarantined: 1})
	f.Clock.Advance(overdue)
	f.sweep(t)
	f.wantFinal(t, tn, id, 2, map[grant.State]int64{grant.Stored: 1, grant.Missing: 2, grant.Expired: 1, grant.Quarantined: 1})
	f.notify(t, tn, id, 4, cloudtest.PartOf("out.log", 4, []byte("x")).ContentType)
	f.sweep(t)
	f.wantFinal(t, tn, id, 3, map[grant.State]int64{grant.Stored: 2, grant.Missing: 2, grant.Quarantined: 1})
	f.notify(t, tn, id, 3, "application/other")
	f.sweep(t)
	f.wantFinal(t, tn, id, 4, map[grant.State]int64{grant.Stored: 2, grant.Missing: 1, grant.Quarantined: 2})
	if got := f.sweep(t); got != (sweep.Result{}) {
		t.Errorf("final runs are processed again: %+v", got)
	}
}

// Law 6: a run is final only with its entry. While the audit key is off, it stays
// open, and nothing else of the sweep fails for it.
func TestLaw6UploadsAreFinalOnlyOnTheRecord(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	tn, id := f.Tenant(t), cloudtest.NewRun(t)
	tn.Mint(t, id, parts(1)...)
	report(t, tn, id, "out.log", 1)
	f.Clock.Advance(overdue)
	f.sweepWithoutKMS(t)
	f.wantFinal(t, tn, id, 0, nil)
	f.want(t, tn, id, grant.Missing)
	if got := f.sweep(t); got.Finalized != 1 {
		t.Errorf("with the key: %+v", got)
	}
	f.wantFinal(t, tn, id, 1, map[grant.State]int64{grant.Missing: 1})
}

// Law 5: whichever call of a sweep fails, each run has exactly one entry in the end.
func TestLaw5EachRunHasOneFinalEntryWhateverFails(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	tn := f.Tenant(t)
	o := &relayCloud{Cloud: f.Cloud, db: f.db, tenant: tn, published: map[string]int{}}
	for _, fault := range []faults.Fault{faults.ReplyLost, faults.Late, faults.KilledIn, faults.Twice} {
		for call := 0; ; call++ {
			id := cloudtest.NewRun(t)
			tn.Mint(t, id, parts(1)...)
			report(t, tn, id, "out.log", 1)
			f.Clock.Advance(overdue)
			calls := o.sweeps(t, faultPlan{call: fault})
			if got := f.finals(t, tn, id); len(got) != 1 {
				t.Fatalf("call %d is %s: %d entries; calls %v", call, fault, len(got), calls)
			}
			if call >= len(calls) {
				break
			}
		}
	}
}

// notify sends custody the notification of an object, as the bucket does. A content type that the
// grant does not have makes a mismatch.
func (f fixture) notify(t *testing.T, tn *cloudtest.Tenant, id string, part int, contentType string) {
	t.Helper()
	name := grant.Object{Workspace: tn.Workspace, Run: run.ID(id), Output: "out.log", Part: part}.Name()
	data, err := json.Marshal(map[string]any{
		"bucket": tn.OutputsBucket, "name": name, "generation": "1", "size": "1",
		"crc32c": cloudtest.CRC32C([]byte("x")), "contentType": contentType, "timeCreated": f.Clock.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	err = f.PubSub.Publish(t.Context(), "object-events", data, map[string]string{
		"eventType": "OBJECT_FINALIZE", "bucketId": tn.OutputsBucket, "objectId": name,
	})
	if err != nil {
		t.Fatal(err)
	}
	f.Drain(t)
}

// sweepWithoutKMS runs a sweep of a process whose calls of Cloud KMS all fail.
func (f fixture) sweepWithoutKMS(t *testing.T) {
	t.Helper()
	config := f.As(suite.FunctionAccount("sweep"))
	proxy, err := faults.New(config.KMSHost, func(string) faults.Fault { return faults.Exhausted })
	if err != nil {
		t.Fatal(err)
	}
	config.KMSHost = proxy.Addr()
	clients := gcp.NewClients(config)
	t.Cleanup(func() { _, _ = clients.Close(), proxy.Close() })
	w := httptest.NewRecorder()
	newHandler(t, clients, f.Clock.Now).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil))
	if w.Code < http.StatusInternalServerError {
		t.Errorf("without Cloud KMS: %d", w.Code)
	}
}
