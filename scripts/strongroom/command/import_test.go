package command_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// issuesFile writes a file that was changed at a known time.
func issuesFile(t *testing.T, name, content string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	writeFile(t, path, content)
	if err := os.Chtimes(path, changed, changed); err != nil {
		t.Fatal(err)
	}
	return path
}

var changed = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func TestImportReportsAFileAsOneRun(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{Fault: everyOther(faults.ReplyLost)})
	path := issuesFile(t, "issues.jsonl", oddLine+"\n\n"+plainLine+"\n")
	for n := range 2 { // the second import is the same run
		r := p.run(t, "import", path, "--task", "dns-check", "--slx", "dns", "--resource", "cluster-1", "--backoff", "1ms")
		run := p.oneRun(t)
		want := path + ": reported 2 issues as run " + run + " (task \"dns-check\", outcome failure)\n"
		if n == 1 {
			want = path + ": already imported as run " + run + "; it counts once\n"
		}
		if r.code != 0 || r.stdout != want || r.stderr != "" {
			t.Errorf("%+v, want %s", r, want)
		}
	}
	run := p.oneRun(t)
	unknown := -1
	want := api.Run{
		ID: run, Task: "dns-check", SLX: "dns", Resource: "cluster-1", State: "ended", Outcome: "failure",
		ExitCode: &unknown, Start: changed, End: &changed, Issues: 2,
	}
	if diff := cmp.Diff(want, p.recorded(t, run)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{oddLine, plainLine}, p.issueLines(t, run)); diff != "" {
		t.Error(diff)
	}
	id, err := uuid.Parse(run)
	if err != nil || id.Version() != 7 || id.Variant() != uuid.RFC4122 {
		t.Errorf("%s is not a UUIDv7", run)
	}
}

func TestARunStartsWhenItsNewestLineWasObserved(t *testing.T) {
	t.Parallel()
	observed := func(at string) string { return `{"severity":2,"observedAt":"` + at + `"}` + "\n" }
	third := time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC)
	ahead := time.Now().Add(time.Hour).Truncate(time.Second)
	for name, c := range map[string]struct {
		content string
		want    time.Time
		args    []string
		id      time.Time // the time in the run ID; zero: none exists
	}{
		"the newest of them":              {content: observed("2026-01-03T01:00:00.0625+01:00") + observed("2026-01-01T00:00:00Z") + plainLine, want: third.Add(62 * time.Millisecond), args: nil, id: third},
		"the file's time, without one":    {content: plainLine, want: changed, args: nil, id: time.Time{}},
		"the file's time, if it is later": {content: observed(ahead.Format(time.RFC3339)), want: changed, args: nil, id: ahead},
		"the file's time, if it is bad":   {content: observed("yesterday") + observed("1960-01-01T00:00:00Z"), want: changed, args: nil, id: time.Time{}},
		"the flag's time, if it is set":   {content: observed("2026-01-01T00:00:00Z"), want: third, args: []string{"--start", "2026-01-03T00:00:00Z"}, id: third},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t, faults.HTTPConfig{})
			p.run(t, append([]string{"import", issuesFile(t, "a.jsonl", c.content)}, c.args...)...).want(t)
			run := p.oneRun(t)
			if r := p.recorded(t, run); !r.Start.Equal(c.want) || !r.End.Equal(c.want) {
				t.Errorf("it started %v and ended %v", r.Start, r.End)
			}
			seconds, _ := uuid.MustParse(run).Time().UnixTime()
			if of := time.Unix(seconds, 0); !of.Equal(c.id) && (!c.id.IsZero() || of.Equal(changed)) {
				t.Errorf("%s has the time %v", run, of)
			}
		})
	}
}

func TestADifferentImportIsADifferentRun(t *testing.T) {
	t.Parallel()
	p := programOf(t, cloudtest.Shared(t).Tenant(t, "prod", "other"), "runner")
	ids := map[string]bool{}
	path, other := issuesFile(t, "issues.jsonl", plainLine), issuesFile(t, "issues.jsonl", plainLine+"\n")
	for i, args := range [][]string{
		{path}, {other}, {path, "--task", "t"}, {path, "--resource", "r"}, {path, "--slx", "s"}, {path, "--outcome", "success"},
		{path, "--start", "2026-01-02T03:04:06Z"}, {path, "--workspace", "other"}, {path, "--run", someRun},
	} {
		r := p.run(t, append([]string{"import", "--json"}, args...)...).want(t)
		if ids[importedRuns(t, r)[0].Run] = true; len(ids) != i+1 {
			t.Errorf("%v: %d runs, %+v", args, len(ids), r)
		}
	}
}

func TestImportListsRejectedLines(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{})
	path := issuesFile(t, "issues.jsonl", plainLine+"\n{\"a\":\""+strings.Repeat("x", 17_000_000)+"\"}\n"+oddLine+"\nrubbish")
	r := p.run(t, "import", path, "--task", "t")
	for _, want := range []string{
		"rejected: " + path + ": line 2: a line has at most 16777216 bytes; this line has 17000008",
		"rejected: " + path + ": line 4: ",
	} {
		if !strings.Contains(r.stderr, want) {
			t.Errorf("%s does not have %s", r.stderr, want)
		}
	}
	report := p.reported(t)
	if r.code != 1 || report.Issues != 2 || report.Outcome != "error" {
		t.Errorf("code %d, reported %d issues, %s", r.code, report.Issues, report.Outcome)
	}
	r = p.run(t, "import", path, "--task", "t", "--json")
	var sum struct {
		Run      string
		Issues   int
		Rejected []struct {
			Line   int
			Reason string
		}
	}
	if err := json.Unmarshal([]byte(r.stdout), &sum); err != nil || sum.Run != p.oneRun(t) || sum.Issues != 2 || len(sum.Rejected) != 2 || sum.Rejected[1].Line != 4 {
		t.Errorf("%v: %s", err, r.stdout)
	}
}

func TestImportNamesTheTask(t *testing.T) {
	t.Parallel()
	named := `{"severity":2,"taskName":"Check DNS"}`
	for name, c := range map[string]struct{ content, want string }{
		"as all lines do":                  {named + "\n" + `{"severity":2,"task_name":"Check DNS"}`, "Check DNS"},
		"by the file, without lines":       {"", "checks"},
		"as all lines do, if it just fits": {`{"severity":2,"taskName":"` + strings.Repeat("é", 256) + `"}`, strings.Repeat("é", 256)},
		"by the file, if it is too long":   {`{"severity":2,"taskName":"` + strings.Repeat("é", 257) + `"}`, "checks"},
		"by the file, if it is no name":    {`{"severity":2,"taskName":["a","b"]}`, "checks"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t, faults.HTTPConfig{})
			p.run(t, "import", issuesFile(t, "checks.jsonl", c.content)).want(t)
			if got := p.reported(t).Task; got != c.want {
				t.Errorf("the task is %q", got)
			}
		})
	}
}

func TestImportFromStdinAndOfManyFiles(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{})
	began := time.Now()
	r := p.runWith(t, strings.NewReader(plainLine), "import", "-", issuesFile(t, "a.jsonl", oddLine), "--json").want(t)
	runs := importedRuns(t, r)
	if len(runs) != 2 || p.issueLines(t, runs[0].Run)[0] != plainLine || p.issueLines(t, runs[1].Run)[0] != oddLine {
		t.Errorf("%v: %+v", runs, r)
	}
	if start := p.recorded(t, runs[0].Run).Start; start.Before(began.Add(-time.Minute)) {
		t.Errorf("stdin started at %v, and the test at %v", start, began)
	}
}

// importedRun is what import --json prints for a run.
type importedRun struct {
	File, Run, Task, Outcome string
	Part, Parts, Issues      int
	Rejected                 int // how many
	AlreadyImported, Before  bool
}

func importedRuns(t *testing.T, r result) (runs []importedRun) {
	t.Helper()
	for decoder := json.NewDecoder(strings.NewReader(r.stdout)); decoder.More(); {
		var one struct {
			importedRun
			Rejected []json.RawMessage
		}
		if err := decoder.Decode(&one); err != nil {
			t.Fatalf("%v: %+v", err, r)
		}
		one.importedRun.Rejected = len(one.Rejected)
		runs = append(runs, one.importedRun)
	}
	return runs
}

func TestImportRejectsInvalidArguments(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"no files":                           {},
		"--outcome must be one of success":   {"x", "--outcome", "bad"},
		"--run allows only one file":         {"x", "y", "--run", someRun},
		"UUIDv7":                             {"x", "--run", "7"},
		"--start must be a time":             {"x", "--start", "noon"},
		"no such file":                       {"/no/such/file"},
		"this is a directory":                {"/"},
		"--run allows only one run, but the": {issuesFile(t, "a.jsonl", strings.Repeat(plainLine+"\n", 201)), "--run", someRun},
		"at most 64 MiB and 50000 lines":     {issuesFile(t, "a.jsonl", strings.Repeat("\n", 50_001))},
		"before 1970: set --start":           {issuesFile(t, "a.jsonl", "{}"), "--start", "1969-01-02T03:04:05Z"},
		"stdin is not available":             {"-"},
		"each run counts once":               {issuesFile(t, "a.jsonl", ""), "--url", "http://127.0.0.1:1", "--retry-for", "0s"},
		"use --workspace NAME, or set STR":   {"x", "--workspace", ""},
	} {
		p := newProgram(t, faults.HTTPConfig{})
		if strings.Contains(want, "workspace") {
			delete(p.env, "STRONGROOM_WORKSPACE")
		}
		if r := p.run(t, append([]string{"import"}, args...)...); r.code == 0 || !strings.Contains(r.stderr, want) {
			t.Errorf("%v: %+v", args, r)
		}
		if len(p.runs(t)) > 0 {
			t.Errorf("%v: a run was started", args)
		}
	}
}
