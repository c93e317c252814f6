package assistant_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
)

// community are tasks such as a public collection has: name, documentation, tags.
var community = offered(
	"Fetch Deployment Logs|Fetches the last lines of logs of the pods of a deployment.|access:read-only,logs",
	"Inspect Deployment Warning Events|Lists warning events of a deployment and its pods.|access:read-only,events",
	"Restart Deployment|Rolls out all pods of a deployment anew.|access:read-write,remediation",
	"Check Readiness Probe Configuration|Reads the probes of a deployment.|access:read-only,probe",
	"Check DNS Resolution|Resolves a name by each resolver and measures the latency.|access:read-only,dns",
	"Verify TLS Certificate Expiry|Tells the days that are left of an endpoint's certificate.|access:read-only,tls",
	"Fetch Postgres Slow Queries|Lists the slowest statements of a database.|access:read-only,database",
	"Count Kafka Consumer Lag|Tells how far consumer groups are behind.|access:read-only,queue",
)

func offered(lines ...string) (tasks []map[string]any) {
	for _, line := range lines {
		f := strings.Split(line, "|")
		tasks = append(tasks, map[string]any{
			"name": f[0], "documentation": f[1], "tags": strings.Split(f[2], ","), "suite": "Kubernetes",
			"source": "https://example.com/collection/kubernetes.robot",
		})
	}
	return tasks
}

func putTasks(t testing.TB, c *cloudtest.Cloud, body any) cloudtest.Response {
	t.Helper()
	return staffDo(t, c, http.MethodPut, "/v1/catalog/tasks", body)
}

// offer puts tasks into the catalogue and waits until they are in force.
func offer(t testing.TB, c *cloudtest.Cloud, tasks []map[string]any) (ids []string, written int) {
	t.Helper()
	var out struct {
		IDs     []string
		Written int
	}
	putTasks(t, c, map[string]any{"tasks": tasks}).Want(t, http.StatusOK).JSON(t, &out)
	c.Clock.Advance(time.Minute + time.Second)
	return out.IDs, out.Written
}

type searched struct {
	Tasks []struct {
		Name, Source, DisplayName, SuiteDocumentation, Kind string
		Supports                                            []string
		Score                                               float64
		Words                                               []string
	}
	More bool
}

func (d *desk) search(t testing.TB, query string) (s searched) {
	t.Helper()
	d.Do(t, "viewer", http.MethodGet, "/v1/catalog/tasks?"+query, nil).Want(t, http.StatusOK).JSON(t, &s)
	return s
}

func TestTheCatalogueIsSearched(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	d := newDesk(t, c)
	if got := d.search(t, "query=dns"); len(got.Tasks) != 0 {
		t.Errorf("an empty catalogue has %+v", got)
	}
	ids, written := offer(t, c, community)
	if written != len(community) || len(slices.Compact(slices.Sorted(slices.Values(ids)))) != len(community) {
		t.Errorf("written: %d, ids: %q", written, ids)
	}
	got := d.search(t, "query="+queryEscape("fetch the logs of the deployment")+"&pageSize=2")
	if len(got.Tasks) != 2 || got.Tasks[0].Name != "Fetch Deployment Logs" || !got.More ||
		got.Tasks[0].Score < 0.85 || got.Tasks[0].Score > 1 || !slices.Contains(got.Tasks[0].Words, "logs") {
		t.Errorf("got %+v", got)
	}
	for _, query := range []string{"", "query=", "query=a&pageSize=0", "query=a&pageSize=101", "query=a&q=b", "query=" + strings.Repeat("a", 501)} {
		d.Do(t, "viewer", http.MethodGet, "/v1/catalog/tasks?"+query, nil).Want(t, http.StatusUnprocessableEntity)
	}
}

func TestTheCatalogueIsPutAgainWithoutEffect(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	d := newDesk(t, c)
	first, _ := offer(t, c, community)
	again, written := offer(t, c, community)
	if !slices.Equal(first, again) || written != 0 {
		t.Errorf("written again: %d", written)
	}
	changed := offered("Check DNS Resolution|Asks a resolver for a carrier pigeon.|dns")
	if _, written := offer(t, c, changed); written != 1 {
		t.Errorf("of a change is written %d", written)
	}
	if got := d.search(t, "query=carrier+pigeon"); len(got.Tasks) != 1 || got.Tasks[0].Name != "Check DNS Resolution" {
		t.Errorf("got %+v", got)
	}
}

// A minute may pass until what was put is found; while nothing was put, a
// minute costs one read.
func TestTheCatalogueIsReadWhenItChanged(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	if c.Firestore == nil {
		t.Skip("only the embedded Firestore counts")
	}
	d := newDesk(t, c)
	offer(t, c, community)
	d.search(t, "query=dns")
	reads := func(search func()) int64 {
		before := c.Firestore.Counts().Reads
		search()
		return c.Firestore.Counts().Reads - before
	}
	again := reads(func() { d.search(t, "query=dns") })
	c.Clock.Advance(30 * time.Second)
	if soon := reads(func() { d.search(t, "query=dns") }); soon != again {
		t.Errorf("a search reads %d, and soon after %d", again, soon)
	}
	putTasks(t, c, map[string]any{"tasks": offered("Resolve DNSSEC|Checks signatures.|dns")}).Want(t, http.StatusOK)
	if got := d.search(t, "query=dnssec"); len(got.Tasks) != 0 {
		t.Errorf("it is found at once: %+v", got)
	}
	c.Clock.Advance(31 * time.Second)
	if got := d.search(t, "query=dnssec"); len(got.Tasks) != 1 {
		t.Errorf("it is not found after a minute: %+v", got)
	}
}

func TestTheCatalogueTakesFiveHundredAtOnce(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	d := newDesk(t, c)
	var tasks []map[string]any
	for n := range 501 {
		tasks = append(tasks, offered(fmt.Sprintf("Task number%d|%s|tag", n, strings.Repeat("words ", 100)))...)
	}
	putTasks(t, c, map[string]any{"tasks": tasks}).Want(t, http.StatusUnprocessableEntity)
	offer(t, c, tasks[:500])
	if got := d.search(t, "query=number499"); len(got.Tasks) != 1 {
		t.Errorf("got %+v", got)
	}
	if got := d.search(t, "query=number500"); len(got.Tasks) != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestTheCatalogueRefuses(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	d := newDesk(t, c)
	one := func(key string, value any) map[string]any {
		task := offered("Name|Documentation|tag")[0]
		task[key] = value
		return map[string]any{"tasks": []map[string]any{task}}
	}
	for what, body := range map[string]any{
		"no tasks":           map[string]any{"tasks": []any{}},
		"the same twice":     map[string]any{"tasks": append(offered("A|x|t"), offered("A|y|t")...)},
		"no name":            one("name", ""),
		"no source":          one("source", ""),
		"no suite":           one("suite", ""),
		"long documentation": one("documentation", strings.Repeat("x", 4097)),
		"an empty tag":       one("tags", []string{""}),
		"a long tag":         one("tags", []string{strings.Repeat("x", 201)}),
		"an unknown key":     one("steps", "x"),
		"a long title":       one("displayName", strings.Repeat("x", 201)),
		"a long suite":       one("suiteDocumentation", strings.Repeat("x", 1025)),
		"much support":       one("supports", strings.Split(strings.Repeat("x ", 51), " ")[:51]),
		"an empty support":   one("supports", []string{""}),
		"an unknown kind":    one("kind", "slo"),
		"a bad edition":      map[string]any{"tasks": offered("A|x|t"), "edition": "É"},
	} {
		if r := putTasks(t, c, body); r.Status != http.StatusUnprocessableEntity && r.Status != http.StatusBadRequest {
			t.Errorf("%s: status %d: %s", what, r.Status, r.Body)
		}
	}
	big := make([]byte, 4<<20+1)
	putTasks(t, c, big).Want(t, http.StatusRequestEntityTooLarge)
	if got := d.search(t, "query=name"); len(got.Tasks) != 0 {
		t.Errorf("something was written: %+v", got)
	}
	d.Do(t, "admin", http.MethodPut, "/v1/catalog/tasks", map[string]any{"tasks": community}).Want(t, http.StatusForbidden)
	d.Do(t, "runner", http.MethodGet, "/v1/catalog/tasks?query=a", nil).Want(t, http.StatusForbidden)
	if put, search := d.entries(t, auditlog.WriteCatalog), d.entries(t, auditlog.SearchCatalog); put != 1 || search != 1 {
		t.Errorf("denials on record: %d and %d", put, search)
	}
}
