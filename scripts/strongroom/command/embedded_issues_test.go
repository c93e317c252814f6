package command_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/platformtest"
)

// placeOf is where a persona of a tenant of the embedded cloud runs the program.
func placeOf(t *testing.T, tenant *cloudtest.Tenant, persona string) *place {
	t.Helper()
	spool := filepath.Join(t.TempDir(), "spool")
	return &place{spool: spool, env: map[string]string{
		"STRONGROOM_URL": tenant.Cloud.URL, "STRONGROOM_WORKSPACE": string(tenant.Workspace),
		"STRONGROOM_TOKEN": tenant.Token(t, persona), "STRONGROOM_SPOOL": spool,
	}}
}

// want fails the test unless the program succeeded.
func (r result) want(t *testing.T) result {
	t.Helper()
	if r.code != 0 {
		t.Fatalf("%+v", r)
	}
	return r
}

func TestAnImportedIssueLivesInTheEmbeddedCloud(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.Shared(t).Tenant(t)
	runner, viewer, admin := placeOf(t, tenant, "runner"), placeOf(t, tenant, "viewer"), "admin"
	line := `{"severity":"2","title":"DNS of cluster-1 is slow","next_step":"Check DNS latency","details":"all of it"}`
	path := issuesFile(t, "issues.jsonl", line+"\n")
	for range 2 { // the second changes nothing
		runner.run(t, "import", path, "--task", "dns-check", "--slx", "dns", "--resource", "cluster-1").want(t)
		tenant.Cloud.Drain(t)
	}
	var list struct{ Issues []api.Issue }
	r := viewer.run(t, "issues", "ls", "--slx", "dns", "--severity", "2", "--state", "detected", "--from", changed.Format(time.RFC3339), "--to", "0s", "--limit", "0", "--json").want(t)
	if err := json.Unmarshal([]byte(r.stdout), &list); err != nil || len(list.Issues) != 1 {
		t.Fatalf("%v: %s", err, r.stdout)
	}
	issue := list.Issues[0]
	if issue.Title != "DNS of cluster-1 is slow" || issue.Sightings != 1 || issue.Resource != "cluster-1" || !issue.FirstSeen.Equal(changed) {
		t.Errorf("the issue is %+v", issue)
	}
	if r := viewer.run(t, "issues", "show", issue.ID).want(t); !strings.Contains(r.stdout, "  all of it") {
		t.Errorf("%s", r.stdout)
	}
	if r := viewer.run(t, "issues", "investigate", issue.ID).want(t); !strings.Contains(r.stdout, "is investigated since") {
		t.Errorf("%s", r.stdout)
	}
	if r := viewer.run(t, "issues", "ignore", issue.ID, "--until", "7d").want(t); !strings.Contains(r.stdout, "is ignored until") {
		t.Errorf("%s", r.stdout)
	}
	if r := viewer.run(t, "issues", "ls", "--state", "standing").want(t); strings.Contains(r.stdout, issue.ID) {
		t.Errorf("an ignored issue stands: %s", r.stdout)
	}
	viewer.run(t, "issues", "ignore", issue.ID, "--until", "0s").want(t)
	tenant.Do(t, admin, http.MethodPut, "/v1/workspaces/prod/assistants/oncall", map[string]any{"name": "Edgar", "relevance": 0}).Want(t, http.StatusOK)
	if r := viewer.run(t, "assistant", "show", "oncall").want(t); !strings.Contains(r.stdout, "Edgar") || !strings.Contains(r.stdout, "1 of severity 2") || !strings.Contains(r.stdout, issue.ID) {
		t.Errorf("%s", r.stdout)
	}
}

func TestALargeFileCountsOnceInTheEmbeddedCloud(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		requests int64 // that reach the cloud at the first import
		later    time.Duration
	}{
		"and is touched":                            {1 << 40, time.Hour},
		"and breaks off after its first run":        {2, 0},
		"and breaks off, and is touched":            {2, time.Hour},
		"and breaks off, and takes an earlier time": {3, -time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tenant := cloudtest.Shared(t).Tenant(t)
			runner, viewer := placeOf(t, tenant, "runner"), placeOf(t, tenant, "viewer")
			mend := runner.breakAfter(t, c.requests)
			path := issuesFile(t, "issues.jsonl", issueLines(450))
			args := []string{"import", path, "--task", "dns-check", "--retry-for", "0s", "--backoff", "1ms"}
			if r := runner.run(t, args...); r.code == 1 != (c.requests < 6) {
				t.Fatalf("%+v", r)
			}
			mend()
			touch(t, path, changed.Add(c.later))
			runner.run(t, args...).want(t)
			tenant.Cloud.Drain(t)
			viewer.wantStanding(t, 450)
		})
	}
}

// breakAfter lets so many requests through to the place's platform, until it is
// mended.
func (p *place) breakAfter(t *testing.T, requests int64) (mend func()) {
	t.Helper()
	platform, err := url.Parse(p.env["STRONGROOM_URL"])
	if err != nil {
		t.Fatal(err)
	}
	fault, mend := brokenAfter(requests)
	through := httputil.NewSingleHostReverseProxy(platform)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if fault(r) == platformtest.Drop {
			panic(http.ErrAbortHandler)
		}
		through.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	p.env["STRONGROOM_URL"] = server.URL
	return mend
}

// wantStanding tries that there are n issues, each sighted once, and all stand.
func (p *place) wantStanding(t *testing.T, n int) {
	t.Helper()
	var list struct{ Issues []api.Issue }
	r := p.run(t, "issues", "ls", "--limit", "0", "--json").want(t)
	if err := json.Unmarshal([]byte(r.stdout), &list); err != nil || len(list.Issues) != n {
		t.Fatalf("there are %d issues, %v", len(list.Issues), err)
	}
	for _, i := range list.Issues {
		if i.Sightings != 1 || i.State != "detected" {
			t.Fatalf("the issue is %+v", i)
		}
	}
}

func TestARunsFindingsReachTheEmbeddedCloud(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.Shared(t).Tenant(t)
	runner, viewer := placeOf(t, tenant, "runner"), placeOf(t, tenant, "viewer")
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "issues.jsonl"), plainLine+"\n{\"a\":\""+strings.Repeat("x", 2_700_000)+"\"}")
	writeFile(t, filepath.Join(dir, "samples.jsonl"), `{"sli":"dns latency","value":1.5}`)
	r := runner.run(t, "run", "--quiet", "--wait", "--task", "dns-check", "--sample", "errors=0", "--", "sh", "-c", leaves, "sh", dir)
	if r.code != 3 || !strings.Contains(r.stderr, "issues.jsonl: line 2: a line may have 524288 bytes") || strings.Contains(r.stderr, "resume") {
		t.Fatalf("%+v", r)
	}
	tenant.Cloud.Drain(t)
	if r := viewer.run(t, "issues", "ls").want(t); !strings.Contains(r.stdout, "DNS is slow") {
		t.Errorf("%s", r.stdout)
	}
	var list struct{ SLIs []api.SLI }
	tenant.Do(t, "viewer", http.MethodGet, "/v1/workspaces/prod/slis", nil).Want(t, http.StatusOK).JSON(t, &list)
	if len(list.SLIs) != 2 || list.SLIs[0].Name != "dns latency" || list.SLIs[0].Last.Value != 1.5 {
		t.Errorf("the SLIs are %+v", list.SLIs)
	}
}

func TestACatalogueReachesTheEmbeddedCloud(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.New(t, suite.Options{}).Tenant(t) // of its own: what was read before may be a minute old
	staff, viewer := placeOf(t, tenant, "platform"), placeOf(t, tenant, "viewer")
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "dns.robot"), robot("Check Zanzibar Latency", "Flush Zanzibar Cache"))
	for _, want := range []string{"2 tasks, 2 of them new or changed\n", "2 tasks, 0 of them new or changed\n"} {
		if r := staff.run(t, "catalog", "import", dir, "--source", "https://example.com/").want(t); r.stdout != want {
			t.Errorf("%+v, want %s", r, want)
		}
	}
	var found api.FoundTasks
	r := viewer.run(t, "catalog", "search", "zanzibar", "latency", "--json").want(t)
	if err := json.Unmarshal([]byte(r.stdout), &found); err != nil || len(found.Tasks) != 2 ||
		found.Tasks[0].Name != "Check Zanzibar Latency" || found.Tasks[0].Source != "https://example.com/dns.robot" {
		t.Errorf("%v: %s", err, r.stdout)
	}
	writeFile(t, filepath.Join(dir, "dns.robot"), robot("Check Zanzibar Latency"))
	for _, want := range []string{"1 tasks, 0 of them new or changed, 1 removed\n", "1 tasks, 0 of them new or changed, 0 removed\n"} {
		if r := staff.run(t, "catalog", "import", dir, "--source", "https://example.com/", "--prune").want(t); r.stdout != want {
			t.Errorf("%+v, want %s", r, want)
		}
	}
	if r := viewer.run(t, "catalog", "import", dir); r.code != 1 || !strings.Contains(r.stderr, "403") {
		t.Errorf("a viewer may: %+v", r)
	}
}
