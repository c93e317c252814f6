package command_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/platformtest"
)

// decode runs the program and gives what it prints as JSON.
func decode[T any](t *testing.T, p *place, args ...string) (answer T) {
	t.Helper()
	r := p.run(t, args...).want(t)
	if err := json.Unmarshal([]byte(r.stdout), &answer); err != nil {
		t.Fatalf("%v: %s", err, r.stdout)
	}
	return answer
}

// runID gives a run's id that is told apart by a number.
func runID(n int) string { return fmt.Sprintf("01890a5d-ac96-774b-bcce-%012d", n) }

// hostile would clear a terminal and turn its text around.
const hostile = "dns\x1b[2J\u009b31m \u202echeck"

func someRecordedRun(n int) api.Run {
	end, code := changed.Add(1500*time.Millisecond), 3
	return api.Run{
		ID: runID(n), Task: hostile, SLX: "dns\nall", State: "ended", Outcome: "failure", ExitCode: &code, Start: changed, End: &end,
		Issues: 2, Samples: 1,
	}
}

func TestATableOfRunsCannotSteerATerminal(t *testing.T) {
	t.Parallel()
	p := newPlace(t, platformtest.Config{})
	late := someRecordedRun(1) // its report came before its start
	late.Task, late.SLX, late.Start, late.Issues = "", "", time.Time{}, 0
	p.server.Record(someRecordedRun(0), late, api.Run{ID: runID(2), Task: "t", Resource: "r", State: "running", Start: changed})
	want := `RUN                                   START                 TOOK  OUTCOME  ISSUES  SAMPLES  TASK                SLX      RESOURCE
01890a5d-ac96-774b-bcce-000000000000  2026-01-02T03:04:05Z  1.5s  failure  2       1        dns\x1b[2J\u009b31m \u202echeck  dns all  -
01890a5d-ac96-774b-bcce-000000000001  -                     -     failure  0       1        -                   -        -
01890a5d-ac96-774b-bcce-000000000002  2026-01-02T03:04:05Z  -     running  0       0        t                   -        r
`
	if diff := cmp.Diff(want, p.run(t, "runs", "ls").want(t).stdout); diff != "" {
		t.Error(diff)
	}
}

func TestAListOfRunsGoesOverPagesThatBreak(t *testing.T) {
	t.Parallel()
	p := newPlace(t, platformtest.Config{Fault: everyOther(platformtest.DropReply)})
	for n := range 250 {
		p.server.Record(someRecordedRun(n))
	}
	for limit, want := range map[string]int{"0": 250, "249": 249, "250": 250, "30": 30} {
		list := decode[struct {
			Runs []api.Run
			More bool
		}](t, p, "runs", "ls", "--limit", limit, "--json")
		if len(list.Runs) != want || list.More != (want < 250) || list.Runs[want-1].ID != runID(want-1) {
			t.Errorf("--limit %s gives %d runs, more is %v", limit, len(list.Runs), list.More)
		}
	}
	if r := p.run(t, "runs", "ls").want(t); strings.Count(r.stdout, "\n") != 51 || !strings.Contains(r.stderr, "there are more than these 50") {
		t.Errorf("%d lines: %s", strings.Count(r.stdout, "\n"), r.stderr)
	}
}

func TestRunsWithAsManyOutputsAsCanBeAreListed(t *testing.T) {
	t.Parallel()
	p := newPlace(t, platformtest.Config{})
	for n := range 30 {
		run := someRecordedRun(n)
		for i := range api.MaxOutputs {
			run.Outputs = append(run.Outputs, api.Claim{Name: fmt.Sprintf("%0200d", i), Parts: 99_999})
		}
		p.server.Record(run)
	}
	list := decode[struct{ Runs []api.Run }](t, p, "runs", "ls", "--json")
	if len(list.Runs) != 30 || len(list.Runs[29].Outputs) != api.MaxOutputs {
		t.Errorf("%d runs", len(list.Runs))
	}
}

func TestARunIsShownWithHowToReadWhatItLeft(t *testing.T) {
	t.Parallel()
	p := newPlace(t, platformtest.Config{})
	run := someRecordedRun(0)
	run.ID = someRun
	p.server.Record(run, api.Run{ID: runID(1), Task: "t", State: "running", Start: changed})
	p.end("stdout.log", p.keep("stdout.log", "12345\n", 4))
	want := `Run      01890a5d-ac96-774b-bcce-b302099a8057
Task     dns\x1b[2J\u009b31m \u202echeck
SLX      dns all
State    failure, exit code 3
Start    2026-01-02T03:04:05Z
End      2026-01-02T03:04:06Z, after 1.5s
Issues   2: strongroom runs issues 01890a5d-ac96-774b-bcce-b302099a8057
Samples  1: strongroom slis samples NAME, and strongroom slis ls has the names
Outputs  1: strongroom outputs cat 01890a5d-ac96-774b-bcce-b302099a8057 NAME

NAME        STATE     BYTES  LINES  PARTS  TYPE
stdout.log  complete  6      -      2/2    text/plain
`
	if diff := cmp.Diff(want, p.run(t, "runs", "show", someRun).want(t).stdout); diff != "" {
		t.Error(diff)
	}
	got := decode[api.Listing](t, p, "runs", "show", someRun, "--json")
	if diff := cmp.Diff(run, got.Run); diff != "" || len(got.Outputs) != 1 {
		t.Error(diff, got.Outputs)
	}
	want = "Run      " + runID(1) + "\nTask     t\nState    running\nStart    2026-01-02T03:04:05Z\nIssues   none yet\nSamples  none yet\nOutputs  none yet\n"
	if diff := cmp.Diff(want, p.run(t, "runs", "show", runID(1)).want(t).stdout); diff != "" {
		t.Error(diff)
	}
}

func TestARunsIssuesAreWrittenByteForByte(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]platformtest.Fault{
		"at once":                     platformtest.None,
		"after the connection breaks": platformtest.DropReply,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, platformtest.Config{Fault: everyOther(fault)})
			long := `{"title":"` + strings.Repeat("x", 5<<20) + `"}`
			p.server.End(someRun, api.Report{Issues: []api.IssueLine{{Line: oddLine}, {Line: long}, {Line: "{\"title\":\"" + hostile + "\"}"}}})
			want := oddLine + "\n" + long + "\n{\"title\":\"" + hostile + "\"}\n"
			if r := p.run(t, "runs", "issues", someRun).want(t); r.stdout != want {
				t.Errorf("%d bytes, not %d", len(r.stdout), len(want))
			}
		})
	}
}

func TestIssuesThatNoReportCanHaveAreNotCut(t *testing.T) {
	t.Parallel()
	p := newPlace(t, platformtest.Config{})
	p.server.End(someRun, api.Report{Issues: []api.IssueLine{{Line: strings.Repeat("x", api.MaxReportBytes)}}})
	if r := p.run(t, "runs", "issues", someRun); r.code != 1 || r.stdout != "" || !strings.Contains(r.stderr, "more than the 8388608 bytes") {
		t.Errorf("code %d, %d bytes, %s", r.code, len(r.stdout), r.stderr)
	}
}
