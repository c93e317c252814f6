package assistantupdate_test

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/firestore"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// fingerprints returns n fingerprints, numbered from from.
func fingerprints(from, n int) []string {
	fingers := make([]string, n)
	for i := range fingers {
		fingers[i] = fmt.Sprint("f", from+i)
	}
	return fingers
}

func TestMoreIssuesThanOneCommitHoldsAreAllResolved(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	for i := range 4 {
		w.storeAndDeliver(t, runAt(i, run.Error, fingerprints(200*i, 200)...))
	}
	w.storeAndDeliver(t, runAt(9, run.Failure, fingerprints(100, 50)...))
	docs, err := records.Workspace(w.db, w.ID, w.Workspace).Collection(records.IssuesCollection).Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	states := map[issue.State]int{}
	for _, doc := range docs {
		i, err := records.Decode[issue.Issue](doc)
		if err != nil {
			t.Fatal(err)
		}
		states[i.StoredState]++
	}
	if states[issue.Resolved] != 750 || states[issue.Open] != 50 {
		t.Errorf("got %v", states)
	}
}

func TestRunsWithLongTextsAreFoldedInSmallerBatches(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	var runs []reportedRun
	for i := range 6 { // 2.5 MiB each: too much for one commit
		r := runAt(i, run.Failure)
		for n := range 5 {
			details := strings.Repeat("0123456789abcdef", 4<<10-8)
			line := fmt.Sprintf(`"title":"Title of %d","x":[%q,%[2]q,%[2]q,%[2]q,%[2]q,%[2]q,%[2]q]`, n, details)
			r.findings = append(r.findings, finding{fingerprint: fmt.Sprint("f", i, "-", n), severity: 1, line: line})
		}
		runs = append(runs, r)
		w.storeReports(t, r)
	}
	w.deliver(t, runs...)
	if n := w.check(t).Runs; n != len(runs) {
		t.Errorf("%d runs are folded", n)
	}
	for _, r := range runs {
		if text := w.text(t, r.findings[4].fingerprint); string(text.Line) != string(r.findings[4].sighting(t).Line) {
			t.Errorf("the text of %s is %d bytes", r.findings[4].fingerprint, len(text.Line))
		}
	}
}

func TestALongTitleIsTruncatedButItsLineIsNot(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	title := "x" + strings.Repeat("é", 2000)
	r := runAt(0, run.Failure, "a")
	r.findings[0].line = fmt.Sprintf(`"title":%q`, title)
	w.storeAndDeliver(t, r)
	if text := w.text(t, "a"); text.Title != title[:1023] || !strings.Contains(string(text.Line), title) {
		t.Errorf("the title has %d bytes, the line %d", len(text.Title), len(text.Line))
	}
}

// unaffected are lives of issues that the events of these tests do not affect.
var unaffected = []struct {
	check          string // its task; empty: the task of the event
	seen, resolved time.Time
}{
	{"another", baseTime, issue.Unresolved},
	{"", baseTime.AddDate(0, 0, -3), baseTime.AddDate(0, 0, -2)},
	{"", baseTime.AddDate(0, 0, 1), issue.Unresolved},
	{"", baseTime.AddDate(0, 0, 1), baseTime.AddDate(0, 0, 2)},
}

// storeUnaffectedIssues stores n issues with such lives.
func storeUnaffectedIssues(t testing.TB, w *fixture, n int) {
	t.Helper()
	bulk := w.db.BulkWriter(t.Context())
	for i := range n {
		life := unaffected[i%len(unaffected)]
		id := issue.Fingerprint(w.fingerprint, run.Start{}, issue.Sighting{Fingerprint: fmt.Sprint("unaffected-", i)})
		set(t, bulk, records.IssueRef(w.db, w.ID, w.Workspace, id), issue.Issue{
			ID: id, Check: issue.NewCheckID(cmp.Or(life.check, "dns-check"), resource),
			FirstSeen: life.seen, LastSeen: life.seen, ResolvedAt: life.resolved, Runs: 1,
		})
	}
	bulk.End()
}

// costOfEvent returns what the event of a run reads and writes in a workspace of n
// issues.
func costOfEvent(t testing.TB, c *cloudtest.Cloud, n int, r reportedRun) firestore.Counts {
	w := newFixtureFor(t, c.Tenant(t), c.As(suite.OperatorAccount))
	storeUnaffectedIssues(t, w, n)
	w.storeAndDeliver(t, runAt(0, run.Failure, "a", "b"), runAt(1, run.Failure, "a"))
	r.samples = map[string][]float64{"latency": {1}}
	w.storeReports(t, r)
	before := c.Firestore.Counts()
	w.deliver(t, r)
	after := c.Firestore.Counts()
	return firestore.Counts{Reads: after.Reads - before.Reads, Writes: after.Writes - before.Writes, Deletes: after.Deletes - before.Deletes}
}

// pricedRuns are runs whose events cost the same in every workspace.
var pricedRuns = map[string]func() reportedRun{
	"finds an issue again":       func() reportedRun { return runAt(2, run.Failure, "b") },
	"finds nothing":              func() reportedRun { return runAt(2, run.Success) },
	"is late, and finds nothing": func() reportedRun { return runAt(-60, run.Success) },
	"broke":                      func() reportedRun { return runAt(2, run.Error) },
}

func TestAnEventCostsTheSameInALargeWorkspace(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	for name, event := range pricedRuns {
		few, more := costOfEvent(t, c, 10, event()), costOfEvent(t, c, 1_000, event())
		t.Logf("a run that %s: %+v", name, few)
		if few != more {
			t.Errorf("a run that %s: with 10 issues it is %+v, with 1,000 %+v", name, few, more)
		}
	}
}

// Through the whole cloud: what a runner reports is folded, also if the start arrives
// after the report.
func TestAReportedIssueIsFolded(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	for _, first := range []string{"start", "report"} {
		tn := c.Tenant(t)
		id := cloudtest.NewRun(t)
		start := func() {
			tn.Do(t, "runner", http.MethodPut, tn.RunPath(id), map[string]any{
				"task": "dns-check", "slx": slx, "resource": resource, "start": baseTime,
			}).Want(t, http.StatusOK)
		}
		report := func() {
			tn.Do(t, "runner", http.MethodPost, tn.RunPath(id)+"/report", map[string]any{
				"end": baseTime.Add(time.Second), "outcome": "failure", "exitCode": 1,
				"samples": []map[string]any{{"sli": "latency", "time": baseTime, "value": 1.5}},
				"issues":  []map[string]any{{"line": `{"severity":2,"title":"Title of a","fingerprint":"a"}`}},
			}).Want(t, http.StatusOK)
		}
		if first == "report" {
			start, report = report, start
		}
		start()
		report()
		c.Drain(t)
		w := newFixtureFor(t, tn, c.As(suite.OperatorAccount))
		if i := w.issue(t, "a"); i.StoredState != issue.Detected || w.text(t, "a").Title != "Title of a" {
			t.Errorf("%s first: the issue is %+v", first, i)
		}
		if got := w.sli(t, "latency"); got.LastValue != 1.5 || got.SLX != slx {
			t.Errorf("%s first: the SLI is %+v", first, got)
		}
	}
}
