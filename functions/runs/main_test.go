package runs_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

func TestMain(m *testing.M) { cloudtest.Main(m) }

// began is the start of most runs in tests.
var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// fields are a JSON object.
type fields = map[string]any

// with returns a copy of f with some fields changed. A nil value removes a field.
func with(f fields, changes fields) fields {
	f = maps.Clone(f)
	for name, value := range changes {
		f[name] = value
		if value == nil {
			delete(f, name)
		}
	}
	return f
}

var (
	aStart  = fields{"task": "dns-check", "slx": "dns", "resource": "cluster-1", "start": began}
	aReport = fields{
		"end": began.Add(time.Minute), "outcome": "failure", "exitCode": 1,
		"outputs": []fields{{"name": "stdout.log", "parts": 2}},
		"samples": []fields{{"sli": "dns-latency", "time": began, "value": 1.5}, {"sli": "dns-errors", "time": began, "value": 0}},
		"issues":  []fields{{"line": `{"severity":2,"title":"DNS is slow"}`}, {"line": `{"severity":"9", "title": "odd" }`}},
	}
)

// begin sends the start of a run as the runner.
func begin(t testing.TB, tn *cloudtest.Tenant, id string, body any) cloudtest.Response {
	t.Helper()
	return tn.Do(t, "runner", http.MethodPut, tn.RunPath(id), body)
}

// finish sends the report of a run as the runner.
func finish(t testing.TB, tn *cloudtest.Tenant, id string, body any) cloudtest.Response {
	t.Helper()
	return tn.Do(t, "runner", http.MethodPost, tn.RunPath(id)+"/report", body)
}

// get sends a GET for a path of the workspace as the viewer.
func get(t testing.TB, tn *cloudtest.Tenant, path string) cloudtest.Response {
	t.Helper()
	return tn.Do(t, "viewer", http.MethodGet, "/v1/workspaces/"+string(tn.Workspace)+path, nil)
}

// recorded records the start and the report of a run, and returns its ID.
func recorded(t testing.TB, tn *cloudtest.Tenant, started, ended fields) string {
	t.Helper()
	id := cloudtest.NewRun(t)
	if start, ok := started["start"].(time.Time); ok && start.After(began) {
		ended = with(ended, fields{"end": start.Add(time.Minute)})
	}
	begin(t, tn, id, started).Want(t, http.StatusOK)
	finish(t, tn, id, ended).Want(t, http.StatusOK)
	return id
}

func database(t testing.TB, c *cloudtest.Cloud) *firestore.Client {
	t.Helper()
	db, err := c.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// readRun reads a run from the database.
func readRun(t testing.TB, tn *cloudtest.Tenant, id string) run.Run {
	t.Helper()
	r, err := records.NewRunRef(database(t, tn.Cloud), tn.ID, tn.Workspace, run.ID(id)).Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// documents reads the documents of a collection below the tenant.
func documents(t testing.TB, c *cloudtest.Cloud, id tenant.ID, collection string) []*firestore.DocumentSnapshot {
	t.Helper()
	docs, err := database(t, c).Collection("tenants/" + string(id) + "/" + collection).Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	return docs
}

// sightings reads the sightings of a run.
func sightings(t testing.TB, tn *cloudtest.Tenant, id string) []*firestore.DocumentSnapshot {
	t.Helper()
	return documents(t, tn.Cloud, tn.ID, "workspaces/"+string(tn.Workspace)+"/runs/"+id+"/sightings")
}

// split returns the lines of a text.
func split(body []byte) []string { return strings.Split(strings.TrimSuffix(string(body), "\n"), "\n") }
