package infra_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
)

type object = map[string]any

// askAll has every function do all that it does, with every filter it takes: a
// query that is not asked here is a query whose index nobody misses.
func askAll(t *testing.T, c *cloudtest.Cloud) {
	t.Helper()
	tn := c.Tenant(t)
	runAll(t, c, tn)
	for _, job := range []string{"sweep", "reseal"} {
		if err := c.Scheduler.RunNow(t.Context(), job); err != nil {
			t.Fatal(err)
		}
	}
	c.Drain(t)
	askAssistant(t, c, tn)
	askLists(t, tn)
	askReplay(t, c)
	for name := range c.Suite.Functions {
		if c.LoadBalancer.Traffic(name).Requests == 0 {
			t.Errorf("nothing asks %s: add to what this test does", name)
		}
	}
}

// runAll tells of runs of one check: one that finds nothing, one whose start is
// told late, one that finds the same again.
func runAll(t *testing.T, c *cloudtest.Cloud, tn *cloudtest.Tenant) {
	t.Helper()
	now := c.Clock.Now().UTC()
	for n, finds := range []bool{false, true, true} {
		run := cloudtest.NewRun(t)
		began := now.Add(time.Duration(n-10) * time.Minute)
		start := object{"task": "dns-check", "slx": "shop", "resource": "web", "start": began}
		report := object{
			"end": began.Add(time.Second), "outcome": "success", "exitCode": 0,
			"outputs": []object{{"name": "stdout.log", "parts": 1}, {"name": "never.log", "parts": 1}},
			"samples": []object{{"sli": "latency", "time": began, "value": 1.5}},
		}
		if finds {
			report["issues"] = []object{{"line": `{"severity":2,"title":"DNS is slow","next_steps":"Run the DNS check\nFetch the logs"}`}}
		}
		begin := func() { tn.Do(t, "runner", http.MethodPut, tn.RunPath(run), start).Want(t, http.StatusOK) }
		if n != 1 {
			begin()
		}
		uploads := tn.Mint(t, run, cloudtest.PartOf("stdout.log", 1, []byte("a line\n")), cloudtest.PartOf("never.log", 1, []byte("a line\n")))
		uploads[0].Put(t, []byte("a line\n")).Want(t, http.StatusOK)
		tn.Do(t, "runner", http.MethodPost, tn.RunPath(run)+"/report", report).Want(t, http.StatusOK)
		if n == 1 {
			begin()
		}
		c.Drain(t)
		for _, path := range []string{"", "/issues", "/outputs", "/outputs?pageToken=a", "/outputs/stdout.log"} {
			if r := tn.Do(t, "viewer", http.MethodGet, tn.RunPath(run)+path, nil); r.Status >= http.StatusBadRequest && path != "/outputs?pageToken=a" {
				t.Fatalf("%s: %d %s", path, r.Status, r.Body)
			}
		}
	}
}

func askAssistant(t *testing.T, c *cloudtest.Cloud, tn *cloudtest.Tenant) {
	t.Helper()
	const space = "/v1/workspaces/prod"
	staff, err := c.Token("", "platform")
	if err != nil {
		t.Fatal(err)
	}
	task := object{
		"name": "Fetch Logs", "documentation": "Fetches logs.", "tags": []string{"logs"}, "suite": "s", "source": "s/runbook.robot",
		"displayName": "S", "suiteDocumentation": "Looks at logs.", "supports": []string{"Kubernetes"}, "kind": "sli",
	}
	c.Do(t, staff, http.MethodPut, "/v1/catalog/tasks", object{"tasks": []object{task}, "edition": "e"}).Want(t, http.StatusOK)
	for _, page := range []object{{}, {"pageToken": strings.Repeat("0", 64)}} {
		page["source"], page["edition"] = "s/", "e"
		c.Do(t, staff, http.MethodPost, "/v1/catalog/prune", page).Want(t, http.StatusOK)
	}
	tn.Do(t, "admin", http.MethodPut, space+"/slis/latency", object{"objective": object{"max": 1, "target": 0.99}}).Want(t, http.StatusOK)
	tn.Do(t, "admin", http.MethodPut, space+"/assistants/a", object{"name": "A", "relevance": 0.5, "accessLevel": "read-only"}).Want(t, http.StatusOK)
	for _, path := range []string{"/slis", "/slis/latency", "/graph", "/graph?slx=shop", "/assistants/a", "/slis/latency/samples"} {
		tn.Do(t, "viewer", http.MethodGet, space+path, nil).Want(t, http.StatusOK)
	}
	tn.Do(t, "viewer", http.MethodGet, "/v1/catalog/tasks?query=logs", nil).Want(t, http.StatusOK)
	var list struct{ Issues []struct{ ID string } }
	tn.Do(t, "viewer", http.MethodGet, space+"/issues", nil).Want(t, http.StatusOK).JSON(t, &list)
	if len(list.Issues) != 1 {
		t.Fatalf("%d issues, want 1", len(list.Issues))
	}
}

// askLists asks for every list with each choice of its filters.
func askLists(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	const from, to = "from=2026-01-01T00:00:00Z", "to=2026-01-01T00:00:00Z"
	for path, filters := range map[string][]string{
		"/runs":                 {"task=a", "slx=a", "resource=a", "outcome=success", "state=ended", from},
		"/issues":               {"task=a", "slx=a", "resource=a", "state=detected", to},
		"/slis/latency/samples": {from, to},
		"/graph":                {"slx=a"},
		"/slis":                 {"slx=a", "alert=page"},
	} {
		for choice := range 1 << len(filters) {
			var query []string
			for i, f := range filters {
				if choice>>i&1 == 1 {
					query = append(query, f)
				}
			}
			tn.Do(t, "viewer", http.MethodGet, "/v1/workspaces/prod"+path+"?"+strings.Join(query, "&"), nil).Want(t, http.StatusOK)
		}
	}
}

// askReplay lists the quarantine, and replays it, with each choice of filters.
func askReplay(t *testing.T, c *cloudtest.Cloud) {
	t.Helper()
	staff, err := c.Token("", "platform")
	if err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{"", "?function=custody"} {
		c.Do(t, staff, http.MethodGet, "/v1/quarantine"+query, nil).Want(t, http.StatusOK)
	}
	for _, body := range []object{{"function": "assistant-update"}, {"function": "assistant-update", "code": "no-such-run"}} {
		c.Do(t, staff, http.MethodPost, "/v1/quarantine/replay", body).Want(t, http.StatusOK)
	}
	c.Do(t, staff, http.MethodPost, "/v1/dead-letters/replay", object{"topic": "run-events"}).Want(t, http.StatusOK)
}
