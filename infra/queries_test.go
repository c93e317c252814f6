package infra_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/catalog"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

type object = map[string]any

// callAll makes every function do everything that it does, with every filter that
// it has: if no request runs a query, no test notices that its index is missing.
//
// The requests that other requests depend on are written here: runs, an issue, an
// SLI, an assistant, a catalog. All others come from the OpenAPI documents of the
// functions (openapi_test.go). Every route must succeed.
func callAll(t *testing.T, c *cloudtest.Cloud) {
	t.Helper()
	x := newCaller(t, c)
	for n, finds := range []bool{false, true, true} {
		x.callRun(t, n, finds)
	}
	if err := c.SetRetention(t.Context(), x.tenant.ID, tenant.Retention{RunDays: 90, SampleDays: 90, IssueDays: 90, ExportDays: 90, AuditEntryDays: 90, OutputDays: 60, ExportFileDays: 30}); err != nil {
		t.Fatal(err)
	}
	for name, f := range c.Suite.Functions {
		if f.Schedule == "" {
			continue
		}
		if err := c.Scheduler.RunNow(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	c.Drain(t)
	x.callAssistants(t)
	x.callReplay(t)
	x.callAudit(t)
	x.callExports(t)
	x.callModels(t)
	x.callConfigs(t)
	x.callTenants(t)
	x.callFromOpenAPI(t)
	c.Do(t, "", http.MethodGet, "/console", nil).Want(t, http.StatusOK)
	for name := range c.Suite.Functions {
		if c.LoadBalancer.Traffic(name).Requests == 0 {
			t.Errorf("no request calls %s: add one to callAll", name)
		}
	}
}

// callRun reports the n-th of three runs of one check, and reads it. The first
// finds nothing. The second reports its end before its start. The third finds the
// same issue again.
func (x *caller) callRun(t *testing.T, n int, finds bool) {
	t.Helper()
	const run = "/v1/workspaces/{workspace}/runs/{run}"
	x.values["run"] = cloudtest.NewRun(t)
	started := x.cloud.Clock.Now().UTC().Add(time.Duration(n-10) * time.Minute)
	start := object{"task": "dns-check", "slx": "shop", "resource": "web", "start": started}
	if n != 1 {
		x.call(t, "PUT "+run, "", start)
	}
	data := []byte("a line\n")
	parts := []cloudtest.Part{cloudtest.PartOf("stdout.log", 1, data), cloudtest.PartOf("never.log", 1, data)}
	var minted struct{ Parts []cloudtest.Upload }
	x.call(t, "POST "+run+"/uploads", "", object{"parts": parts}).JSON(t, &minted)
	minted.Parts[0].Put(t, data).Want(t, http.StatusOK)
	x.call(t, "POST "+run+"/report", "", runReport(started, finds))
	if n == 1 {
		x.call(t, "PUT "+run, "", start)
	}
	x.cloud.Drain(t)
	for _, path := range []string{"", "/issues", "/outputs", "/outputs/{output}"} {
		x.call(t, "GET "+run+path, "", nil)
	}
	x.callView(t)
}

// searchOutput is no list of documents, so it has no filters.
const searchOutput = "POST /v1/workspaces/{workspace}/runs/{run}/outputs/{output}/search"

// callView opens a view of an output, searches under it, and closes it.
func (x *caller) callView(t *testing.T) {
	t.Helper()
	const views = "POST /v1/workspaces/{workspace}/runs/{run}/outputs/{output}/views"
	var opened struct{ View string }
	x.call(t, views, "", object{}).JSON(t, &opened)
	x.call(t, searchOutput, "", object{"view": opened.View, "text": "a line"})
	x.call(t, views+"/close", "", object{"view": opened.View})
}

func runReport(started time.Time, finds bool) object {
	report := object{
		"end": started.Add(time.Second), "outcome": "success", "exitCode": 0,
		"outputs": []object{{"name": "stdout.log", "parts": 1}, {"name": "never.log", "parts": 1}},
		"samples": []object{{"sli": "latency", "time": started, "value": 1.5}},
	}
	if finds {
		report["issues"] = []object{{"line": `{"severity":2,"title":"DNS is slow","next_steps":"Run the DNS check\nRestart the pods"}`}}
	}
	return report
}

// callExports exports everything, also by a schedule whose window has ended.
func (x *caller) callExports(t *testing.T) {
	t.Helper()
	const exports, schedules = "/v1/exports/{export}", "/v1/export-schedules/{schedule}"
	x.values["schedule"], x.values["export"] = "hours", cloudtest.NewRun(t)
	x.call(t, "PUT /v1/tenants/{tenant}/exports/{export}", "", object{"kinds": []string{"audit"}})
	x.call(t, "POST "+exports+"/cancel", "", nil)
	x.call(t, "PUT "+schedules, "", object{"kinds": []string{"audit"}, "every": "daily"})
	x.call(t, "DELETE "+schedules, "", nil)
	x.call(t, "PUT "+schedules, "", object{"kinds": []string{"audit"}, "every": "hourly"})
	x.call(t, "GET "+schedules, "", nil)
	x.values["export"] = cloudtest.NewRun(t)
	x.call(t, "PUT "+exports, "", object{"kinds": []string{"audit", "inventory", "metadata"}})
	x.cloud.Clock.Advance(time.Hour)
	for _, name := range []string{"export-scheduler", "audit-integrator"} {
		if err := x.cloud.Scheduler.RunNow(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	x.cloud.Drain(t)
	x.call(t, "GET "+exports+"/files", "", nil)
}

// callAssistants uploads a catalog and prunes it, both with and without a page
// token, and makes an assistant that says what to run next.
func (x *caller) callAssistants(t *testing.T) {
	t.Helper()
	const workspace = "/v1/workspaces/{workspace}"
	task := object{
		"name": "Fetch Logs", "documentation": "Fetches logs.", "tags": []string{"logs"}, "suite": "s", "source": "s/runbook.robot",
		"displayName": "S", "suiteDocumentation": "Looks at logs.", "supports": []string{"Kubernetes"}, "kind": "sli",
	}
	other := object{"name": "Restart Pods", "documentation": "Restarts pods.", "suite": "s", "source": "s/runbook.robot"}
	x.call(t, "PUT /v1/catalog/tasks", "", object{"tasks": []object{task, other}, "edition": "e"})
	x.call(t, "POST /v1/catalog/prune", "", object{"source": "s/", "edition": "e"})
	x.call(t, "POST /v1/catalog/enrich", "", object{"tasks": []object{{"id": catalog.Task{Name: "Restart Pods", Source: "s/runbook.robot"}.ID(), "code": "*** Tasks ***"}}})
	x.call(t, "PUT "+workspace+"/slis/{sli}", "", object{"objective": object{"max": 1, "target": 0.99}})
	x.call(t, "PUT "+workspace+"/assistants/{assistant}", "", object{"name": "A", "relevance": 0.5, "accessLevel": "read-write"})
	var list struct{ Issues []struct{ ID string } }
	x.call(t, "POST "+workspace+"/issues/search", "", object{}).JSON(t, &list)
	if len(list.Issues) != 1 {
		t.Fatalf("%d issues, want 1", len(list.Issues))
	}
	x.values["issue"] = list.Issues[0].ID
}

// callReplay replays the quarantine with each of its filters, and dead letters.
func (x *caller) callReplay(t *testing.T) {
	t.Helper()
	for _, body := range []object{{"function": "assistant-update"}, {"function": "assistant-update", "code": "no-such-run"}} {
		x.call(t, "POST /v1/quarantine/replay", "", body)
	}
	x.call(t, "POST /v1/dead-letters/replay", "", object{"topic": "run-events"})
}

// callAudit publishes the audit logs, lists entries of a period, and stores the
// cosignature of a witness.
func (x *caller) callAudit(t *testing.T) {
	t.Helper()
	witness, log := cloudtest.NewWitness(t, "example.com/witness"), "/v1/tenants/{tenant}/audit/log/"
	if err := x.cloud.SetWitnesses(t.Context(), x.tenant.ID, witness.Key); err != nil {
		t.Fatal(err)
	}
	if err := x.cloud.Scheduler.RunNow(t.Context(), "audit-integrator"); err != nil {
		t.Fatal(err)
	}
	x.cloud.Clock.Advance(2 * time.Minute) // the functions read the tenant's record again
	x.values["tenant"], x.values["tile..."] = string(x.tenant.ID), "entries/000.p/1"
	checkpoint := x.call(t, "GET "+log+"checkpoint", "", nil).Body
	x.call(t, "POST "+log+"cosignatures", "", cloudtest.Text(witness.Cosign(t, checkpoint)))
	for route, entry := range map[string]string{"GET /v1/audit/entries": "entry", "GET /v1/platform/audit/entries": "platformEntry"} {
		var list struct {
			Entries []struct{ Entry struct{ ID string } }
		}
		x.call(t, route, "?from=2020-01-01T00:00:00Z&to=2120-01-01T00:00:00Z&after=-1", nil).JSON(t, &list)
		x.values[entry] = list.Entries[0].Entry.ID
	}
}
