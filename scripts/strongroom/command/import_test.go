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

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/platformtest"
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
	p := newPlace(t, platformtest.Config{Fault: everyOther(platformtest.DropReply)})
	path := issuesFile(t, "issues.jsonl", oddLine+"\n\n"+plainLine+"\n")
	for range 2 { // again is the same run
		r := p.run(t, "import", path, "--task", "dns-check", "--slx", "dns", "--resource", "cluster-1", "--backoff", "1ms")
		run := p.server.OneRun(t)
		if want := path + ": 2 issues taken, as run " + run + " of \"dns-check\", failure\n"; r.code != 0 || r.stdout != want || r.stderr != "" {
			t.Errorf("%+v, want %s", r, want)
		}
	}
	run := p.server.OneRun(t)
	want := &api.Report{End: changed, Outcome: "failure", ExitCode: -1, Outputs: []api.Claim{}, Issues: []api.IssueLine{{Line: oddLine}, {Line: plainLine}}}
	if diff := cmp.Diff(want, p.server.Report(run)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(api.Start{Task: "dns-check", SLX: "dns", Resource: "cluster-1", Start: changed}, p.server.Began(run)); diff != "" {
		t.Error(diff)
	}
	id, err := uuid.Parse(run)
	if err != nil || id.Version() != 7 || id.Variant() != uuid.RFC4122 {
		t.Errorf("%s is no UUIDv7", run)
	}
}

func TestARunBeginsWhenItsNewestLineWasObserved(t *testing.T) {
	t.Parallel()
	observed := func(at string) string { return `{"observedAt":"` + at + `"}` + "\n" }
	third := time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC)
	ahead := time.Now().Add(time.Hour).Truncate(time.Second)
	for name, c := range map[string]struct {
		content string
		want    time.Time
		args    []string
		id      time.Time // that the id is of; zero: it is of none
	}{
		"the newest of them":              {observed("2026-01-03T01:00:00.0625+01:00") + observed("2026-01-01T00:00:00Z") + "{}", third.Add(62 * time.Millisecond), nil, third},
		"the file's time, without":        {"{}", changed, nil, time.Time{}},
		"the file's time, if it is ahead": {observed(ahead.Format(time.RFC3339)), changed, nil, ahead},
		"the file's time, without sense":  {observed("yesterday") + observed("1960-01-01T00:00:00Z"), changed, nil, time.Time{}},
		"the flag's time before all":      {observed("2026-01-01T00:00:00Z"), third, []string{"--start", "2026-01-03T00:00:00Z"}, third},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, platformtest.Config{})
			p.run(t, append([]string{"import", issuesFile(t, "a.jsonl", c.content)}, c.args...)...).want(t)
			run := p.server.OneRun(t)
			if began, ended := p.server.Began(run).Start, p.server.Report(run).End; !began.Equal(c.want) || !ended.Equal(c.want) {
				t.Errorf("it began %v and ended %v", began, ended)
			}
			seconds, _ := uuid.MustParse(run).Time().UnixTime()
			if of := time.Unix(seconds, 0); !of.Equal(c.id) && (!c.id.IsZero() || of.Equal(changed)) {
				t.Errorf("%s is of %v", run, of)
			}
		})
	}
}

func TestWhatDiffersIsAnotherRun(t *testing.T) {
	t.Parallel()
	p := newPlace(t, platformtest.Config{})
	path, other := issuesFile(t, "issues.jsonl", plainLine), issuesFile(t, "issues.jsonl", plainLine+"\n")
	for i, args := range [][]string{
		{path}, {other}, {path, "--task", "t"}, {path, "--resource", "r"}, {path, "--slx", "s"}, {path, "--outcome", "success"},
		{path, "--start", "2026-01-02T03:04:06Z"}, {path, "--workspace", "other"}, {path, "--run", someRun},
	} {
		if r := p.run(t, append([]string{"import"}, args...)...); r.code != 0 || len(p.server.Runs()) != i+1 {
			t.Errorf("%v: %d runs, %+v", args, len(p.server.Runs()), r)
		}
	}
}

func TestImportTellsWhatItDidNotTake(t *testing.T) {
	t.Parallel()
	p := newPlace(t, platformtest.Config{})
	path := issuesFile(t, "issues.jsonl", plainLine+"\n{\"a\":\""+strings.Repeat("x", 2_700_000)+"\"}\n"+oddLine+"\nrubbish")
	r := p.run(t, "import", path, "--task", "t")
	for _, want := range []string{
		"not taken: " + path + ": line 2: a line may have 524288 bytes, this one has 2700008",
		"not taken: " + path + ": line 4: it is not one JSON object",
	} {
		if !strings.Contains(r.stderr, want) {
			t.Errorf("%s does not say %s", r.stderr, want)
		}
	}
	report := p.server.Report(p.server.OneRun(t))
	if r.code != 1 || len(report.Issues) != 2 || report.Outcome != "error" {
		t.Errorf("code %d, reported %d issues, %s", r.code, len(report.Issues), report.Outcome)
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
	if err := json.Unmarshal([]byte(r.stdout), &sum); err != nil || sum.Run != p.server.OneRun(t) || sum.Issues != 2 || len(sum.Rejected) != 2 || sum.Rejected[1].Line != 4 {
		t.Errorf("%v: %s", err, r.stdout)
	}
}

func TestImportNamesTheTask(t *testing.T) {
	t.Parallel()
	named := `{"taskName":"Check DNS"}`
	for name, c := range map[string]struct{ content, want string }{
		"as all lines do":                   {named + "\n" + `{"task_name":"Check DNS"}`, "Check DNS"},
		"by the file, if they do not agree": {named + "\n{}", "checks"},
		"by the file, without lines":        {"", "checks"},
		"by the file, if it is too long":    {`{"taskName":"` + strings.Repeat("x", 257) + `"}`, "checks"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, platformtest.Config{})
			p.run(t, "import", issuesFile(t, "checks.jsonl", c.content))
			if got := p.server.Began(p.server.OneRun(t)).Task; got != c.want {
				t.Errorf("the task is %q", got)
			}
		})
	}
}

func TestImportFromStdinAndOfMany(t *testing.T) {
	t.Parallel()
	p := newPlace(t, platformtest.Config{})
	r := p.runWith(t, strings.NewReader(plainLine), "import", "-", issuesFile(t, "a.jsonl", oddLine), "--json").want(t)
	runs := importedRuns(t, r)
	if len(runs) != 2 || p.server.Report(runs[0].Run).Issues[0].Line != plainLine || p.server.Report(runs[1].Run).Issues[0].Line != oddLine {
		t.Errorf("%v: %+v", runs, r)
	}
	if since := time.Since(p.server.Began(runs[0].Run).Start); since > time.Minute {
		t.Errorf("stdin began %v ago", since)
	}
}

// importedRun is what import --json prints of a run.
type importedRun struct {
	File, Run, Task, Outcome      string
	Part, Parts, Issues, Rejected int // of rejected, how many
	Before                        bool
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

func TestImportRefusesWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"no files":                           {},
		"--outcome is one of success":        {"x", "--outcome", "bad"},
		"--run is for one file":              {"x", "y", "--run", someRun},
		"UUIDv7":                             {"x", "--run", "7"},
		"--start takes a time as":            {"x", "--start", "noon"},
		"no such file":                       {"/no/such/file"},
		"it is a directory":                  {"/"},
		"--run is for one run, and the file": {issuesFile(t, "a.jsonl", strings.Repeat("{}\n", 201)), "--run", someRun},
		"a file may have 64 MiB and 50000":   {issuesFile(t, "a.jsonl", strings.Repeat("\n", 50_001))},
		"changed before 1970":                {issuesFile(t, "a.jsonl", "{}"), "--start", "1969-01-02T03:04:05Z"},
		"there is no stdin":                  {"-"},
		"again, it counts once":              {issuesFile(t, "a.jsonl", ""), "--url", "http://127.0.0.1:1", "--retry-for", "0s"},
		"give --workspace NAME, or set STR":  {"x", "--workspace", ""},
	} {
		p := newPlace(t, platformtest.Config{})
		if strings.Contains(want, "workspace") {
			delete(p.env, "STRONGROOM_WORKSPACE")
		}
		if r := p.run(t, append([]string{"import"}, args...)...); r.code == 0 || !strings.Contains(r.stderr, want) {
			t.Errorf("%v: %+v", args, r)
		}
		if len(p.server.Runs()) > 0 {
			t.Errorf("%v: a run was begun", args)
		}
	}
}
