package sweep_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/outbox"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// ended tells a run's start and end, and gives its id.
func ended(t *testing.T, tn *cloudtest.Tenant) string {
	t.Helper()
	id := cloudtest.NewRun(t)
	tn.Do(t, "runner", http.MethodPut, tn.RunPath(id), map[string]any{"task": "t", "start": time.Now()}).Want(t, http.StatusOK)
	tn.Do(t, "runner", http.MethodPost, tn.RunPath(id)+"/report", map[string]any{
		"end": time.Now(), "outcome": "success", "exitCode": 0,
	}).Want(t, http.StatusOK)
	return id
}

// While runs may not publish, what it leaves is the sweep's, and it is told once
// the sweep may.
func TestWhatRunsCouldNotPublishIsPublishedBySweep(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var mu sync.Mutex
	told := map[string]int{}
	f.PubSub.Published(func(_ string, _ []byte, attributes map[string]string) {
		mu.Lock()
		defer mu.Unlock()
		told[attributes["run"]]++
	})
	may := func(function string) iam.Binding {
		return iam.Binding{Member: suite.FunctionAccount(function), Role: "roles/pubsub.publisher", Resource: "topics/" + outbox.RunEvents}
	}
	for _, function := range []string{"runs", "sweep"} {
		if err := f.IAM.Unbind(may(function)); err != nil {
			t.Fatal(err)
		}
	}
	acme, other := f.Tenant(t), f.Tenant(t)
	runs := []string{ended(t, acme), ended(t, acme), ended(t, other)}
	if got := f.sweep(t); got.Published != 0 {
		t.Errorf("published %d that somebody else may be about to", got.Published)
	}
	f.Clock.Advance(time.Minute)
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil))
	if w.Code == http.StatusOK || len(told) != 0 {
		t.Errorf("without the right it answered %d, and told %v", w.Code, told)
	}
	if err := f.IAM.Bind(may("sweep")); err != nil {
		t.Fatal(err)
	}
	if got := f.sweep(t); got.Published != len(runs) || got.More {
		t.Errorf("published %+v, want %d", got, len(runs))
	}
	if got := f.sweep(t); got.Published != 0 {
		t.Errorf("published %d again", got.Published)
	}
	for _, id := range runs {
		if told[id] != 1 {
			t.Errorf("run %s was told %d times, want once", id, told[id])
		}
	}
}

// An event may be lost for good; the run that it was of is taken in all the same.
func TestRunsThatNobodyTookInAreToldAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	acme, other := f.Tenant(t), f.Tenant(t)
	runs := map[string]*cloudtest.Tenant{ended(t, acme): acme, ended(t, acme): acme, ended(t, other): other}
	f.Drain(t)
	for id, tn := range runs { // as if its event had been lost
		ref := records.NewRunRef(f.db, tn.ID, tn.Workspace, run.ID(id)).Record
		if _, err := ref.Update(t.Context(), []firestore.Update{{Path: "pending", Value: true}}); err != nil {
			t.Fatal(err)
		}
	}
	if got := f.sweep(t); got.Retold != 0 {
		t.Errorf("retold %d while Pub/Sub may still try", got.Retold)
	}
	f.Clock.Advance(run.RepublishAfter + time.Minute)
	if got := f.sweep(t); got.Retold != 3 {
		t.Errorf("retold %+v, want 3", got)
	}
	f.Clock.Advance(time.Minute)
	if got := f.sweep(t); got.Retold != 0 || got.Published != 2 {
		t.Errorf("published %+v, want one event for each check, and none retold before its time", got)
	}
	f.Drain(t)
	for id, tn := range runs {
		if r, err := records.NewRunRef(f.db, tn.ID, tn.Workspace, run.ID(id)).Get(t.Context()); err != nil || r.Pending {
			t.Errorf("run %s is pending: %v, %v", id, r.Pending, err)
		}
	}
}

func TestASweepPublishesABoundedNumber(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	tn := f.Tenant(t)
	const entries = 230 // more than two pages
	old := f.Clock.Now().Add(-time.Hour)
	for i := range entries {
		ref := f.db.Collection("tenants/" + string(tn.ID) + "/outbox").Doc(fmt.Sprint("e", i))
		e := outbox.Entry{Topic: outbox.RunEvents, Tenant: tn.ID, Kind: "test", Created: old.Add(time.Duration(i/50) * time.Second)}
		if _, err := ref.Set(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	if got := f.sweep(t); got.Published != entries || got.More {
		t.Errorf("published %+v, want %d", got, entries)
	}
	left, err := outbox.Waiting(f.db, f.Clock.Now()).Documents(t.Context()).GetAll()
	if err != nil || len(left) != 0 {
		t.Errorf("%d entries are left (%v)", len(left), err)
	}
}
