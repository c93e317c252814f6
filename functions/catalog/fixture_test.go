package catalog_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

const auditKeyName = "projects/" + suite.ProjectID + "/locations/" + suite.Location + "/keyRings/platform/cryptoKeys/audit"

// fixture is a cloud of its own, since all tenants of a cloud share its catalog,
// with one tenant and the platform's database.
type fixture struct {
	*cloudtest.Tenant
	db *firestore.Client
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	c := cloudtest.New(t, suite.Options{})
	db, err := c.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return &fixture{Tenant: c.Tenant(t), db: db}
}

// staffToken is a token of platform staff.
func (f *fixture) staffToken(t testing.TB) string {
	t.Helper()
	token, err := f.Cloud.Token("", "platform")
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// staffDo sends a request of platform staff.
func (f *fixture) staffDo(t testing.TB, method, path string, body any) cloudtest.Response {
	t.Helper()
	return f.Cloud.Do(t, f.staffToken(t), method, path, body)
}

func (f *fixture) putTasks(t testing.TB, body any) cloudtest.Response {
	t.Helper()
	return f.staffDo(t, http.MethodPut, "/v1/catalog/tasks", body)
}

// upload stores tasks in the catalog and waits until they are in force.
func (f *fixture) upload(t testing.TB, tasks []map[string]any) (ids []string, written int) {
	t.Helper()
	var out struct {
		IDs     []string
		Written int
	}
	f.putTasks(t, map[string]any{"tasks": tasks}).Want(t, http.StatusOK).JSON(t, &out)
	f.Cloud.Clock.Advance(time.Minute + time.Second)
	return out.IDs, out.Written
}

// found is the answer to a search.
type found struct {
	Tasks []struct {
		Name, Source, DisplayName, SuiteDocumentation, Kind string
		Supports                                            []string
		Score                                               float64
		Words                                               []string
	}
	More bool
}

// search searches with a query string.
func (f *fixture) search(t testing.TB, query string) (found found) {
	t.Helper()
	f.Search(t, "viewer", "/v1/catalog/tasks", query).Want(t, http.StatusOK).JSON(t, &found)
	return found
}

// names are the sorted names of the tasks that match words.
func (f *fixture) names(t testing.TB, words string) (names []string) {
	t.Helper()
	for _, task := range f.search(t, "pageSize=100&query="+url.QueryEscape(words)).Tasks {
		names = append(names, task.Name)
	}
	slices.Sort(names)
	return names
}

// taskCounts are the counts of tasks in the entries of an action on a tenant's
// audit log; "" is the platform's own.
func (f *fixture) taskCounts(t testing.TB, id tenant.ID, action auditlog.Action) (counts []int64) {
	t.Helper()
	log, err := auditlog.OpenReader(t.Context(), auditlog.Config{AuditKeyName: auditKeyName}, f.Cloud.Operator, f.Cloud.Clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range log.Entries(t.Context(), f.db, id) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Action == action {
			counts = append(counts, e.Counts["tasks"])
		}
	}
	return counts
}

// community are tasks such as a public collection has.
var community = tasks(
	"Fetch Deployment Logs|Fetches the last lines of logs of the pods of a deployment.|access:read-only,logs",
	"Inspect Deployment Warning Events|Lists warning events of a deployment and its pods.|access:read-only,events",
	"Restart Deployment|Restarts all pods of a deployment.|access:read-write,remediation",
	"Check Readiness Probe Configuration|Reads the probes of a deployment.|access:read-only,probe",
	"Check DNS Resolution|Resolves a name by each resolver and measures the latency.|access:read-only,dns",
	"Verify TLS Certificate Expiry|Prints the days until an endpoint's certificate expires.|access:read-only,tls",
	"Fetch Postgres Slow Queries|Lists the slowest statements of a database.|access:read-only,database",
	"Count Kafka Consumer Lag|Prints how far consumer groups are behind.|access:read-only,queue",
)

// tasks makes a task of each line: name|documentation|tags.
func tasks(lines ...string) (tasks []map[string]any) {
	for _, line := range lines {
		f := strings.Split(line, "|")
		tasks = append(tasks, map[string]any{
			"name": f[0], "documentation": f[1], "tags": strings.Split(f[2], ","), "suite": "Kubernetes",
			"source": "https://example.com/collection/kubernetes.robot",
		})
	}
	return tasks
}
