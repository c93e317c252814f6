package sweep_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"net/http"
	"net/http/httptest"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/outbox"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// backlog is what one tenant leaves for every step of a sweep: more documents than
// one sweep processes, all older than what other tenants leave.
const backlog = 5100

// storeBacklog stores ended runs that each keep a pending grant, overdue grants,
// stuck runs and outbox entries of a tenant.
func (f fixture) storeBacklog(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	workspace, now := records.Workspace(f.db, tn.ID, tn.Workspace), f.Clock.Now()
	id := run.ID(cloudtest.NewRun(t))
	pending := grant.Grant{Workspace: tn.Workspace, Run: id, Output: "out.log", Part: 1, State: grant.Pending, Expires: now.Add(time.Hour)}
	overdue := pending
	overdue.Expires = now.Add(-time.Hour)
	for ref, value := range map[*firestore.DocumentRef]any{
		workspace.Collection(records.RunsCollection).Doc(string(id)): run.Run{
			ID: id, State: run.Ended, Created: now.Add(-time.Hour), Pending: true, RepublishAt: now.Add(-time.Hour),
		},
		workspace.Collection(records.GrantsCollection).Doc("pending-grant"): pending,
		workspace.Collection(records.GrantsCollection).Doc("overdue-grant"): overdue,
		f.db.Collection("tenants/" + string(tn.ID) + "/outbox").Doc("outbox-entry"): outbox.Entry{
			Topic: outbox.RunEvents, Tenant: tn.ID, Run: id, Kind: "test", Created: now.Add(-time.Hour),
		},
	} {
		if _, err := ref.Set(t.Context(), value); err != nil {
			t.Fatal(err)
		}
	}
	cloudtest.NewCopier(t, tn, string(id)).Load(t, backlog-1, 0)
}

// In the time of a few pages, the sweep does the work of every tenant with little,
// although another tenant has left thousands of older documents for each step.
func TestLargeBacklogOfOneTenantDelaysNoOther(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	noisy, quiet := f.Tenant(t), f.Tenant(t)
	ended, stuck := cloudtest.NewRun(t), endedRun(t, quiet)
	f.Drain(t)
	quiet.Mint(t, ended, parts(1)...)
	report(t, quiet, ended, "out.log", 1)
	f.Clock.Advance(overdue)
	f.storeBacklog(t, noisy)
	f.leaveStuck(t, quiet, stuck)

	// Each look at this clock takes 800 ms. Three steps with work look at it at the same time:
	// together they have about 55 pages, and the slowest of them about 10.
	var looks atomic.Int64
	now := func() time.Time { return f.Clock.Now().Add(time.Duration(looks.Add(1)) * 800 * time.Millisecond) }
	f.sweepBy(t, now)

	f.want(t, quiet, ended, grant.Missing)
	for id, check := range map[string]func(run.Run) bool{
		ended: func(r run.Run) bool { return r.GrantsFinal },
		stuck: func(r run.Run) bool { return r.RepublishAt.After(f.Clock.Now()) },
	} {
		r, err := records.NewRunRef(f.db, quiet.ID, quiet.Workspace, run.ID(id)).Get(t.Context())
		if err != nil || !check(r) {
			t.Errorf("run %s is not processed: %+v, %v", id, r, err)
		}
	}
	late, err := f.db.Doc("tenants/" + string(quiet.ID) + "/outbox/late").Get(t.Context())
	if err != nil || late.Data()["created"] != nil || late.Data()["expires"] == nil {
		t.Errorf("the event is not published: %v (%v)", late.Data(), err)
	}
}

// leaveStuck stores a run that is unprocessed since hours, and an outbox entry, both
// younger than any backlog.
func (f fixture) leaveStuck(t *testing.T, tn *cloudtest.Tenant, id string) {
	t.Helper()
	_, err := records.NewRunRef(f.db, tn.ID, tn.Workspace, run.ID(id)).Record.Update(t.Context(), []firestore.Update{
		{Path: "pending", Value: true}, {Path: "republishAt", Value: f.Clock.Now().Add(-time.Minute)},
	})
	if err != nil {
		t.Fatal(err)
	}
	entry := outbox.Entry{Topic: outbox.RunEvents, Tenant: tn.ID, Kind: "test", Created: f.Clock.Now().Add(-time.Minute)}
	if _, err := f.db.Doc("tenants/"+string(tn.ID)+"/outbox/late").Set(t.Context(), entry); err != nil {
		t.Fatal(err)
	}
}

// sweepBy runs one sweep of a process with its own clock.
func (f fixture) sweepBy(t *testing.T, now func() time.Time) {
	t.Helper()
	clients := gcp.NewClients(f.As(suite.FunctionAccount("sweep")))
	defer func() { _ = clients.Close() }()
	h := newHandler(t, clients, now)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
}

// The directory may lose a tenant whose documents are not deleted yet, or have a
// record that cannot be read.
func TestDocumentsOfUnlistedTenantsAreSweptToo(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	tn := f.Tenant(t)
	bulk := f.db.BulkWriter(t.Context())
	unlisted := f.db.Collection("tenants/unlisted/workspaces/prod/" + records.GrantsCollection)
	const grants = 150 // more than one page, so that the tenants take turns
	for i := range grants {
		_, err := bulk.Set(unlisted.Doc(fmt.Sprint(i)), grant.Grant{State: grant.Pending, Part: 1, Output: "o", Run: "r", Expires: f.Clock.Now().Add(-time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
	}
	bulk.End()
	id := cloudtest.NewRun(t)
	tn.Mint(t, id, parts(1)...)
	f.Clock.Advance(overdue)
	if got := f.sweep(t); got.Expired != grants+1 {
		t.Errorf("%+v, want %d expired", got, grants+1)
	}
}
