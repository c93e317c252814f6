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

	"github.com/strongroom-dev/strongroom/scripts/strongroom/platformtest"
)

func touch(t *testing.T, path string, at time.Time) {
	t.Helper()
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

func TestAgainCountsOnceWhateverTheFilesTime(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content string
		again   func(t *testing.T, p *place, path string) result
		says    string
	}{
		"as it was":           {plainLine, importAt(changed), "1 issues taken"},
		"later":               {plainLine, importAt(changed.Add(time.Hour)), "imported before"},
		"earlier":             {plainLine, importAt(changed.Add(-time.Hour)), "imported before"},
		"far in the future":   {plainLine, importAt(time.Now().Add(time.Hour)), "imported before"},
		"observed, and later": {`{"observedAt":"2026-01-01T00:00:00Z"}`, importAt(changed.Add(time.Hour)), "1 issues taken"},
		"from stdin": {plainLine, func(t *testing.T, p *place, _ string) result {
			return p.runWith(t, strings.NewReader(plainLine), "import", "-", "--task", "dns-check")
		}, "imported before"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, platformtest.Config{})
			path := issuesFile(t, "issues.jsonl", c.content)
			p.run(t, "import", path, "--task", "dns-check").want(t)
			run := p.server.OneRun(t)
			began, report := p.server.Began(run), p.server.Report(run)
			if r := c.again(t, p, path).want(t); !strings.Contains(r.stdout, c.says) || !strings.Contains(r.stdout, "as run "+p.server.OneRun(t)) {
				t.Errorf("%+v", r)
			}
			if diff := cmp.Diff(began, p.server.Began(run)) + cmp.Diff(report, p.server.Report(run)); diff != "" {
				t.Error("what was told first does not stand: " + diff)
			}
		})
	}
}

// TestTheIDOfARunStaysAsItIs pins ids: others would count a file twice that an
// earlier version of the program imported.
func TestTheIDOfARunStaysAsItIs(t *testing.T) {
	t.Parallel()
	p := newPlace(t, platformtest.Config{})
	args := []string{"import", issuesFile(t, "issues.jsonl", plainLine), "--task", "dns-check", "--json"}
	for want, flags := range map[string][]string{
		"019b7ca9-8c88-7843-af85-96ac19ebd262": {"--start", "2026-01-02T03:04:05Z"},
		"c322114d-25d8-7a2b-be63-ea415b65364f": nil,
	} {
		if runs := importedRuns(t, p.run(t, append(slices.Clip(args), flags...)...).want(t)); runs[0].Run != want {
			t.Errorf("%v: the run is %s, not %s", flags, runs[0].Run, want)
		}
	}
}

// importAt imports a file that was changed at a time.
func importAt(at time.Time) func(*testing.T, *place, string) result {
	return func(t *testing.T, p *place, path string) result {
		t.Helper()
		touch(t, path, at)
		return p.run(t, "import", path, "--task", "dns-check")
	}
}

func TestBeforeIsToldAsJSON(t *testing.T) {
	t.Parallel()
	p := newPlace(t, platformtest.Config{})
	path := issuesFile(t, "issues.jsonl", plainLine)
	for i, want := range []bool{false, true} {
		touch(t, path, changed.Add(time.Duration(i)*time.Hour))
		if runs := importedRuns(t, p.run(t, "import", path, "--json").want(t)); len(runs) != 1 || runs[0].Before != want || runs[0].Run != p.server.OneRun(t) {
			t.Errorf("%+v", runs)
		}
	}
}

func TestAReportThatIsOwedIsDelivered(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]time.Time{"earlier": changed.Add(-time.Hour), "later": changed.Add(time.Hour)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var broken atomic.Bool
			broken.Store(true)
			p := newPlace(t, platformtest.Config{Fault: func(r *http.Request) platformtest.Fault {
				if broken.Load() && strings.HasSuffix(r.URL.Path, "/report") {
					return platformtest.Unavailable
				}
				return platformtest.None
			}})
			path := issuesFile(t, "issues.jsonl", plainLine)
			if r := p.run(t, "import", path, "--retry-for", "0s"); r.code != 1 || p.server.Report(p.server.OneRun(t)) != nil {
				t.Fatalf("%+v", r)
			}
			broken.Store(false)
			touch(t, path, at)
			r := p.run(t, "import", path).want(t)
			run := p.server.OneRun(t)
			report := p.server.Report(run)
			if report == nil || len(report.Issues) != 1 || report.Outcome != "failure" || !p.server.Began(run).Start.Equal(changed) || !strings.Contains(r.stdout, "1 issues taken") {
				t.Errorf("%+v: %+v", r, report)
			}
		})
	}
}

func TestOnlyAFileThatWasToldByItsContentWasImportedBefore(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content string
		flags   []string
		before  bool
	}{
		"a file alone": {plainLine, nil, true},
		"a time that was ahead of the clock before": {`{"observedAt":"2026-01-01T00:00:00Z"}`, nil, true},
		"a run that was named":                      {plainLine, []string{"--run", someRun}, false},
		"a start that was named":                    {plainLine, []string{"--start", "2026-01-02T03:04:05Z"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"import", issuesFile(t, "issues.jsonl", c.content)}, c.flags...)
			elsewhere, p := newPlace(t, platformtest.Config{}), newPlace(t, platformtest.Config{})
			elsewhere.run(t, args...).want(t)
			run := elsewhere.server.OneRun(t)
			p.run(t, "import", args[1], "--run", run, "--start", "2026-01-02T03:00:00Z").want(t)
			r := p.run(t, args...)
			if before := r.code == 0 && strings.Contains(r.stdout, "imported before, as run "+run); before != c.before || before == strings.Contains(r.stderr, "409") {
				t.Errorf("%+v", r)
			}
		})
	}
}
