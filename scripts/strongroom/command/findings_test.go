package command_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/shared/run"
)

const (
	oddLine   = "{\"title\": \"<odd> & \u2028\", \"severity\":\"2\" }\r"
	plainLine = `{"severity":2,"title":"DNS is slow"}`
)

// copyFiles is a task that copies the files in $1 into its output directory, and
// fails.
const copyFiles = `cp -r "$1"/. $STRONGROOM_OUTPUT_DIR; exit 3`

func TestIssuesAndSamplesAreReported(t *testing.T) {
	t.Parallel()
	for name, flags := range map[string][]string{"a directory of the spool": nil, "--output-dir": {"--output-dir", t.TempDir()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, dir := newProgram(t, faults.HTTPConfig{}), t.TempDir()
			writeFile(t, filepath.Join(dir, "issues.jsonl"), oddLine+"\n\n"+plainLine)
			writeFile(t, filepath.Join(dir, "samples.jsonl"), `{"sli":"a","value":1}`+"\n"+`{"sli":"b","value":2,"time":"2026-01-02T03:04:05Z"}`)
			writeFile(t, filepath.Join(dir, "sub", "issues.jsonl"), plainLine)
			args := append([]string{"run", "--json", "--quiet", "--sample", "c=3.5"}, flags...)
			r := p.run(t, append(args, "--", "sh", "-c", copyFiles, "sh", dir)...)
			run := p.oneRun(t)
			report := p.reported(t)
			if diff := cmp.Diff([]string{oddLine, plainLine}, p.issueLines(t, run)); diff != "" {
				t.Errorf("%s\n%s", diff, r.stderr)
			}
			viewer := p.as(t, "viewer")
			for name, want := range map[string]api.Measured{
				"a": {Time: *report.End, Value: 1}, "b": {Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Value: 2}, "c": {Time: *report.End, Value: 3.5},
			} {
				list := decode[struct{ Samples []api.RunSample }](t, viewer, "slis", "samples", name, "--json")
				if diff := cmp.Diff([]api.RunSample{{Measured: want, Run: run}}, list.Samples); diff != "" {
					t.Error(diff)
				}
			}
			p.content(t, run, "stdout.log")
			p.content(t, run, "sub~2Fissues.jsonl")
			if n := len(p.outputs(t, run)); n != 2 {
				t.Errorf("there are %d outputs", n)
			}
			if report.Outcome != "failure" || !strings.Contains(r.stderr, `"issues":2,"samples":3`) || strings.Contains(r.stderr, "WARNING") {
				t.Errorf("%s: %s", report.Outcome, r.stderr)
			}
			if left := p.spooled(t); len(left) > 0 {
				t.Errorf("the spool still holds %v", left)
			}
		})
	}
}

func TestRejectedLinesAreNotLost(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file, content   string
		issues, samples int
		outcome         run.Outcome
		want            string
	}{
		"a line of 2.7 MB": {file: "issues.jsonl", content: plainLine + "\n{\"severity\":1,\"details\":\"" + strings.Repeat("x", 2_700_000) + "\"}\n" + oddLine, issues: 3, outcome: "failure",
			want: "WARNING: issues.jsonl: line 2: a text is too long and is cut in the report"},
		"an empty object": {file: "issues.jsonl", content: "{}\n" + plainLine, issues: 1, outcome: "error", want: "issues.jsonl: line 1: the line must have a severity"},
		"a sample of later": {file: "samples.jsonl", content: "{\"sli\":\"a\",\"value\":1,\"time\":\"2999-01-02T03:04:05Z\"}\n{\"sli\":\"a\",\"value\":1}", samples: 1, outcome: "failure",
			want: "samples.jsonl: line 1: the time is more than 5m0s after the end of the run"},
		"a line that is no JSON": {file: "issues.jsonl", content: "oops\n" + plainLine, issues: 1, outcome: "error", want: "issues.jsonl: line 1: "},
		"nothing but rubbish":    {file: "issues.jsonl", content: "\xff", outcome: "error", want: "issues.jsonl: line 1: "},
		"30 lines of rubbish":    {file: "issues.jsonl", content: strings.Repeat("x\n\n", 30), outcome: "error", want: "issues.jsonl: 10 more lines"},
		"a sample without value": {file: "samples.jsonl", content: "{\"sli\":\"a\"}\n{\"sli\":\"a\",\"value\":1}", samples: 1, outcome: "failure", want: "samples.jsonl: line 1: the line must have the form"},
		"an empty file":          {file: "issues.jsonl", outcome: "failure"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, dir := newProgram(t, faults.HTTPConfig{}), t.TempDir()
			writeFile(t, filepath.Join(dir, c.file), c.content)
			r := p.run(t, "run", "--quiet", "--", "sh", "-c", copyFiles, "sh", dir)
			report := p.reported(t)
			if report.Issues != c.issues || report.Samples != c.samples || report.Outcome != c.outcome || r.code != 3 {
				t.Errorf("%d issues, %d samples, %s, code %d", report.Issues, report.Samples, report.Outcome, r.code)
			}
			if c.want == "" {
				if r.stderr != "" || len(report.Outputs) != 1 {
					t.Errorf("stderr is %s, has %v", r.stderr, report.Outputs)
				}
				return
			}
			if got := p.content(t, report.ID, c.file); got != c.content {
				t.Errorf("%d bytes are stored of %d", len(got), len(c.content))
			}
			if !strings.Contains(r.stderr, c.want) || !strings.Contains(r.stderr, "the whole file is uploaded as the output "+c.file) {
				t.Errorf("stderr is %s", r.stderr)
			}
		})
	}
}

// Nothing is cut by its place in the file: more runs with the same start report
// what one report cannot have, and the first one has the worst issues.
func TestMoreFindingsThanAReportCanHaveAreReportedByMoreRuns(t *testing.T) {
	t.Parallel()
	p, dir := newProgram(t, faults.HTTPConfig{}), t.TempDir()
	writeFile(t, filepath.Join(dir, "issues.jsonl"), strings.Repeat(plainLine+"\n", 200)+`{"severity":1,"title":"worst"}`)
	writeFile(t, filepath.Join(dir, "samples.jsonl"), strings.Repeat("{\"sli\":\"a\",\"value\":1}\n", 1001))
	r := p.run(t, "run", "--quiet", "--", "sh", "-c", copyFiles, "sh", dir)
	ids := p.runs(t)
	if len(ids) != 2 || r.code != 3 || strings.Contains(r.stderr, "not reported") {
		t.Fatalf("%d runs, %+v", len(ids), r)
	}
	first, second := p.recorded(t, ids[0]), p.recorded(t, ids[1])
	if first.Issues < second.Issues {
		first, second = second, first
	}
	if first.Issues != 200 || second.Issues != 1 || first.Samples != 1000 || second.Samples != 1 || !first.Start.Equal(second.Start) ||
		first.Task != second.Task || second.Outcome != "failure" || len(second.Outputs) != 0 || len(first.Outputs) == 0 {
		t.Errorf("reported %+v and %+v", first, second)
	}
	if lines := p.issueLines(t, first.ID); !strings.Contains(lines[0], "worst") {
		t.Errorf("the first line is %s", lines[0])
	}
}

func TestUploadReportsFindings(t *testing.T) {
	t.Parallel()
	p, dir := newProgram(t, faults.HTTPConfig{}), t.TempDir()
	writeFile(t, filepath.Join(dir, "issues.jsonl"), plainLine)
	r := p.run(t, "upload", filepath.Join(dir, "issues.jsonl"), "--task", "t", "--sample", "a=1", "--json", "--quiet")
	report := p.reported(t)
	if r.code != 0 || report.Issues != 1 || report.Samples != 1 || len(report.Outputs) != 0 || report.Outcome != "success" {
		t.Errorf("%+v, reported %+v", r, report)
	}
	if _, err := os.Stat(filepath.Join(dir, "issues.jsonl")); err != nil {
		t.Errorf("the user's file: %v", err)
	}
	var sum struct{ Issues, Samples int }
	if err := json.Unmarshal([]byte(r.stdout), &sum); err != nil || sum.Issues != 1 || sum.Samples != 1 {
		t.Errorf("%v: %s", err, r.stdout)
	}
}

func TestAReportWhoseReplyIsLostIsRetriedWithTheSameBytes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content string
		issues  int
		outputs int
	}{
		"issues alone":       {oddLine + "\n" + plainLine, 2, 2},
		"issues and rubbish": {oddLine + "\nrubbish", 1, 3},
		"rubbish alone":      {"rubbish", 0, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, dir := newProgram(t, faults.HTTPConfig{Fault: everyOther(faults.ReplyLost)}), t.TempDir()
			writeFile(t, filepath.Join(dir, "issues.jsonl"), c.content)
			writeFile(t, filepath.Join(dir, "a.txt"), "a")
			if r := p.run(t, "run", "--quiet", "--retry-for", "0s", "--sample", "a=1", "--", "sh", "-c", copyFiles, "sh", dir); !strings.Contains(r.stderr, "resume") {
				t.Fatalf("nothing went wrong: %+v", r)
			}
			var r result
			cloudtest.Eventually(t, "all of it is stored", func() bool { // each reply is lost once
				r = p.run(t, "resume", "--retry-for", "0s")
				return len(p.runsSpooled(t)) == 0
			})
			report := p.reported(t)
			if r.code != 0 || report.Issues != c.issues || report.Samples != 1 || len(report.Outputs) != c.outputs {
				t.Errorf("%+v, reported %+v", r, report)
			}
		})
	}
}

func TestSamplesAreCheckedBeforeTheTask(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"no number":     {"run", "--sample", "a=b", "--", "true"},
		"output's name": {"run", "--output", "issues.jsonl", "--", "true"},
		"of an upload":  {"upload", "/dev/null", "--task", "t", "--sample", "=1"},
	} {
		p := newProgram(t, faults.HTTPConfig{})
		r := p.run(t, args...)
		if r.code != map[bool]int{true: 125, false: 2}[args[0] == "run"] || !strings.Contains(r.stderr, args[1][:3]) && args[0] == "run" {
			t.Errorf("%s: %+v", name, r)
		}
		if runs := p.runs(t); len(runs) > 0 {
			t.Errorf("%s: a run was started", name)
		}
	}
}

func TestARunHasAtMostAThousandOutputs(t *testing.T) {
	t.Parallel()
	p, dir := newProgram(t, faults.HTTPConfig{}), t.TempDir()
	for i := range 1001 {
		writeFile(t, filepath.Join(dir, fmt.Sprint(i)), "")
	}
	if r := p.run(t, "upload", dir, "--task", "t"); r.code != 1 || !strings.Contains(r.stderr, "at most 1000 outputs") {
		t.Errorf("%+v", r)
	}
}

func TestWhatThePlatformDidNotRecordIsPrinted(t *testing.T) {
	t.Parallel()
	left := `{"leftOut":2,"errors":[{"message":"too early","location":"body.samples[3]"}]}`
	for name, args := range map[string][]string{
		"of a task":           {"run", "--quiet", "--", "true"},
		"of an imported file": {"import", issuesFile(t, "issues.jsonl", plainLine)},
	} {
		r := stubbed(t, newStub(t, left)).run(t, args...)
		for _, want := range []string{"did not record 2 invalid values", "not recorded: body.samples[3]: too early"} {
			if !strings.Contains(r.stderr, want) {
				t.Errorf("%s: %+v", name, r)
			}
		}
	}
}

// TestALongFileBecomesRunsOfOneStart has its worst issue, and its newest sample,
// after what one report can have.
func TestALongFileBecomesRunsOfOneStart(t *testing.T) {
	t.Parallel()
	p, dir := newProgram(t, faults.HTTPConfig{Fault: everyOther(faults.ReplyLost)}), t.TempDir()
	worst := `{"title":"the cluster is down","severity":1}`
	writeFile(t, filepath.Join(dir, "issues.jsonl"), strings.Repeat(`{"title":"slow","severity":3}`+"\n", 204)+worst)
	var lines strings.Builder
	for i := range api.MaxSLIs + 1 {
		fmt.Fprintf(&lines, "{\"sli\":\"s%d\",\"value\":1}\n", i)
	}
	writeFile(t, filepath.Join(dir, "samples.jsonl"), lines.String())
	r := p.run(t, "run", "--quiet", "--backoff", "2ms", "--", "sh", "-c", copyFiles, "sh", dir)
	if r.code != 3 || strings.Contains(r.stderr, "not reported") {
		t.Errorf("%+v", r)
	}
	runs, issues, samples := p.runs(t), 0, 0
	if len(runs) != 2 {
		t.Fatalf("there are %d runs: %+v", len(runs), r)
	}
	start := p.recorded(t, runs[0]).Start
	for _, id := range runs {
		recorded := p.recorded(t, id)
		issues, samples = issues+recorded.Issues, samples+recorded.Samples
		if !recorded.Start.Equal(start) || recorded.Outcome != "failure" {
			t.Errorf("%+v", recorded)
		}
		if lines := p.issueLines(t, id); len(recorded.Outputs) > 0 && lines[0] != worst {
			t.Errorf("the first issue is %s", lines[0])
		}
	}
	if issues != 205 || samples != api.MaxSLIs+1 {
		t.Errorf("%d issues and %d samples are reported", issues, samples)
	}
}
