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

	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// issueLines returns n lines with different issues.
func issueLines(n int) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "{\"severity\":2,\"title\":\"DNS is slow\",\"fingerprint\":\"f%d\"}\n", i+1)
	}
	return text.String()
}

func TestALargeFileBecomesRunsWithOneStart(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{Fault: everyOther(faults.ReplyLost)})
	path := issuesFile(t, "issues.jsonl", issueLines(450))
	args := []string{"import", path, "--task", "t", "--slx", "s", "--resource", "r", "--backoff", "1ms"}
	first := importedRuns(t, p.run(t, append(args, "--json")...).want(t))
	var all strings.Builder
	var wantAgain string
	for i, r := range first {
		report := p.recorded(t, r.Run)
		all.WriteString(strings.Join(p.issueLines(t, r.Run), "\n") + "\n")
		if report.Task != "t" || report.SLX != "s" || report.Resource != "r" || !report.Start.Equal(changed) || !report.End.Equal(changed) || report.Outcome != "failure" {
			t.Errorf("run %d: %+v", i+1, report)
		}
		wantAgain += fmt.Sprintf("%s, part %d of 3: already imported as run %s; it counts once\n", path, i+1, r.Run)
	}
	if all.String() != issueLines(450) || len(p.runs(t)) != 3 {
		t.Errorf("%d runs do not have the lines of the file", len(p.runs(t)))
	}
	progress := fmt.Sprintf("strongroom: %[1]s: 200 of 450 issues\nstrongroom: %[1]s: 400 of 450 issues\nstrongroom: %[1]s: 450 of 450 issues\n", path)
	if diff := cmp.Diff(result{0, wantAgain, progress}, p.run(t, args...), cmp.AllowUnexported(result{})); diff != "" {
		t.Error("again: " + diff)
	}
	touch(t, path, changed.Add(time.Hour))
	if diff := cmp.Diff(result{0, wantAgain, ""}, p.run(t, append(args, "--quiet")...), cmp.AllowUnexported(result{})); diff != "" || len(p.runs(t)) != 3 {
		t.Error("touched: " + diff)
	}
}

func TestARejectedLineIsListedOnceAndMarksAllRuns(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{})
	r := p.run(t, "import", issuesFile(t, "issues.jsonl", issueLines(201)+"rubbish\n"+issueLines(200)), "--json")
	var got []importedRun
	for _, one := range importedRuns(t, r) {
		if outcome := p.recorded(t, one.Run).Outcome; outcome != "error" {
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

// brokenAfter breaks all connections after some requests, until repair is called.
func brokenAfter(requests int64) (fault func(*http.Request) faults.Fault, repair func()) {
	var left atomic.Int64
	left.Store(requests)
	return func(*http.Request) faults.Fault {
		if left.Add(-1) < 0 {
			return faults.Lost
		}
		return faults.None
	}, func() { left.Store(1 << 40) }
}

func TestAnInterruptedImportContinues(t *testing.T) {
	t.Parallel()
	for requests := range int64(6) {
		for name, later := range map[string]time.Duration{"as it was": 0, "later": time.Hour, "earlier": -time.Hour} {
			t.Run(fmt.Sprintf("after %d requests, %s", requests, name), func(t *testing.T) {
				t.Parallel()
				fault, repair := brokenAfter(requests)
				p := newProgram(t, faults.HTTPConfig{Fault: fault})
				path := issuesFile(t, "issues.jsonl", issueLines(401))
				if r := p.run(t, "import", path, "--retry-for", "0s"); r.code != 14 || !strings.Contains(r.stderr, "import the file again") {
					t.Fatalf("%+v", r)
				}
				repair()
				touch(t, path, changed.Add(later))
				runs := importedRuns(t, p.run(t, "import", path, "--json").want(t))
				if len(runs) != 3 || len(p.runs(t)) != 3 {
					t.Fatalf("%d runs are printed, there are %d", len(runs), len(p.runs(t)))
				}
				p.noneResolvesAnother(t, runs)
				p.tenant.Cloud.Drain(t)
				p.as(t, "viewer").wantUnresolved(t, 401)
			})
		}
	}
}

// noneResolvesAnother checks that no conclusive run started later than another
// one. It would resolve that run's issues.
func (p *program) noneResolvesAnother(t *testing.T, runs []importedRun) {
	t.Helper()
	all := 0
	for _, r := range runs {
		report := p.recorded(t, r.Run)
		all += report.Issues
		for _, other := range runs {
			if report.Outcome == "failure" && report.Start.After(p.recorded(t, other.Run).Start) {
				t.Errorf("run %d is conclusive and started after run %d", r.Part, other.Part)
			}
		}
	}
	if all != 401 || !slices.ContainsFunc(runs, func(r importedRun) bool { return p.recorded(t, r.Run).Outcome == "failure" }) {
		t.Errorf("%d issues, or no run is conclusive", all)
	}
}

// wantUnresolved checks that there are n issues, each with one sighting, and that
// none is resolved.
func (p *program) wantUnresolved(t *testing.T, n int) {
	t.Helper()
	list := decode[struct{ Issues []api.Issue }](t, p, "issues", "ls", "--limit", "0", "--json")
	if len(list.Issues) != n {
		t.Fatalf("there are %d issues", len(list.Issues))
	}
	for _, i := range list.Issues {
		if i.Sightings != 1 || i.State != "detected" {
			t.Fatalf("the issue is %+v", i)
		}
	}
}

// endless is an endless text of one byte.
type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

func TestTheSizeOfAFileIsLimited(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in   io.Reader
		want string
	}{
		"64 MiB":            {io.LimitReader(endless('x'), 64<<20), "rejected: -: line 1: a line has at most 16777216 bytes; this line has 67108864"},
		"64 MiB and a byte": {io.LimitReader(endless('x'), 64<<20+1), "-: a file has at most 64 MiB and 50000 lines: split it"},
		"50,000 lines":      {io.LimitReader(endless('\n'), 50_000), ""},
		"lines without end": {endless('\n'), "-: a file has at most 64 MiB and 50000 lines: split it"},
	} {
		p := newProgram(t, faults.HTTPConfig{})
		r := p.runWith(t, c.in, "import", "-")
		if started := len(p.runs(t)) > 0; !strings.Contains(r.stderr, c.want) || (r.code == 0) != (c.want == "") || started == strings.Contains(c.want, "split it") {
			t.Errorf("%s: %+v", name, r)
		}
	}
}
