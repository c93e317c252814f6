package sweep_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
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

// endedRun records the start and end of a run, and returns its ID.
func endedRun(t *testing.T, tn *cloudtest.Tenant) string {
	t.Helper()
	id := cloudtest.NewRun(t)
	tn.Do(t, "runner", http.MethodPut, tn.RunPath(id), map[string]any{"task": "t", "start": time.Now()}).Want(t, http.StatusOK)
	tn.Do(t, "runner", http.MethodPost, tn.RunPath(id)+"/report", map[string]any{
		"end": time.Now(), "outcome": "success", "exitCode": 0,
	}).Want(t, http.StatusOK)
	return id
}

// While the function runs has no permission to publish, its events stay in the
// outbox. The sweep publishes them once it has the permission.
func TestSweepPublishesTheEventsThatRunsCouldNot(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var mu sync.Mutex
	published := map[string]int{}
	f.PubSub.OnPublish(func(_ string, _ []byte, attributes map[string]string) {
		mu.Lock()
		defer mu.Unlock()
		published[attributes["run"]]++
	})
	publisher := func(function string) iam.Binding {
		return iam.Binding{Member: suite.FunctionAccount(function), Role: "roles/pubsub.publisher", Resource: "topics/" + outbox.RunEvents}
	}
	for _, function := range []string{"runs", "sweep"} {
		if err := f.IAM.Unbind(publisher(function)); err != nil {
			t.Fatal(err)
		}
	}
	acme, other := f.Tenant(t), f.Tenant(t)
	runs := []string{endedRun(t, acme), endedRun(t, acme), endedRun(t, other)}
	if got := f.sweep(t); got.Published != 0 {
		t.Errorf("published %d events that are younger than 15 seconds", got.Published)
	}
	f.Clock.Advance(time.Minute)
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil))
	if w.Code == http.StatusOK || len(published) != 0 {
		t.Errorf("without permission the sweep returned %d and published %v", w.Code, published)
	}
	if err := f.IAM.Bind(publisher("sweep")); err != nil {
		t.Fatal(err)
	}
	if got := f.sweep(t); got.Published != len(runs) || got.More {
		t.Errorf("published %+v, want %d", got, len(runs))
	}
	if got := f.sweep(t); got.Published != 0 {
		t.Errorf("published %d again", got.Published)
	}
	for _, id := range runs {
		if published[id] != 1 {
			t.Errorf("the event of run %s was published %d times, want once", id, published[id])
		}
	}
}

// An event may be lost forever. The sweep republishes it, so that its run is
// processed nevertheless.
func TestEventsOfStuckRunsAreRepublished(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	acme, other := f.Tenant(t), f.Tenant(t)
	runs := map[string]*cloudtest.Tenant{endedRun(t, acme): acme, endedRun(t, acme): acme, endedRun(t, other): other}
	f.Drain(t)
	for id, tn := range runs { // as if the event had been lost
		ref := records.NewRunRef(f.db, tn.ID, tn.Workspace, run.ID(id)).Record
		if _, err := ref.Update(t.Context(), []firestore.Update{{Path: "pending", Value: true}}); err != nil {
			t.Fatal(err)
		}
	}
	if got := f.sweep(t); got.Republished != 0 {
		t.Errorf("republished %d while Pub/Sub may still try", got.Republished)
	}
	f.Clock.Advance(run.RepublishAfter + time.Minute)
	if got := f.sweep(t); got.Republished != 3 {
		t.Errorf("republished %+v, want 3", got)
	}
	f.Clock.Advance(time.Minute)
	if got := f.sweep(t); got.Republished != 0 || got.Published != 2 {
		t.Errorf("published %+v, want one event for each check, and none republished before its time", got)
	}
	f.Drain(t)
	for id, tn := range runs {
		if r, err := records.NewRunRef(f.db, tn.ID, tn.Workspace, run.ID(id)).Get(t.Context()); err != nil || r.Pending {
			t.Errorf("run %s is pending: %v, %v", id, r.Pending, err)
		}
	}
}

func TestSweepPublishesSeveralPages(t *testing.T) {
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
	left, err := outbox.Pending(f.db, f.Clock.Now()).Documents(t.Context()).GetAll()
	if err != nil || len(left) != 0 {
		t.Errorf("%d entries remain (%v)", len(left), err)
	}
}

// An event that becomes old enough during a long sweep does not wait for the next one.
func TestALongSweepPublishesAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	tn := f.Tenant(t)
	start := f.Clock.Now()
	ref := f.db.Collection("tenants/" + string(tn.ID) + "/outbox").Doc("young")
	entry := outbox.Entry{Topic: outbox.RunEvents, Tenant: tn.ID, Kind: "test", Created: start.Add(-10 * time.Second)}
	if _, err := ref.Set(t.Context(), entry); err != nil {
		t.Fatal(err)
	}
	var looks atomic.Int64 // at a clock that moves by a second each time: about 4 before the first query for events, and 15 more in the steps
	f.sweepBy(t, func() time.Time { return start.Add(time.Duration(looks.Add(1)) * time.Second) })
	doc, err := ref.Get(t.Context())
	if err != nil || doc.Data()["created"] != nil {
		t.Errorf("the event is not published: %v (%v)", doc.Data(), err)
	}
}
