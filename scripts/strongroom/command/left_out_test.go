package command_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// oddNames are files that cannot be outputs.
var oddNames = []string{".hidden", "a+b=c@d.csv", "broker.19:17:33.log", "report (1).pdf", "résumé.txt", "with space.txt"}

// summary is what run, upload and resume print with --json.
type summary struct {
	Run, Outcome string
	Uploaded     bool
	FilesLeftOut []struct{ File, Reason string }
	Runs         []struct {
		Run             string
		Issues, Samples int
	}
	LeftOut struct {
		Count   int
		Members []struct {
			Run, Location, Message string
			Value                  any
		}
	}
}

func decodeSummary(t *testing.T, text string) (s summary) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &s); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return s
}

// TestFilesThatCannotBeOutputsLeaveATrace has files with odd names and a link next
// to a good file.
func TestFilesThatCannotBeOutputsLeaveATrace(t *testing.T) {
	t.Parallel()
	makeFiles := func(t *testing.T, dir string) {
		t.Helper()
		for _, name := range append(oddNames, "ok.log") {
			writeFile(t, filepath.Join(dir, name), "x")
		}
		if err := os.Symlink("/etc/passwd", filepath.Join(dir, "link.log")); err != nil {
			t.Fatal(err)
		}
	}
	want := len(oddNames) + 1
	for name, act := range map[string]func(*testing.T, *program, string) (int, summary){
		"of a run": func(t *testing.T, p *program, dir string) (int, summary) {
			r := p.run(t, "run", "--json", "--quiet", "--output-dir", dir, "--", "true")
			return r.code, decodeSummary(t, r.stderr)
		},
		"of an upload": func(t *testing.T, p *program, dir string) (int, summary) {
			r := p.run(t, "upload", dir, "--task", "t", "--json", "--quiet")
			return r.code, decodeSummary(t, r.stdout)
		},
		"of a run that is resumed": func(t *testing.T, p *program, dir string) (int, summary) {
			url := p.env["STRONGROOM_URL"]
			p.env["STRONGROOM_URL"] = "http://127.0.0.1:1"
			p.run(t, "run", "--quiet", "--patience", "0s", "--output-dir", dir, "--", "true").want(t)
			p.env["STRONGROOM_URL"] = url
			shown := decode[struct{ FilesLeftOut int }](t, p, "spool", "show", p.runsSpooled(t)[0], "--json")
			if shown.FilesLeftOut != want {
				t.Errorf("the spool shows %+v", shown)
			}
			r := p.run(t, "resume", "--json")
			return r.code, decodeSummary(t, r.stdout)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, dir := newProgram(t, faults.HTTPConfig{}), t.TempDir()
			makeFiles(t, dir)
			code, s := act(t, p, dir)
			if wantCode := map[bool]int{true: 3, false: 0}[name == "of an upload"]; code != wantCode || !s.Uploaded || s.Outcome != "success" {
				t.Errorf("exit code %d, want %d: %+v", code, wantCode, s)
			}
			if len(s.FilesLeftOut) != want || s.FilesLeftOut[0].Reason == "" || !strings.HasPrefix(s.FilesLeftOut[0].File, dir) {
				t.Errorf("the summary has %+v", s.FilesLeftOut)
			}
			recorded := p.reported(t)
			if recorded.FilesLeftOut != want || recorded.Outcome != "success" || p.content(t, recorded.ID, "ok.log") != "x" {
				t.Errorf("recorded is %+v", recorded)
			}
			shown := p.as(t, "viewer").run(t, "runs", "show", recorded.ID).want(t)
			if !strings.Contains(shown.stdout, "7 files that the runner could not upload") {
				t.Errorf("the run is shown as %s", shown.stdout)
			}
		})
	}
}

func TestAnUploadOfOddNamesOnlyUploadsNothing(t *testing.T) {
	t.Parallel()
	p, dir := newProgram(t, faults.HTTPConfig{}), t.TempDir()
	writeFile(t, filepath.Join(dir, oddNames[0]), "x")
	r := p.run(t, "upload", dir, "--task", "t")
	if r.code != 1 || !strings.Contains(r.stderr, "nothing was uploaded") || !strings.Contains(r.stderr, oddNames[0]) || len(p.runs(t)) > 0 {
		t.Errorf("%+v", r)
	}
}

// TestJSONListsWhatThePlatformDidNotRecord has a platform that leaves out two values.
func TestJSONListsWhatThePlatformDidNotRecord(t *testing.T) {
	t.Parallel()
	left := `{"leftOut":2,"errors":[{"message":"too early","location":"body.samples[0]"},{"message":"no title","location":"body.issues[0]"}]}`
	script := `echo '{"sli":"a","value":1}' > $STRONGROOM_OUTPUT_DIR/samples.jsonl; echo '{"title":"t","severity":2}' > $STRONGROOM_OUTPUT_DIR/issues.jsonl`
	parts := `{"parts":[{"output":"stdout.log","part":1}]}`
	p := stubbed(t, newStub(t, "{}", "{}", parts, left))
	r := p.run(t, "run", "--json", "--quiet", "--patience", "0s", "--", "sh", "-c", script)
	s := decodeSummary(t, r.stderr)
	if s.LeftOut.Count != 2 || len(s.LeftOut.Members) != 2 {
		t.Fatalf("%+v: %+v", s, r)
	}
	sample, line := s.LeftOut.Members[0], s.LeftOut.Members[1]
	value, _ := sample.Value.(map[string]any)
	if sample.Run != s.Run || sample.Location != "body.samples[0]" || sample.Message != "too early" || value["sli"] != "a" {
		t.Errorf("the sample is %+v", sample)
	}
	if line.Value != `{"title":"t","severity":2}` {
		t.Errorf("the line is %+v", line)
	}
}

// TestOverALimitNothingIsLeftOut has more of each than one report can have. Run and
// import follow the same rule: the worst severities are first, in runs of one start.
func TestOverALimitNothingIsLeftOut(t *testing.T) {
	t.Parallel()
	worst := `{"title":"down","severity":1}`
	for name, c := range map[string]struct{ issues, samples string }{
		"of lines":   {strings.Repeat(`{"title":"slow","severity":3}`+"\n", 201) + worst, ""},
		"of bytes":   {strings.Repeat(`{"severity":3,"title":"`+strings.Repeat("x", 60_000)+`"}`+"\n", 140) + worst, ""},
		"of samples": {worst, strings.Repeat(`{"sli":"a","value":1}`+"\n", 1001)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lines := strings.Count(c.issues, "\n") + 1
			p, dir := newProgram(t, faults.HTTPConfig{}), t.TempDir()
			writeFile(t, filepath.Join(dir, "issues.jsonl"), c.issues)
			writeFile(t, filepath.Join(dir, "samples.jsonl"), c.samples)
			s := decodeSummary(t, p.run(t, "run", "--json", "--quiet", "--output-dir", dir, "--", "true").want(t).stderr)
			if len(s.Runs) != 2 || s.Runs[0].Run != s.Run || s.Runs[0].Issues+s.Runs[1].Issues != lines {
				t.Fatalf("%+v", s.Runs)
			}
			p.sameStarts(t, worst, s.Runs[0].Run, s.Runs[1].Run)
			if c.samples == "" {
				q := newProgram(t, faults.HTTPConfig{})
				runs := importedRuns(t, q.run(t, "import", issuesFile(t, "issues.jsonl", c.issues), "--json").want(t))
				if len(runs) != 2 || runs[0].Issues != s.Runs[0].Issues || runs[1].Issues != s.Runs[1].Issues {
					t.Fatalf("import splits into %+v, and run into %+v", runs, s.Runs)
				}
				q.sameStarts(t, worst, runs[0].Run, runs[1].Run)
			}
		})
	}
}

// sameStarts fails the test unless the runs have one start, and the first one the
// worst line first.
func (p *program) sameStarts(t *testing.T, worst, first, second string) {
	t.Helper()
	starts := []api.Run{p.recorded(t, first), p.recorded(t, second)}
	if diff := cmp.Diff(starts[0].Start, starts[1].Start); diff != "" {
		t.Error(diff)
	}
	if got := p.issueLines(t, first)[0]; got != worst {
		t.Errorf("the first line is %.60s", got)
	}
}
