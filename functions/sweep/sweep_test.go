package sweep_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/sweep"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

func TestMain(m *testing.M) { cloudtest.Main(m) }

const auditKey = "projects/" + suite.ProjectID + "/locations/" + suite.Location + "/keyRings/platform/cryptoKeys/audit"

// fixture is a cloud of its own for each test, because a sweep processes all tenants.
type fixture struct {
	*cloudtest.Cloud
	handler *sweep.Handler
	db      *firestore.Client
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	c := cloudtest.New(t, suite.Options{})
	clients := gcp.NewClients(c.As(suite.FunctionAccount("sweep")))
	t.Cleanup(func() { _ = clients.Close() })
	db, err := c.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return fixture{c, newHandler(t, clients, c.Clock.Now), db}
}

func newHandler(t *testing.T, clients *gcp.Clients, now func() time.Time) *sweep.Handler {
	t.Helper()
	h, err := sweep.New(t.Context(), auditlog.Config{AuditKeyName: auditKey}, function.Deps{Clients: clients, Now: now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (f fixture) sweep(t *testing.T) (result sweep.Result) {
	t.Helper()
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &result); err != nil {
		t.Fatal(err)
	}
	return result
}

func report(t *testing.T, tn *cloudtest.Tenant, id, output string, parts int) {
	t.Helper()
	tn.Do(t, "runner", http.MethodPost, tn.RunPath(id)+"/report", map[string]any{
		"end": time.Now().UTC(), "outcome": "success", "exitCode": 0,
		"outputs": []map[string]any{{"name": output, "parts": parts}},
	}).Want(t, http.StatusOK)
}

// state returns the state of the grant of a part of out.log.
func (f fixture) state(t *testing.T, tn *cloudtest.Tenant, id string, part int) grant.State {
	t.Helper()
	o := grant.Object{Workspace: tn.Workspace, Run: run.ID(id), Output: "out.log", Part: part}
	doc, err := records.GrantRef(f.db, tn.ID, o).Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	g, err := records.Decode[grant.Grant](doc)
	if err != nil {
		t.Fatal(err)
	}
	return g.State
}

func (f fixture) want(t *testing.T, tn *cloudtest.Tenant, id string, states ...grant.State) {
	t.Helper()
	for i, want := range states {
		if got := f.state(t, tn, id, i+1); got != want {
			t.Errorf("part %d is %s, want %s", i+1, got, want)
		}
	}
}

// parts declares n parts of out.log, of one byte each.
func parts(n int) []cloudtest.Part {
	all := make([]cloudtest.Part, n)
	for i := range all {
		all[i] = cloudtest.PartOf("out.log", i+1, []byte("x"))
	}
	return all
}

const overdue = 16 * time.Minute

func TestOverdueGrantsBecomeFinal(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a, b := f.Tenant(t), f.Tenant(t)
	unclaimed, before, after := cloudtest.NewRun(t), cloudtest.NewRun(t), cloudtest.NewRun(t)
	a.Mint(t, unclaimed, parts(1)...)
	a.Mint(t, before, parts(3)...)[0].Put(t, []byte("x")).Want(t, http.StatusOK)
	b.Mint(t, after, parts(2)...)
	f.Drain(t)
	report(t, a, before, "out.log", 2)

	if got := f.sweep(t); got != (sweep.Result{}) {
		t.Errorf("before they expire: %+v", got)
	}
	f.Clock.Advance(overdue)
	if got := f.sweep(t); got != (sweep.Result{Expired: 4, Missing: 1, Finalized: 1, Lost: 2}) {
		t.Errorf("after they expire: %+v", got)
	}
	f.want(t, a, unclaimed, grant.Expired)
	f.want(t, a, before, grant.Stored, grant.Missing, grant.Expired)
	f.want(t, b, after, grant.Expired, grant.Expired)

	report(t, b, after, "out.log", 1)
	if got := f.sweep(t); got != (sweep.Result{Missing: 1, Finalized: 1}) {
		t.Errorf("after a run claims an expired grant: %+v", got)
	}
	f.want(t, b, after, grant.Missing, grant.Expired)
	if got := f.sweep(t); got != (sweep.Result{}) {
		t.Errorf("final runs are processed again: %+v", got)
	}
}

func TestRenewedAndLateGrants(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	tn, id := f.Tenant(t), cloudtest.NewRun(t)
	tn.Mint(t, id, parts(2)...)
	f.Clock.Advance(overdue)
	renewed := tn.Mint(t, id, parts(1)...)
	if got := f.sweep(t); got.Expired != 1 {
		t.Errorf("%+v", got)
	}
	f.want(t, tn, id, grant.Pending, grant.Expired)
	report(t, tn, id, "out.log", 2)
	if got := f.sweep(t); got.Finalized != 0 || got.Missing != 1 {
		t.Errorf("a run with a pending grant: %+v", got)
	}
	renewed[0].Put(t, []byte("x")).Want(t, http.StatusOK)
	tn.Mint(t, id, parts(2)[1])[0].Put(t, []byte("x")).Want(t, http.StatusOK) // the missing part arrives late
	f.Drain(t)
	if got := f.sweep(t); got.Finalized != 1 {
		t.Errorf("when every part is stored: %+v", got)
	}
	f.Clock.Advance(overdue)
	f.sweep(t)
	f.want(t, tn, id, grant.Stored, grant.Stored)
}

func TestTwoConcurrentSweepsOfManyPages(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	tn := f.Tenant(t)
	const grants, runs = 250, 120
	batch := f.db.BulkWriter(t.Context())
	workspace := records.Workspace(f.db, tn.ID, tn.Workspace)
	for i := range runs {
		id := run.ID(cloudtest.NewRun(t))
		_, err := batch.Set(workspace.Collection(records.RunsCollection).Doc(string(id)), run.Run{ID: id, State: run.Ended, Created: f.Clock.Now()})
		if err != nil {
			t.Fatal(err)
		}
		for n := i; n < grants; n += runs {
			_, err := batch.Set(workspace.Collection(records.GrantsCollection).Doc(fmt.Sprint(n)), grant.Grant{
				Workspace: tn.Workspace, Run: id, Output: "out.log", Part: n + 1, State: grant.Pending, Expires: f.Clock.Now().Add(-time.Hour),
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	batch.End()
	results := make([]sweep.Result, 2)
	var both sync.WaitGroup
	for i := range results {
		both.Go(func() { results[i] = f.sweep(t) })
	}
	both.Wait()
	last := f.sweep(t)
	if n := results[0].Expired + results[1].Expired + last.Expired; n != grants {
		t.Errorf("%d of %d expired", n, grants)
	}
	for state, want := range map[string]int{"pending": 0, "expired": grants} {
		docs, err := workspace.Collection(records.GrantsCollection).Where("state", "==", state).Documents(t.Context()).GetAll()
		if err != nil || len(docs) != want {
			t.Errorf("%d are %s, want %d (%v)", len(docs), state, want, err)
		}
	}
	open, err := workspace.Collection(records.RunsCollection).Where("grantsFinal", "==", false).Documents(t.Context()).GetAll()
	if err != nil || len(open) > 0 {
		t.Errorf("%d runs are not final (%v)", len(open), err)
	}
}

// The unreadable grant has the earliest expiry, so that the sweep reads it first.
func TestUnreadableDocumentDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	tn, id := f.Tenant(t), cloudtest.NewRun(t)
	tn.Mint(t, id, parts(1)...)
	f.Clock.Advance(overdue)
	workspace := records.Workspace(f.db, tn.ID, tn.Workspace)
	_, err := workspace.Collection(records.GrantsCollection).Doc("broken").Set(t.Context(), map[string]any{
		"state": "pending", "expires": time.Unix(0, 0), "part": "not a number",
	})
	if err != nil {
		t.Fatal(err)
	}
	f.sweep(t)
	f.want(t, tn, id, grant.Expired)
}

func TestOnlyTheSchedulerMayCall(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	tn, id := f.Tenant(t), cloudtest.NewRun(t)
	tn.Mint(t, id, parts(1)...)
	f.Clock.Advance(overdue)
	endpoint := f.LoadBalancer.Endpoint("sweep")
	for account, want := range map[string]int{
		suite.Account("pubsub-push"): http.StatusForbidden, suite.FunctionAccount("sweep"): http.StatusForbidden, "": http.StatusUnauthorized,
	} {
		token := ""
		if account != "" {
			var err error
			if token, err = f.IAM.SignJWT(account, map[string]any{"aud": endpoint}); err != nil {
				t.Fatal(err)
			}
		}
		f.Do(t, token, http.MethodPost, "/functions/sweep", nil).Want(t, want)
	}
	f.want(t, tn, id, grant.Pending)
	if err := f.Scheduler.RunNow(t.Context(), "sweep"); err != nil {
		t.Fatal(err)
	}
	f.want(t, tn, id, grant.Expired)
}
