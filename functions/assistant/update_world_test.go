package assistant_test

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
	"github.com/strongroom-dev/strongroom/functions/assistant"
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

var began = time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC)

// hasty is a clock that whoever waits moves forward.
type hasty struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (h *hasty) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Now().Add(h.ahead)
}

func (h *hasty) after(d time.Duration) <-chan time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ahead += d
	fired := make(chan time.Time, 1)
	fired <- time.Now().Add(h.ahead)
	return fired
}

// world is a tenant with its runs, written as their reports would, and an
// updater whose events the test delivers.
type world struct {
	*cloudtest.Tenant
	updater     *assistant.Updater
	db          *firestore.Client
	keys        *keys.Tenant
	fingerprint []byte
	log         *cloudtest.Log
}

// worldOfMany has the tenant that most worlds are a workspace of, with its keys:
// to make one takes longer than most tests.
var worldOfMany struct {
	sync.Mutex
	*world
}

// newWorld is a workspace of its own, in a tenant that others are in too.
func newWorld(t testing.TB) *world {
	t.Helper()
	c := cloudtest.Shared(t)
	worldOfMany.Lock()
	defer worldOfMany.Unlock()
	if worldOfMany.world == nil {
		worldOfMany.world = newWorldOf(t, c.Tenant(t), c.As(suite.OperatorAccount))
	}
	mine, workspace := *worldOfMany.world, *worldOfMany.Tenant
	workspace.Workspace = tenant.WorkspaceID("w-" + uuid.NewString())
	mine.Tenant, mine.log = &workspace, &cloudtest.Log{}
	mine.updater = mine.newUpdater(t, c.As(suite.OperatorAccount))
	return &mine
}

// newWorldOf has an updater that reaches the cloud by config.
func newWorldOf(t testing.TB, of *cloudtest.Tenant, config gcp.Config) *world {
	t.Helper()
	c := of.Cloud
	w := &world{Tenant: of, log: &cloudtest.Log{}}
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

// newUpdater is what one process would be.
func (w *world) newUpdater(t testing.TB, config gcp.Config) *assistant.Updater {
	t.Helper()
	clients := gcp.NewClients(config)
	t.Cleanup(func() { _ = clients.Close() })
	return w.updaterOf(clients)
}

func (w *world) updaterOf(clients *gcp.Clients) *assistant.Updater {
	clock := &hasty{}
	return assistant.NewUpdater(function.Deps{
		Clients: clients, Now: clock.now, After: clock.after, Log: slog.New(slog.NewJSONHandler(w.log, nil)),
	})
}

// told is what a runner says of a run: found are its issues, each known by its
// fingerprint.
type told struct {
	id      run.ID
	task    string
	start   time.Time
	outcome run.Outcome
	found   []found
	samples map[string][]float64 // by SLI; a second apart, from the start on
}

type found struct {
	finger   string
	severity int
	line     string // beside severity and fingerprint; empty: a title
}

// at is a run of dns-check that started some minutes after began.
func at(minutes int, outcome run.Outcome, fingers ...string) told {
	r := told{id: newID(), task: "dns-check", start: began.Add(time.Duration(minutes) * time.Minute), outcome: outcome}
	for _, finger := range fingers {
		r.found = append(r.found, found{finger: finger, severity: 2})
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

func (r told) begin() run.Start {
	return run.Start{Task: r.task, SLX: slx, Resource: resource, Time: r.start}
}

func (f found) sighting(t testing.TB) issue.Sighting {
	t.Helper()
	line := f.line
	if line == "" {
		line = fmt.Sprintf(`"title":"Title of %s"`, f.finger)
	}
	s, err := issue.ParseSighting(fmt.Appendf(nil, `{"severity":%d,"fingerprint":%q,%s}`, f.severity, f.finger, line))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (w *world) issueID(finger string) issue.ID {
	return issue.Fingerprint(w.fingerprint, run.Start{Task: "dns-check", Resource: resource}, issue.Sighting{Fingerprint: finger})
}

// report writes what the report of each run would.
func (w *world) report(t testing.TB, runs ...told) {
	t.Helper()
	bulk := w.db.BulkWriter(t.Context())
	for _, r := range runs {
		place := records.NewRunRef(w.db, w.ID, w.Workspace, r.id)
		record := run.Run{
			ID: r.id, State: run.Ended, Created: r.start, Start: r.begin(), End: run.End{Outcome: r.outcome, Time: r.start.Add(time.Second)},
			Sightings: len(r.found), Samples: len(r.samples), Check: string(issue.NewCheckID(r.task, resource)), Pending: true,
		}
		for i, f := range r.found {
			sighting := issue.NewRecord(w.fingerprint, r.id, r.begin(), i+1, f.sighting(t))
			ref := records.SightingRef(place.Record, i+1)
			var err error
			if sighting.Line, err = records.CryptFunc(w.keys.Seal).Apply(t.Context(), ref, f.sighting(t).Line); err != nil {
				t.Fatal(err)
			}
			set(t, bulk, ref, sighting)
		}
		for name := range r.samples {
			series, err := sli.NewSeries(name, r.id, slx, r.measured(name))
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

func (r told) measured(name string) []sli.Sample {
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
func (w *world) message(id run.ID) event.Message {
	return event.Message{ID: "m-" + string(id), Attributes: map[string]string{
		"tenant": string(w.ID), "workspace": string(w.Workspace), "run": string(id), "kind": "run.ended", "entry": string(id),
	}}
}

// deliver has the updater take the events of runs, one after the other.
func (w *world) deliver(t testing.TB, runs ...told) {
	t.Helper()
	for _, r := range runs {
		if err := w.updater.Handle(t.Context(), w.message(r.id)); err != nil {
			t.Fatalf("event of %s: %v", r.id, err)
		}
	}
}

func (w *world) reportAndDeliver(t testing.TB, runs ...told) {
	t.Helper()
	for _, r := range runs {
		w.report(t, r)
		w.deliver(t, r)
	}
}

// issue reads an issue; the zero Issue if there is none.
func (w *world) issue(t testing.TB, finger string) issue.Issue {
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

func (w *world) text(t testing.TB, finger string) records.IssueText {
	t.Helper()
	text, err := records.OpenIssueText(t.Context(), w.keys.Open, records.IssueRef(w.db, w.ID, w.Workspace, w.issueID(finger)), w.issue(t, finger).Text)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (w *world) check(t testing.TB) issue.Check {
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

func (w *world) checkRef() *firestore.DocumentRef {
	return records.CheckRef(w.db, w.ID, w.Workspace, issue.NewCheckID("dns-check", resource))
}

// sli reads an SLI; the zero SLI if there is none.
func (w *world) sli(t testing.TB, name string) sli.SLI {
	t.Helper()
	docs, err := w.db.GetAll(t.Context(), []*firestore.DocumentRef{records.SLIRef(w.db, w.ID, w.Workspace, name)})
	if err != nil {
		t.Fatal(err)
	}
	kept, err := records.Decode[sli.SLI](docs[0])
	if err != nil {
		t.Fatal(err)
	}
	return kept
}

// pending counts the runs that are not folded.
func (w *world) pending(ctx context.Context, t testing.TB) int {
	t.Helper()
	docs, err := records.Workspace(w.db, w.ID, w.Workspace).Collection(records.RunsCollection).Where("pending", "==", true).Documents(ctx).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	return len(docs)
}
