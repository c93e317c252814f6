package command_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/platformtest"
)

// issueLines is text of n issues that differ.
func issueLines(n int) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "{\"title\":\"DNS is slow\",\"fingerprint\":\"f%d\"}\n", i+1)
	}
	return text.String()
}

func TestALargeFileBecomesRunsOfOneStart(t *testing.T) {
	t.Parallel()
	p := newPlace(t, platformtest.Config{Fault: everyOther(platformtest.DropReply)})
	path := issuesFile(t, "issues.jsonl", issueLines(450))
	args := []string{"import", path, "--task", "t", "--slx", "s", "--resource", "r", "--backoff", "1ms"}
	first := importedRuns(t, p.run(t, append(args, "--json")...).want(t))
	var all strings.Builder
	var want, wantAgain string
	for i, r := range first {
		began, report := p.server.Began(r.Run), p.server.Report(r.Run)
		for _, l := range report.Issues {
			all.WriteString(l.Line + "\n")
		}
		if began.Task != "t" || began.SLX != "s" || began.Resource != "r" || !began.Start.Equal(changed) || !report.End.Equal(changed) || report.Outcome != "failure" {
			t.Errorf("run %d: %+v, %+v", i+1, began, report)
		}
		want += fmt.Sprintf("%s, %d of 3: %d issues taken, as run %s of \"t\", failure\n", path, i+1, []int{200, 200, 50}[i], r.Run)
		wantAgain += fmt.Sprintf("%s, %d of 3: imported before, as run %s; it counts once\n", path, i+1, r.Run)
	}
	if all.String() != issueLines(450) || len(p.server.Runs()) != 3 {
		t.Errorf("%d runs have other lines than the file", len(p.server.Runs()))
	}
	progress := fmt.Sprintf("strongroom: %[1]s: 200 of 450 issues\nstrongroom: %[1]s: 400 of 450 issues\nstrongroom: %[1]s: 450 of 450 issues\n", path)
	if diff := cmp.Diff(result{0, want, progress}, p.run(t, args...), cmp.AllowUnexported(result{})); diff != "" {
		t.Error("again: " + diff)
	}
	touch(t, path, changed.Add(time.Hour))
	if diff := cmp.Diff(result{0, wantAgain, ""}, p.run(t, append(args, "--quiet")...), cmp.AllowUnexported(result{})); diff != "" || len(p.server.Runs()) != 3 {
		t.Error("touched: " + diff)
	}
}

func TestALineThatIsNotTakenIsToldOnceAndMarksAllRuns(t *testing.T) {
	t.Parallel()
	p := newPlace(t, platformtest.Config{})
	r := p.run(t, "import", issuesFile(t, "issues.jsonl", issueLines(201)+"rubbish\n"+issueLines(200)), "--json")
	var got []importedRun
	for _, one := range importedRuns(t, r) {
		if outcome := p.server.Report(one.Run).Outcome; outcome != "error" {
			t.Errorf("run %d has the outcome %s", one.Part, outcome)
		}
		one.File, one.Run = "", ""
		got = append(got, one)
	}
	want := []importedRun{
		{Task: "issues", Outcome: "error", Part: 1, Parts: 3, Issues: 200, Rejected: 1},
		{Task: "issues", Outcome: "error", Part: 2, Parts: 3, Issues: 200},
		{Task: "issues", Outcome: "error", Part: 3, Parts: 3, Issues: 1},
	}
	if diff := cmp.Diff(want, got); diff != "" || r.code != 1 {
		t.Errorf("code %d: %s", r.code, diff)
	}
}

// brokenAfter breaks all connections after so many requests, until it is mended.
func brokenAfter(requests int64) (fault func(*http.Request) platformtest.Fault, mend func()) {
	var left atomic.Int64
	left.Store(requests)
	return func(*http.Request) platformtest.Fault {
		if left.Add(-1) < 0 {
			return platformtest.Drop
		}
		return platformtest.None
	}, func() { left.Store(1 << 40) }
}

func TestAnImportThatBrokeOffGoesOn(t *testing.T) {
	t.Parallel()
	for requests := range int64(6) {
		for name, later := range map[string]time.Duration{"as it was": 0, "later": time.Hour, "earlier": -time.Hour} {
			t.Run(fmt.Sprintf("after %d requests, %s", requests, name), func(t *testing.T) {
				t.Parallel()
				fault, mend := brokenAfter(requests)
				p := newPlace(t, platformtest.Config{Fault: fault})
				path := issuesFile(t, "issues.jsonl", issueLines(450))
				if r := p.run(t, "import", path, "--retry-for", "0s"); r.code != 1 || !strings.Contains(r.stderr, "import it again") {
					t.Fatalf("%+v", r)
				}
				mend()
				touch(t, path, changed.Add(later))
				runs := importedRuns(t, p.run(t, "import", path, "--json").want(t))
				if len(runs) != 3 || len(p.server.Runs()) != 3 {
					t.Fatalf("%d runs are told, there are %d", len(runs), len(p.server.Runs()))
				}
				p.noneResolvesAnother(t, runs)
			})
		}
	}
}

// noneResolvesAnother tries that each run that looked began no later than the
// others: it would take what those found for resolved.
func (p *place) noneResolvesAnother(t *testing.T, runs []importedRun) {
	t.Helper()
	all := 0
	for _, r := range runs {
		report := p.server.Report(r.Run)
		all += len(report.Issues)
		for _, other := range runs {
			if report.Outcome == "failure" && p.server.Began(r.Run).Start.After(p.server.Began(other.Run).Start) {
				t.Errorf("run %d, which looked, began after run %d", r.Part, other.Part)
			}
		}
	}
	if all != 450 || !slices.ContainsFunc(runs, func(r importedRun) bool { return p.server.Report(r.Run).Outcome == "failure" }) {
		t.Errorf("%d issues, and no run looked", all)
	}
}

// endless is a text without end of one byte.
type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

func TestAFileIsBounded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in   io.Reader
		says string
	}{
		"64 MiB":            {io.LimitReader(endless('x'), 64<<20), "not taken: -: line 1: a line may have 524288 bytes, this one has 67108864"},
		"64 MiB and a byte": {io.LimitReader(endless('x'), 64<<20+1), "-: a file may have 64 MiB and 50000 lines: split it"},
		"50,000 lines":      {io.LimitReader(endless('\n'), 50_000), ""},
		"lines without end": {endless('\n'), "-: a file may have 64 MiB and 50000 lines: split it"},
	} {
		p := newPlace(t, platformtest.Config{})
		r := p.runWith(t, c.in, "import", "-")
		if begun := len(p.server.Runs()) > 0; !strings.Contains(r.stderr, c.says) || (r.code == 0) != (c.says == "") || begun == strings.Contains(c.says, "split it") {
			t.Errorf("%s: %+v", name, r)
		}
	}
}
