package command_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/platformtest"
)

// someID is the id of an issue.
func someID(n int) string { return fmt.Sprintf("%s%c", strings.Repeat("a", 51), 'a'+n%26) }

func someIssue(n int) api.Issue {
	return api.Issue{
		ID: someID(n), State: "open", Severity: 1 + n%4, Task: "dns-check", SLX: "dns", Resource: "cluster-1",
		FirstSeen: changed, LastSeen: changed.Add(time.Hour), LastRun: someRun, Sightings: 3, Runs: 2,
		Title: "DNS is\nslow", Details: "two\nlines\x1b[31m", NextSteps: []string{"Look at the cache"},
	}
}

func TestIssuesAreListed(t *testing.T) {
	t.Parallel()
	p := newPlace(t, platformtest.Config{})
	for n := range 6 {
		i := someIssue(n)
		if n == 5 {
			i.State, i.SLX, i.Resource, i.Unreadable = "resolved", "", "r", true
			i.LastSeen = time.Now().Add(-36 * time.Hour)
		}
		p.server.Know(i)
	}
	for name, c := range map[string]struct {
		flags []string
		count int
	}{
		"all":                {nil, 6},
		"those that stand":   {[]string{"--state", "standing"}, 5},
		"one state":          {[]string{"--state", "resolved"}, 1},
		"a severity":         {[]string{"--severity", "1"}, 2},
		"an SLX":             {[]string{"--slx", "dns"}, 5},
		"a resource":         {[]string{"--resource", "r"}, 1},
		"a task":             {[]string{"--task", "other"}, 0},
		"from a time":        {[]string{"--from", "2026-01-02T05:04:05+01:00"}, 6},
		"from a later time":  {[]string{"--from", "2026-01-02T04:04:06Z"}, 1},
		"to a time":          {[]string{"--to", "2026-01-02T04:04:06Z"}, 5},
		"a span of days":     {[]string{"--from", "2d", "--to", "1d"}, 1},
		"a span of hours":    {[]string{"--from", "35h30m"}, 0},
		"a few":              {[]string{"--limit", "2"}, 2},
		"all without bounds": {[]string{"--limit", "0"}, 6},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := p.run(t, append([]string{"issues", "ls"}, c.flags...)...)
			if lines := strings.Count(r.stdout, "\n") - 1; r.code != 0 || lines != c.count {
				t.Errorf("%d lines of %d: %+v", lines, c.count, r)
			}
			if more := strings.Contains(r.stderr, "there are more than these 2"); more != (name == "a few") {
				t.Errorf("says %s", r.stderr)
			}
			r = p.run(t, append([]string{"issues", "ls", "--json"}, c.flags...)...)
			var list struct {
				AsOf   time.Time
				Issues []api.Issue
				More   bool
			}
			if err := json.Unmarshal([]byte(r.stdout), &list); err != nil || len(list.Issues) != c.count || list.More != (name == "a few") || list.AsOf.IsZero() {
				t.Errorf("%v: %s", err, r.stdout)
			}
		})
	}
	if r := p.run(t, "issues", "ls"); !strings.Contains(r.stdout, "DNS is slow") || !strings.Contains(r.stdout, "(the text was changed since") {
		t.Errorf("%+v", r)
	}
}

func TestAListGoesOverPages(t *testing.T) {
	t.Parallel()
	p := newPlace(t, platformtest.Config{Fault: everyOther(platformtest.Drop)})
	for n := range 450 {
		p.server.Know(someIssue(n))
	}
	for flag, want := range map[string]int{"0": 450, "430": 430, "200": 200} {
		if r := p.run(t, "issues", "ls", "--limit", flag); strings.Count(r.stdout, "\n") != want+1 {
			t.Errorf("--limit %s gives %d lines: %s", flag, strings.Count(r.stdout, "\n"), r.stderr)
		}
	}
}

func TestAnIssueIsShownAndCannotSteerATerminal(t *testing.T) {
	t.Parallel()
	p := newPlace(t, platformtest.Config{})
	p.server.Know(someIssue(0))
	r := p.run(t, "issues", "show", someID(0))
	for _, want := range []string{"DNS is slow", "  two\n  lines\\x1b[31m", "Next steps:\n  Look at the cache", "3 times, by 2 runs", "by run " + someRun} {
		if r.code != 0 || !strings.Contains(r.stdout, want) {
			t.Errorf("%+v does not show %q", r, want)
		}
	}
	var issue api.Issue
	r = p.run(t, "issues", "show", someID(0), "--json")
	if err := json.Unmarshal([]byte(r.stdout), &issue); err != nil || issue.Details != "two\nlines\x1b[31m" {
		t.Errorf("%v: %s", err, r.stdout)
	}
}

func TestPeopleSayWhatBecomesOfAnIssue(t *testing.T) {
	t.Parallel()
	p := newPlace(t, platformtest.Config{Fault: everyOther(platformtest.DropReply)})
	p.server.Know(someIssue(0))
	if r := p.run(t, "issues", "investigate", someID(0)); r.code != 0 || !strings.Contains(r.stdout, "is investigated since ") || !strings.Contains(r.stdout, "by "+platformtest.Person) {
		t.Errorf("%+v", r)
	}
	if r := p.run(t, "issues", "ignore", someID(0), "--until", "2099-12-24T18:00:00+01:00"); r.stdout != "issue "+someID(0)+" is ignored until 2099-12-24T17:00:00Z, by "+platformtest.Person+"\n" {
		t.Errorf("%+v", r)
	}
	for text, want := range map[string]time.Duration{"90m": 90 * time.Minute, "7d": 7 * 24 * time.Hour, "0s": 0} {
		r := p.run(t, "issues", "ignore", someID(0), "--until", text, "--json")
		var issue api.Issue
		if err := json.Unmarshal([]byte(r.stdout), &issue); err != nil {
			t.Fatalf("%v: %+v", err, r)
		}
		if left := time.Until(issue.Ignored.Until); left > want || left < want-time.Minute {
			t.Errorf("%s is %v", text, left)
		}
	}
}

func TestQuestionsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	p := newPlace(t, platformtest.Config{})
	for want, args := range map[string][]string{
		"strongroom issues ls shows them":       {"issues", "show", "7"},
		"issues show takes ID":                  {"issues", "show"},
		"read the issue: 404 Not Found":         {"issues", "show", someID(9)},
		"--state is one of standing":            {"issues", "ls", "--state", "bad"},
		"--severity is 1":                       {"issues", "ls", "--severity", "5"},
		"--limit is 1":                          {"issues", "ls", "--limit", "-1"},
		"--from takes a time as":                {"issues", "ls", "--from", "yesterday"},
		"--to takes a time as":                  {"issues", "ls", "--to", "-1h"},
		"or how long ago, as 90m":               {"issues", "ls", "--from", "300000d"},
		"--until takes a time as":               {"issues", "ignore", someID(0)},
		"or how long from now, as 90m":          {"issues", "ignore", someID(0), "--until", "-1h"},
		"366 days at most":                      {"issues", "ignore", someID(0), "--until", "400d"},
		"is not the name of an assistant":       {"assistant", "show", "A B"},
		"no such assistant; an admin makes one": {"assistant", "show", "nobody"},
		"no words: give some":                   {"catalog", "search"},
		"--limit is 1 to 100":                   {"catalog", "search", "x", "--limit", "101"},
		"is no directory":                       {"catalog", "import", "/no/such/dir"},
		"there are no tasks in the .robot files below " + p.empty(t): {"catalog", "import", p.empty(t)},
	} {
		if r := p.run(t, args...); r.code == 0 || r.stdout != "" || !strings.Contains(r.stderr, want) {
			t.Errorf("%v: %+v", args, r)
		}
	}
}

// empty is a directory.
func (p *place) empty(t *testing.T) string {
	t.Helper()
	dir := p.spool + "-empty"
	writeFile(t, dir+"/none.txt", "")
	return dir
}

func TestAnAssistantIsShown(t *testing.T) {
	t.Parallel()
	p := newPlace(t, platformtest.Config{})
	p.server.Assist("oncall", api.Answer{
		Assistant: api.Assistant{Name: "Eager\x1b Edgar"}, AsOf: changed,
		Wrong: api.Wrong{
			Counts: []api.SeverityCount{{Severity: 1, Standing: 2}, {Severity: 2}, {Severity: 4, Standing: 1000, OrMore: true}}, Capped: true,
			SLXs: []api.SLXIssues{{SLX: "dns", Issues: []api.Topic{{ID: someID(0), Title: "DNS is slow", Severity: 1, State: "open"}}}, {Issues: []api.Topic{{ID: someID(1)}}}},
		},
		Health: api.Health{SLIs: []api.SLI{
			{Name: "dns-latency", Alert: "page", Stale: true, Last: &api.Measured{Value: 1.5}, Windows: api.Windows{Hour: api.Window{Samples: 4, Share: 0.75, Burn: 25}}},
		}},
		Next: api.Next{Says: `Run "Check DNS" next; it scores 0.93.`, Tasks: []api.NextTask{{
			Score: 0.93, Name: "Check DNS", From: "catalogue", Source: "https://example.com/dns.robot",
			Evidence: []api.Evidence{{Issue: someID(0), Step: "Check the DNS", Score: 0.93, Words: []string{"dns", "check"}}},
		}}},
	})
	r := p.run(t, "assistant", "show", "oncall")
	for _, want := range []string{
		`Eager\x1b Edgar, as of 2026-01-02T03:04:05Z`, "WRONG NOW: 2 of severity 1, 1000 or more of severity 4", "DNS is slow", "(no SLX)",
		"issues ls --state standing", "dns-latency  page, stale  1.5   75.0%    -", "25.0", `Run "Check DNS" next`, "0.93  Check DNS",
		"from the catalogue: https://example.com/dns.robot", `because issue ` + someID(0) + ` asks: "Check the DNS" (dns, check; 0.93)`,
	} {
		if r.code != 0 || !strings.Contains(r.stdout, want) {
			t.Errorf("%s%s does not show %q", r.stdout, r.stderr, want)
		}
	}
	var answer api.Answer
	r = p.run(t, "assistant", "show", "oncall", "--json")
	if err := json.Unmarshal([]byte(r.stdout), &answer); err != nil || answer.ID != "oncall" || answer.Health.SLIs[0].Windows.Hour.Burn != 25 {
		t.Errorf("%v: %s", err, r.stdout)
	}
	p.server.Assist("idle", api.Answer{Assistant: api.Assistant{Name: "Idle"}, Next: api.Next{Silent: true, Says: "I have nothing to suggest."}})
	if r := p.run(t, "assistant", "show", "idle"); !strings.Contains(r.stdout, "nothing that is known") || !strings.Contains(r.stdout, "no SLI was measured") {
		t.Errorf("%+v", r)
	}
}
