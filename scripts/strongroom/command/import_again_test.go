package command_test

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/faults"
)

func touch(t *testing.T, path string, at time.Time) {
	t.Helper()
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

func TestAFileCountsOnceWhateverItsTime(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content string
		again   func(t *testing.T, p *program, path string) result
		want    string
	}{
		"as it was":           {plainLine, importAt(changed), "already imported"},
		"later":               {plainLine, importAt(changed.Add(time.Hour)), "already imported"},
		"earlier":             {plainLine, importAt(changed.Add(-time.Hour)), "already imported"},
		"far in the future":   {plainLine, importAt(time.Now().Add(time.Hour)), "already imported"},
		"observed, and later": {`{"severity":2,"observedAt":"2026-01-01T00:00:00Z"}`, importAt(changed.Add(time.Hour)), "already imported"},
		"from stdin": {plainLine, func(t *testing.T, p *program, _ string) result {
			return p.runWith(t, strings.NewReader(plainLine), "import", "-", "--task", "dns-check")
		}, "already imported"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t, faults.HTTPConfig{})
			path := issuesFile(t, "issues.jsonl", c.content)
			p.run(t, "import", path, "--task", "dns-check").want(t)
			run := p.oneRun(t)
			before := p.recorded(t, run)
			if r := c.again(t, p, path).want(t); !strings.Contains(r.stdout, c.want) || !strings.Contains(r.stdout, "as run "+p.oneRun(t)) {
				t.Errorf("%+v", r)
			}
			if diff := cmp.Diff(before, p.recorded(t, run)); diff != "" {
				t.Error("the first record has changed: " + diff)
			}
		})
	}
}

// TestDerivedIDsStayTheSame pins IDs. With other IDs, a file that an earlier
// version of the program imported would count twice.
func TestDerivedIDsStayTheSame(t *testing.T) {
	t.Parallel()
	p := stubbed(t, newStub(t, "{}"))
	args := []string{"import", issuesFile(t, "issues.jsonl", `{"title":"DNS is slow"}`), "--task", "dns-check", "--json"}
	for want, flags := range map[string][]string{
		"019b7ca9-8c88-7843-af85-96ac19ebd262": {"--start", "2026-01-02T03:04:05Z"},
		"c322114d-25d8-7a2b-be63-ea415b65364f": nil,
	} {
		if runs := importedRuns(t, p.run(t, append(slices.Clip(args), flags...)...).want(t)); runs[0].Run != want {
			t.Errorf("%v: the run is %s, not %s", flags, runs[0].Run, want)
		}
	}
}

// importAt imports a file with a modification time.
func importAt(at time.Time) func(*testing.T, *program, string) result {
	return func(t *testing.T, p *program, path string) result {
		t.Helper()
		touch(t, path, at)
		return p.run(t, "import", path, "--task", "dns-check")
	}
}

func TestAnImportedFileIsMarkedInJSON(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{})
	path := issuesFile(t, "issues.jsonl", plainLine)
	for i, want := range []bool{false, true} {
		touch(t, path, changed.Add(time.Duration(i)*time.Hour))
		if runs := importedRuns(t, p.run(t, "import", path, "--json").want(t)); len(runs) != 1 || runs[0].AlreadyImported != want || runs[0].Before != want || runs[0].Run != p.oneRun(t) {
			t.Errorf("%+v", runs)
		}
	}
}

func TestAMissingReportIsReportedByTheNextImport(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]time.Time{"earlier": changed.Add(-time.Hour), "later": changed.Add(time.Hour)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var broken atomic.Bool
			broken.Store(true)
			p := newProgram(t, faults.HTTPConfig{Fault: func(r *http.Request) faults.Fault {
				if broken.Load() && strings.HasSuffix(r.URL.Path, "/report") {
					return faults.Unavailable
				}
				return faults.None
			}})
			path := issuesFile(t, "issues.jsonl", plainLine)
			if r := p.run(t, "import", path, "--retry-for", "0s"); r.code != 14 || p.recorded(t, p.oneRun(t)).State != "running" {
				t.Fatalf("%+v", r)
			}
			broken.Store(false)
			touch(t, path, at)
			r := p.run(t, "import", path).want(t)
			run := p.oneRun(t)
			report := p.recorded(t, run)
			if report.Issues != 1 || report.Outcome != "failure" || !report.Start.Equal(changed) || !strings.Contains(r.stdout, "reported 1 issues") {
				t.Errorf("%+v: %+v", r, report)
			}
		})
	}
}

func TestOnlyAFileWithADerivedIDIsAlreadyImported(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content string
		flags   []string
		before  bool
	}{
		"a file alone": {plainLine, nil, true},
		"a time that was ahead of the clock before": {`{"severity":2,"observedAt":"2026-01-01T00:00:00Z"}`, nil, true},
		"a run that was named":                      {plainLine, []string{"--run", someRun}, false},
		"a start that was named":                    {plainLine, []string{"--start", "2026-01-02T03:04:05Z"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"import", issuesFile(t, "issues.jsonl", c.content)}, c.flags...)
			p := newProgram(t, faults.HTTPConfig{})
			platform := p.env["STRONGROOM_URL"]
			p.env["STRONGROOM_URL"] = newStub(t, "{}").URL
			run := importedRuns(t, p.run(t, append(args, "--json")...).want(t))[0].Run
			p.env["STRONGROOM_URL"] = platform
			p.run(t, "import", args[1], "--run", run, "--start", "2026-01-02T03:00:00Z").want(t)
			r := p.run(t, args...)
			if before := r.code == 0 && strings.Contains(r.stdout, "already imported as run "+run); before != c.before || before == strings.Contains(r.stderr, "409") {
				t.Errorf("%+v", r)
			}
		})
	}
}
