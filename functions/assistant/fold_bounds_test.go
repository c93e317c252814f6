package assistant_test

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

// many are n fingerprints.
func many(from, n int) []string {
	fingers := make([]string, n)
	for i := range fingers {
		fingers[i] = fmt.Sprint("f", from+i)
	}
	return fingers
}

func TestMoreIssuesThanOneCommitHoldsAreAllResolved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 4 {
		w.reportAndDeliver(t, at(i, run.Error, many(200*i, 200)...))
	}
	w.reportAndDeliver(t, at(9, run.Failure, many(100, 50)...))
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

func TestLongTextsAreFoldedByFewerRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var runs []told
	for i := range 6 { // 2.5 MiB each: more than one commit holds
		r := at(i, run.Failure)
		for n := range 5 {
			details := strings.Repeat("0123456789abcdef", 4<<10-8)
			line := fmt.Sprintf(`"title":"Title of %d","x":[%q,%[2]q,%[2]q,%[2]q,%[2]q,%[2]q,%[2]q]`, n, details)
			r.found = append(r.found, found{finger: fmt.Sprint("f", i, "-", n), severity: 1, line: line})
		}
		runs = append(runs, r)
		w.report(t, r)
	}
	w.deliver(t, runs...)
	if n := w.check(t).Runs; n != len(runs) {
		t.Errorf("%d runs are folded", n)
	}
	for _, r := range runs {
		if text := w.text(t, r.found[4].finger); string(text.Line) != string(r.found[4].sighting(t).Line) {
			t.Errorf("the text of %s is %d bytes", r.found[4].finger, len(text.Line))
		}
	}
}

func TestALongTitleIsCutBesideItsLine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	title := "x" + strings.Repeat("é", 2000)
	r := at(0, run.Failure, "a")
	r.found[0].line = fmt.Sprintf(`"title":%q`, title)
	w.reportAndDeliver(t, r)
	if text := w.text(t, "a"); text.Title != title[:1023] || !strings.Contains(string(text.Line), title) {
		t.Errorf("the title has %d bytes, the line %d", len(text.Title), len(text.Line))
	}
}

// unconcerned is what issues may have behind them that an event does not concern.
var unconcerned = []struct {
	check          string // task of it; empty: the event's own
	seen, resolved time.Time
}{
	{"another", began, issue.Unresolved},
	{"", began.AddDate(0, 0, -3), began.AddDate(0, 0, -2)},
	{"", began.AddDate(0, 0, 1), issue.Unresolved},
	{"", began.AddDate(0, 0, 1), began.AddDate(0, 0, 2)},
}

// hold has a workspace hold n issues of such lives.
func hold(t testing.TB, w *world, n int) {
	t.Helper()
	bulk := w.db.BulkWriter(t.Context())
	for i := range n {
		life := unconcerned[i%len(unconcerned)]
		id := issue.Fingerprint(w.fingerprint, run.Start{}, issue.Sighting{Fingerprint: fmt.Sprint("held-", i)})
		set(t, bulk, records.IssueRef(w.db, w.ID, w.Workspace, id), issue.Issue{
			ID: id, Check: issue.NewCheckID(cmp.Or(life.check, "dns-check"), resource),
			FirstSeen: life.seen, LastSeen: life.seen, ResolvedAt: life.resolved, Runs: 1,
		})
	}
	bulk.End()
}

// billed is what the event of a run, with or without issues of its own, reads
// and writes when the workspace holds n issues.
func billed(t testing.TB, c *cloudtest.Cloud, n int, r told) firestore.Counts {
	w := newWorldOf(t, c.Tenant(t), c.As(suite.OperatorAccount))
	hold(t, w, n)
	w.reportAndDeliver(t, at(0, run.Failure, "a", "b"), at(1, run.Failure, "a"))
	r.samples = map[string][]float64{"latency": {1}}
	w.report(t, r)
	before := c.Firestore.Counts()
	w.deliver(t, r)
	after := c.Firestore.Counts()
	return firestore.Counts{Reads: after.Reads - before.Reads, Writes: after.Writes - before.Writes, Deletes: after.Deletes - before.Deletes}
}

// events of which each costs the same whatever is held.
var priced = map[string]func() told{
	"finds an issue again":       func() told { return at(2, run.Failure, "b") },
	"finds nothing":              func() told { return at(2, run.Success) },
	"is late, and finds nothing": func() told { return at(-60, run.Success) },
	"broke":                      func() told { return at(2, run.Error) },
}

func TestAnEventCostsTheSameWhateverTheWorkspaceHolds(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	for name, event := range priced {
		few, more := billed(t, c, 10, event()), billed(t, c, 1_000, event())
		t.Logf("a run that %s: %+v", name, few)
		if few != more {
			t.Errorf("a run that %s: with 10 issues it is %+v, with 1,000 %+v", name, few, more)
		}
	}
}

// Through the whole cloud: what runners report, the assistant knows, also when
// the start is told last.
func TestAReportedIssueIsFolded(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	for _, first := range []string{"start", "report"} {
		tn := c.Tenant(t)
		id := cloudtest.NewRun(t)
		start := func() {
			tn.Do(t, "runner", http.MethodPut, tn.RunPath(id), map[string]any{
				"task": "dns-check", "slx": slx, "resource": resource, "start": began,
			}).Want(t, http.StatusOK)
		}
		report := func() {
			tn.Do(t, "runner", http.MethodPost, tn.RunPath(id)+"/report", map[string]any{
				"end": began.Add(time.Second), "outcome": "failure", "exitCode": 1,
				"samples": []map[string]any{{"sli": "latency", "time": began, "value": 1.5}},
				"issues":  []map[string]any{{"line": `{"severity":2,"title":"Title of a","fingerprint":"a"}`}},
			}).Want(t, http.StatusOK)
		}
		if first == "report" {
			start, report = report, start
		}
		start()
		report()
		c.Drain(t)
		w := newWorldOf(t, tn, c.As(suite.OperatorAccount))
		if i := w.issue(t, "a"); i.StoredState != issue.Detected || w.text(t, "a").Title != "Title of a" {
			t.Errorf("%s first: the issue is %+v", first, i)
		}
		if got := w.sli(t, "latency"); got.LastValue != 1.5 || got.SLX != slx {
			t.Errorf("%s first: the SLI is %+v", first, got)
		}
	}
}
