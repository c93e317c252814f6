package assistantupdate_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/assistantupdate"
	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/sli"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

var baseTime = time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC)

// fastForwardClock is a clock that jumps ahead when somebody waits, so that no test
// waits for it.
type fastForwardClock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *fastForwardClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *fastForwardClock) after(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
	fired := make(chan time.Time, 1)
	fired <- time.Now().Add(c.ahead)
	return fired
}

// ownCloud is a cloud for one test, which may move its clock and count its reads.
func ownCloud(t testing.TB) *cloudtest.Cloud {
	t.Helper()
	return cloudtest.New(t, suite.Options{})
}

// fixture is a workspace whose runs a test stores as their reports would, and an
// updater to which the test delivers their events.
type fixture struct {
	*cloudtest.Tenant
	updater     *assistantupdate.Updater
	db          *firestore.Client
	keys        *keys.Tenant
	fingerprint []byte
	log         *cloudtest.Log
}

// sharedFixture has the tenant to which most fixtures add a workspace, with its
// keys. A new tenant would take longer than most tests.
var sharedFixture struct {
	sync.Mutex
	*fixture
}

// newFixture is a new workspace in a tenant that other tests use too.
func newFixture(t testing.TB) *fixture {
	t.Helper()
	c := cloudtest.Shared(t)
	sharedFixture.Lock()
	defer sharedFixture.Unlock()
	if sharedFixture.fixture == nil {
		sharedFixture.fixture = newFixtureFor(t, c.Tenant(t), c.As(suite.OperatorAccount))
	}
	mine, workspace := *sharedFixture.fixture, *sharedFixture.Tenant
	workspace.Workspace = tenant.WorkspaceID("w-" + uuid.NewString())
	mine.Tenant, mine.log = &workspace, &cloudtest.Log{}
	mine.updater = mine.newUpdater(t, c.As(suite.OperatorAccount))
	return &mine
}

// newFixtureFor is the workspace of a tenant, with an updater that connects to the
// cloud by config.
func newFixtureFor(t testing.TB, of *cloudtest.Tenant, config gcp.Config) *fixture {
	t.Helper()
	c := of.Cloud
	w := &fixture{Tenant: of, log: &cloudtest.Log{}}
	w.updater = w.newUpdater(t, config)
	var err error
	if w.db, err = c.Directory.Database(t.Context(), w.Record); err != nil {
		t.Fatal(err)
	}
	if w.keys, err = keys.NewTenants(c.Operator, c.Clock.Now).Of(t.Context(), w.Record, w.db); err != nil {
		t.Fatal(err)
	}
	if w.fingerprint, err = w.keys.FingerprintKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

// newUpdater is an updater as another process would have it.
func (w *fixture) newUpdater(t testing.TB, config gcp.Config) *assistantupdate.Updater {
	t.Helper()
	clients := gcp.NewClients(config)
	t.Cleanup(func() { _ = clients.Close() })
	return w.newUpdaterWith(clients)
}

func (w *fixture) newUpdaterWith(clients *gcp.Clients) *assistantupdate.Updater {
	clock := &fastForwardClock{}
	return assistantupdate.New(function.Deps{
		Clients: clients, Now: clock.now, After: clock.after, Log: slog.New(slog.NewJSONHandler(w.log, nil)),
	})
}

// reportedRun is a run as its runner reports it.
type reportedRun struct {
	id       run.ID
	task     string
	start    time.Time
	outcome  run.Outcome
	findings []finding
	samples  map[string][]float64 // by SLI; one per second, from the start
}

// finding is an issue that a run reports.
type finding struct {
	fingerprint string
	severity    int
	line        string // the other fields of the line; empty: a title
}

// runAt is a run of dns-check that started some minutes after baseTime.
func runAt(minutes int, outcome run.Outcome, fingers ...string) reportedRun {
	r := reportedRun{id: newID(), task: "dns-check", start: baseTime.Add(time.Duration(minutes) * time.Minute), outcome: outcome}
	for _, finger := range fingers {
		r.findings = append(r.findings, finding{fingerprint: finger, severity: 2})
	}
	return r
}

func newID() run.ID {
	id, err := uuid.NewV7()
	if err != nil {
		panic(err)
	}
	return run.ID(id.String())
}

const resource, slx = "cluster-1", "dns"

func (r reportedRun) startRecord() run.Start {
	return run.Start{Task: r.task, SLX: slx, Resource: resource, Time: r.start}
}

func (f finding) sighting(t testing.TB) issue.Sighting {
	t.Helper()
	line := f.line
	if line == "" {
		line = fmt.Sprintf(`"title":"Title of %s"`, f.fingerprint)
	}
	s, err := issue.ParseSighting(fmt.Appendf(nil, `{"severity":%d,"fingerprint":%q,%s}`, f.severity, f.fingerprint, line))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (w *fixture) issueID(finger string) issue.ID {
	return issue.Fingerprint(w.fingerprint, run.Start{Task: "dns-check", Resource: resource}, issue.Sighting{Fingerprint: finger})
}

// storeReports stores what the report of each run would.
func (w *fixture) storeReports(t testing.TB, runs ...reportedRun) {
	t.Helper()
	bulk := w.db.BulkWriter(t.Context())
	for _, r := range runs {
		place := records.NewRunRef(w.db, w.ID, w.Workspace, r.id)
		record := run.Run{
			ID: r.id, State: run.Ended, Created: r.start, Start: r.startRecord(), End: run.End{Outcome: r.outcome, Time: r.start.Add(time.Second)},
			Sightings: len(r.findings), Samples: len(r.samples), Check: string(issue.NewCheckID(r.task, resource)), Pending: true,
		}
		for i, f := range r.findings {
			sighting := issue.NewRecord(w.fingerprint, r.id, r.startRecord(), i+1, f.sighting(t))
			ref := records.SightingRef(place.Record, i+1)
			var err error
			if sighting.Line, err = records.CryptFunc(w.keys.Seal).Apply(t.Context(), ref, f.sighting(t).Line); err != nil {
				t.Fatal(err)
			}
			set(t, bulk, ref, sighting)
		}
		for name := range r.samples {
			series, err := sli.NewSeries(name, r.id, slx, r.sampleList(name))
			if err != nil {
				t.Fatal(err)
			}
			series.Waiting = true
			set(t, bulk, records.SeriesRef(w.db, w.ID, w.Workspace, r.id, name), series)
		}
		set(t, bulk, place.Record, record)
	}
	bulk.End()
}

func (r reportedRun) sampleList(name string) []sli.Sample {
	var samples []sli.Sample
	for i, value := range r.samples[name] {
		samples = append(samples, sli.Sample{Time: r.start.Add(time.Duration(i) * time.Second), Value: value})
	}
	return samples
}

func set(t testing.TB, bulk *firestore.BulkWriter, ref *firestore.DocumentRef, data any) {
	t.Helper()
	if _, err := bulk.Set(ref, data); err != nil {
		t.Fatal(err)
	}
}

// message is the event of a run.
func (w *fixture) message(id run.ID) event.Message {
	return event.Message{ID: "m-" + string(id), Attributes: map[string]string{
		"tenant": string(w.ID), "workspace": string(w.Workspace), "run": string(id), "kind": "run.ended", "entry": string(id),
	}}
}

// deliver delivers the events of runs to the updater, one after the other.
func (w *fixture) deliver(t testing.TB, runs ...reportedRun) {
	t.Helper()
	for _, r := range runs {
		if err := w.updater.Handle(t.Context(), w.message(r.id)); err != nil {
			t.Fatalf("event of %s: %v", r.id, err)
		}
	}
}

func (w *fixture) storeAndDeliver(t testing.TB, runs ...reportedRun) {
	t.Helper()
	for _, r := range runs {
		w.storeReports(t, r)
		w.deliver(t, r)
	}
}

// issue reads an issue. It is the zero Issue if none exists.
func (w *fixture) issue(t testing.TB, finger string) issue.Issue {
	t.Helper()
	docs, err := w.db.GetAll(t.Context(), []*firestore.DocumentRef{records.IssueRef(w.db, w.ID, w.Workspace, w.issueID(finger))})
	if err != nil {
		t.Fatal(err)
	}
	i, err := records.Decode[issue.Issue](docs[0])
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func (w *fixture) text(t testing.TB, finger string) records.IssueText {
	t.Helper()
	text, err := records.OpenIssueText(t.Context(), w.keys.Open, records.IssueRef(w.db, w.ID, w.Workspace, w.issueID(finger)), w.issue(t, finger).Text)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (w *fixture) check(t testing.TB) issue.Check {
	t.Helper()
	docs, err := w.db.GetAll(t.Context(), []*firestore.DocumentRef{w.checkRef()})
	if err != nil {
		t.Fatal(err)
	}
	check, err := records.Decode[issue.Check](docs[0])
	if err != nil {
		t.Fatal(err)
	}
	return check
}

func (w *fixture) checkRef() *firestore.DocumentRef {
	return records.CheckRef(w.db, w.ID, w.Workspace, issue.NewCheckID("dns-check", resource))
}

// sli reads an SLI. It is the zero SLI if none exists.
func (w *fixture) sli(t testing.TB, name string) sli.SLI {
	t.Helper()
	docs, err := w.db.GetAll(t.Context(), []*firestore.DocumentRef{records.SLIRef(w.db, w.ID, w.Workspace, name)})
	if err != nil {
		t.Fatal(err)
	}
	s, err := records.Decode[sli.SLI](docs[0])
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// countPending counts the runs that are not folded yet.
func (w *fixture) countPending(ctx context.Context, t testing.TB) int {
	t.Helper()
	docs, err := records.Workspace(w.db, w.ID, w.Workspace).Collection(records.RunsCollection).Where("pending", "==", true).Documents(ctx).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	return len(docs)
}
