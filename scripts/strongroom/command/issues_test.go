package command_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// noIssue is a valid ID of no issue.
var noIssue = strings.Repeat("a", 52)

// importLines imports issue lines as one run.
func (p *program) importLines(t *testing.T, lines string, args ...string) {
	t.Helper()
	path := issuesFile(t, "issues.jsonl", lines)
	p.run(t, append([]string{"import", path}, args...)...).want(t)
	p.tenant.Cloud.Drain(t)
}

// oneIssue returns the only issue.
func (p *program) oneIssue(t *testing.T) api.Issue {
	t.Helper()
	list := decode[struct{ Issues []api.Issue }](t, p, "issues", "ls", "--json")
	if len(list.Issues) != 1 {
		t.Fatalf("there are %d issues, not one", len(list.Issues))
	}
	return list.Issues[0]
}

func TestIssuesAreListed(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.Shared(t).Tenant(t)
	runner, viewer := programOf(t, tenant, "runner"), programOf(t, tenant, "viewer")
	var lines strings.Builder
	for n := range 5 {
		fmt.Fprintf(&lines, "{\"title\":\"DNS is\\nslow\",\"severity\":%d,\"fingerprint\":\"f%d\"}\n", 1+n%4, n)
	}
	runner.importLines(t, lines.String(), "--task", "dns-check", "--slx", "dns", "--resource", "cluster-1")
	runner.importLines(t, plainLine, "--task", "disk-check", "--resource", "r", "--start", ago(36).Format(time.RFC3339))
	runner.importLines(t, "", "--task", "disk-check", "--resource", "r", "--start", ago(1).Format(time.RFC3339), "--outcome", "success") // resolves it
	for name, c := range map[string]struct {
		flags []string
		count int
	}{
		"all":                    {nil, 6},
		"unresolved ones":        {[]string{"--state", "active"}, 5},
		"one state":              {[]string{"--state", "resolved"}, 1},
		"a severity":             {[]string{"--severity", "1"}, 2},
		"an SLX":                 {[]string{"--slx", "dns"}, 5},
		"a resource":             {[]string{"--resource", "r"}, 1},
		"a task":                 {[]string{"--task", "other"}, 0},
		"from a time":            {[]string{"--from", "2026-01-02T04:04:05+01:00"}, 6},
		"from a later time":      {[]string{"--from", "2026-01-02T03:04:06Z"}, 1},
		"to a time":              {[]string{"--to", "2026-01-02T03:04:06Z"}, 5},
		"a range of days":        {[]string{"--from", "2d", "--to", "1d"}, 1},
		"a range of hours":       {[]string{"--from", "35h30m"}, 0},
		"a few":                  {[]string{"--limit", "2"}, 2},
		"all, without a maximum": {[]string{"--limit", "0"}, 6},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := viewer.run(t, append([]string{"issues", "ls"}, c.flags...)...)
			if lines := strings.Count(r.stdout, "\n") - 1; r.code != 0 || lines != c.count {
				t.Errorf("%d lines of %d: %+v", lines, c.count, r)
			}
			if more := strings.Contains(r.stderr, "truncated to 2 entries"); more != (name == "a few") {
				t.Errorf("stderr is %s", r.stderr)
			}
			list := decode[struct {
				AsOf   time.Time
				Issues []api.Issue
				More   bool
			}](t, viewer, append([]string{"issues", "ls", "--json"}, c.flags...)...)
			if len(list.Issues) != c.count || list.More != (name == "a few") || list.AsOf.IsZero() {
				t.Errorf("%+v", list)
			}
		})
	}
	if r := viewer.run(t, "issues", "ls"); !strings.Contains(r.stdout, "DNS is slow") {
		t.Errorf("%+v", r)
	}
}

func TestAListFetchesAllPages(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{})
	p.importLines(t, issueLines(450), "--task", "t")
	viewer := programOf(t, p.tenant, "viewer").proxied(t, faults.HTTPConfig{Fault: everyOther(faults.Lost)})
	for limit, want := range map[string]int{"0": 450, "430": 430, "200": 200} {
		if r := viewer.run(t, "issues", "ls", "--limit", limit); strings.Count(r.stdout, "\n") != want+1 {
			t.Errorf("--limit %s has %d lines: %s", limit, strings.Count(r.stdout, "\n"), r.stderr)
		}
	}
}

func TestAnIssueIsShown(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{})
	p.importLines(t, `{"title":"DNS is\nslow","details":"two\nlines\u001b[31m","next_steps":"Look at the cache"}`, "--task", "t")
	viewer := p.as(t, "viewer")
	id := viewer.oneIssue(t).ID
	r := viewer.run(t, "issues", "show", id).want(t)
	for _, want := range []string{"DNS is slow", "  two\n  lines\\x1b[31m", "Next steps:\n  Look at the cache", "1, by 1 runs", "by run " + p.oneRun(t)} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("%+v does not show %q", r, want)
		}
	}
	if issue := decode[api.Issue](t, viewer, "issues", "show", id, "--json"); issue.Details != "two\nlines\x1b[31m" {
		t.Errorf("%+v", issue)
	}
}

func TestAnIssueIsInvestigatedAndIgnored(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{Fault: everyOther(faults.ReplyLost)})
	p.importLines(t, plainLine, "--task", "t", "--backoff", "1ms")
	viewer := p.as(t, "viewer")
	id, person := viewer.oneIssue(t).ID, "viewer@"+string(p.tenant.ID)
	if r := viewer.run(t, "issues", "investigate", id).want(t); !strings.Contains(r.stdout, "is investigated since ") || !strings.Contains(r.stdout, ", by ") || !strings.Contains(r.stdout, person) {
		t.Errorf("%+v", r)
	}
	until := ago(-24 * 7)
	want := "issue " + id + " is ignored until " + until.Format(time.RFC3339) + ", by "
	if r := viewer.run(t, "issues", "ignore", id, "--until", until.In(time.FixedZone("", 3600)).Format(time.RFC3339)).want(t); !strings.HasPrefix(r.stdout, want) || !strings.Contains(r.stdout, person) {
		t.Errorf("%+v, want %s", r, want)
	}
	viewer.run(t, "issues", "ignore", id, "--until", "7d", "--reason", "waits for\na disk").want(t)
	if r := viewer.run(t, "issues", "show", id).want(t); !strings.Contains(r.stdout, "waits for a disk") {
		t.Errorf("the issue has no reason: %s", r.stdout)
	}
	for text, want := range map[string]time.Duration{"90m": 90 * time.Minute, "7d": 7 * 24 * time.Hour, "0s": 0} {
		began := time.Now()
		issue := decode[api.Issue](t, viewer, "issues", "ignore", id, "--until", text, "--json")
		until := issue.Ignored.Until
		if until.Before(began.Add(want-time.Minute)) || until.After(time.Now().Add(want)) {
			t.Errorf("%s is %v after %v", text, until, began)
		}
	}
}

func TestAnImportedIssueIsInTheAssistantsAnswer(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.Shared(t).Tenant(t)
	runner, viewer, admin := programOf(t, tenant, "runner"), programOf(t, tenant, "viewer"), programOf(t, tenant, "admin")
	line := `{"severity":"2","title":"DNS of cluster-1 is slow","next_step":"Check DNS latency","details":"all of it"}`
	path := issuesFile(t, "issues.jsonl", line+"\n")
	for range 2 { // the second import changes nothing
		runner.run(t, "import", path, "--task", "dns-check", "--slx", "dns", "--resource", "cluster-1").want(t)
		tenant.Cloud.Drain(t)
	}
	list := decode[struct{ Issues []api.Issue }](t, viewer, "issues", "ls", "--slx", "dns", "--severity", "2", "--state", "detected",
		"--from", changed.Format(time.RFC3339), "--to", "0s", "--limit", "0", "--json")
	if len(list.Issues) != 1 {
		t.Fatalf("there are %d issues", len(list.Issues))
	}
	issue := list.Issues[0]
	if issue.Title != "DNS of cluster-1 is slow" || issue.Sightings != 1 || issue.Resource != "cluster-1" || !issue.FirstSeen.Equal(changed) {
		t.Errorf("the issue is %+v", issue)
	}
	if shown := decode[api.Issue](t, viewer, "issues", "show", issue.ID, "--json"); len(shown.Seen) != 1 || !shown.Seen[0].Equal(changed) {
		t.Errorf("the issue was seen at %v", shown.Seen)
	}
	viewer.run(t, "issues", "ignore", issue.ID, "--until", "7d").want(t)
	if r := viewer.run(t, "issues", "ls", "--state", "active").want(t); strings.Contains(r.stdout, issue.ID) {
		t.Errorf("an ignored issue is listed as unresolved: %s", r.stdout)
	}
	viewer.run(t, "issues", "ignore", issue.ID, "--until", "0s").want(t)
	admin.run(t, "assistant", "set", "oncall", "--name", "Edgar", "--relevance", "0").want(t)
	if r := viewer.run(t, "assistant", "show", "oncall").want(t); !strings.Contains(r.stdout, "Edgar") || !strings.Contains(r.stdout, "1 with severity 2") || !strings.Contains(r.stdout, issue.ID) {
		t.Errorf("%s", r.stdout)
	}
}

func TestFindingsOfARunBecomeIssuesAndSLIs(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.Shared(t).Tenant(t)
	runner, viewer := programOf(t, tenant, "runner"), programOf(t, tenant, "viewer")
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "issues.jsonl"), plainLine+"\n{\"a\":\""+strings.Repeat("x", 17_000_000)+"\"}")
	writeFile(t, filepath.Join(dir, "samples.jsonl"), `{"sli":"dns latency","value":1.5}`)
	r := runner.run(t, "run", "--quiet", "--wait", "--task", "dns-check", "--sample", "errors=0", "--", "sh", "-c", copyFiles, "sh", dir)
	if r.code != 3 || !strings.Contains(r.stderr, "issues.jsonl: line 2: a line has at most 16777216 bytes") || strings.Contains(r.stderr, "resume") {
		t.Fatalf("%+v", r)
	}
	tenant.Cloud.Drain(t)
	if r := viewer.run(t, "issues", "ls").want(t); !strings.Contains(r.stdout, "DNS is slow") {
		t.Errorf("%s", r.stdout)
	}
	list := decode[struct{ SLIs []api.SLI }](t, viewer, "slis", "ls", "--json")
	if len(list.SLIs) != 2 || list.SLIs[0].Name != "dns latency" || list.SLIs[0].Last.Value != 1.5 {
		t.Errorf("the SLIs are %+v", list.SLIs)
	}
}

func TestCallersWithoutPermissionGet403(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.Shared(t).Tenant(t)
	id := startedRun(t, tenant, api.Start{Task: "t", Start: ago(1)}, nil)
	for _, c := range []struct{ persona, args string }{
		{"runner", "runs ls"}, {"runner", "runs show " + id}, {"runner", "runs issues " + id},
		{"runner", "slis ls"}, {"runner", "slis show latency"}, {"runner", "slis samples latency"},
		{"runner", "slis set latency --max 1"}, {"viewer", "slis set latency --max 1 --target 0.9"},
		{"runner", "assistant set oncall --name Edgar"}, {"viewer", "assistant set oncall --name Edgar"},
	} {
		r := programOf(t, tenant, c.persona).run(t, strings.Fields(c.args)...)
		if r.code != 11 || r.stdout != "" || !strings.Contains(r.stderr, ": 403 Forbidden") {
			t.Errorf("a %s may run %s: %+v", c.persona, c.args, r)
		}
	}
}

// startedRun records a run on the platform and returns its ID. Without a report,
// the run has not ended.
func startedRun(t *testing.T, tenant *cloudtest.Tenant, start api.Start, report *api.Report) string {
	t.Helper()
	id := cloudtest.NewRun(t)
	tenant.Do(t, "runner", http.MethodPut, tenant.RunPath(id), start).Want(t, http.StatusOK)
	if report != nil {
		tenant.Do(t, "runner", http.MethodPost, tenant.RunPath(id)+"/report", report).Want(t, http.StatusOK)
	}
	return id
}

// ago returns the time some hours before now, in whole seconds.
func ago(hours int) time.Time {
	return time.Now().Add(-time.Duration(hours) * time.Hour).UTC().Truncate(time.Second)
}

func TestAnAssistantIsSet(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.Shared(t).Tenant(t)
	viewer, admin := programOf(t, tenant, "viewer"), programOf(t, tenant, "admin")
	for _, c := range []struct {
		flags  []string
		stdout string
		want   api.Assistant
	}{
		{
			flags: []string{"--name", "Edgar"}, stdout: "assistant oncall: name Edgar, relevance 0.85, access read-only\n",
			want: api.Assistant{ID: "oncall", Name: "Edgar", Relevance: 0.85, AccessLevel: "read-only"},
		},
		{
			flags: []string{"--name", "E\u202e", "--relevance", "0", "--access", "read-write"}, stdout: "assistant oncall: name E\\u202e, relevance 0, access read-write\n",
			want: api.Assistant{ID: "oncall", Name: "E\u202e", AccessLevel: "read-write"},
		},
	} {
		if r := admin.run(t, append([]string{"assistant", "set", "oncall"}, c.flags...)...).want(t); r.stdout != c.stdout {
			t.Errorf("%+v", r)
		}
		if diff := cmp.Diff(c.want, decode[api.Answer](t, viewer, "assistant", "show", "oncall", "--json").Assistant); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(c.want, decode[api.Assistant](t, admin, append([]string{"assistant", "set", "oncall", "--json"}, c.flags...)...)); diff != "" {
			t.Error(diff)
		}
	}
}
