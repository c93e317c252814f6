package command_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

// oddNames are names that the platform's own alphabet does not have.
var oddNames = []string{
	".hidden", "-dash", "a+b=c@d.csv", "broker.19:17:33.log", "report (1).pdf", "résumé.txt", "with space.txt", "sub/.git/x", "日本語.log", "back\\slash",
	"two\nlines", "tilde~20.txt", "broken\xffutf8.txt", strings.Repeat("n", 250),
}

// longName is a valid name of a file, and needs more characters than an output has.
var longName = strings.Repeat("é", 120)

// makeNoOutputs makes things that cannot be outputs, and returns how many they are.
func makeNoOutputs(t *testing.T, dir string) int {
	t.Helper()
	writeFile(t, filepath.Join(dir, longName), "x")
	for name, target := range map[string]string{"out.log": "/etc/passwd", "nowhere.log": "no-such-file", "dir.log": "."} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	return 5
}

// ways are how files become outputs. Each returns the exit code and the summary.
var ways = map[string]func(*testing.T, *program, string) (int, summary){
	"of a run": func(t *testing.T, p *program, dir string) (int, summary) {
		r := p.run(t, "run", "--json", "--quiet", "--output-dir", dir, "--", "true")
		return r.code, decodeSummary(t, r.stderr)
	},
	"of a run's own directory": func(t *testing.T, p *program, dir string) (int, summary) {
		r := p.run(t, "run", "--json", "--quiet", "--", "sh", "-c", `cp -a "$1"/. $STRONGROOM_OUTPUT_DIR`, "sh", dir)
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
		r := p.run(t, "resume", "--json")
		return r.code, decodeSummary(t, r.stdout)
	},
}

func TestFilesWithOddNamesAreUploadedAndShownAsTheyWere(t *testing.T) {
	t.Parallel()
	for name, act := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, dir := newProgram(t, faults.HTTPConfig{}), t.TempDir()
			for _, name := range oddNames {
				writeFile(t, filepath.Join(dir, name), "content of "+name)
			}
			if err := os.Symlink(oddNames[0], filepath.Join(dir, "link.log")); err != nil {
				t.Fatal(err)
			}
			code, s := act(t, p, dir)
			if code != 0 || !s.Uploaded || s.Outcome != "success" || len(s.FilesLeftOut) > 0 {
				t.Fatalf("exit code %d: %s: %+v", code, s.Error, s)
			}
			p.tenant.Cloud.Drain(t)
			viewer := p.as(t, "viewer")
			list := viewer.run(t, "outputs", "ls", s.Run).want(t).stdout
			for _, name := range append(oddNames, "link.log") {
				want := "content of " + strings.Replace(name, "link.log", oddNames[0], 1)
				if got := viewer.run(t, "outputs", "cat", "--", s.Run, name).want(t).stdout; got != want {
					t.Errorf("%q has %q", name, got)
				}
				if shown := view.Name(name); !strings.Contains(list, "\n"+shown+"  ") {
					t.Errorf("%q is not in the list:\n%s", shown, list)
				}
			}
			for _, o := range decode[api.Listing](t, viewer, "outputs", "ls", s.Run, "--json").Outputs {
				if got := viewer.run(t, "outputs", "cat", s.Run, o.Name).want(t).stdout; !strings.HasPrefix(got, "content of ") && o.FileName != "stdout.log" {
					t.Errorf("%s has %q", o.Name, got)
				}
			}
			if left := p.spooled(t); len(left) > 0 {
				t.Errorf("the spool still has %v", left)
			}
		})
	}
}

// summary is what run, upload and resume print with --json.
type summary struct {
	Run, Outcome, Error string
	Uploaded            bool
	Issues              int
	Outputs             []struct{ Name, FileName string }
	FilesLeftOut        []struct {
		File, Reason string
		Lost         bool
	}
	FilesExcluded int
	Runs          []struct {
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

// TestFilesThatCannotBeOutputsLeaveATrace has them next to a good file.
func TestFilesThatCannotBeOutputsLeaveATrace(t *testing.T) {
	t.Parallel()
	for name, act := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, dir := newProgram(t, faults.HTTPConfig{}), t.TempDir()
			writeFile(t, filepath.Join(dir, "ok.log"), "x")
			want := makeNoOutputs(t, dir)
			code, s := act(t, p, dir)
			if wantCode := map[bool]int{true: 3, false: 0}[name == "of an upload"]; code != wantCode || !s.Uploaded || s.Outcome != "error" {
				t.Errorf("exit code %d, want %d: %+v", code, wantCode, s)
			}
			lost := 0
			for _, left := range s.FilesLeftOut {
				if left.Lost {
					lost++
				}
				if left.Reason == "" || left.Lost != strings.HasSuffix(left.File, longName) {
					t.Errorf("the summary has %+v", left)
				}
			}
			if len(s.FilesLeftOut) != want || lost != 1 {
				t.Errorf("the summary has %+v", s.FilesLeftOut)
			}
			recorded := p.reported(t)
			if recorded.FilesLeftOut != want || recorded.Outcome != "error" || p.content(t, recorded.ID, "ok.log") != "x" {
				t.Errorf("recorded is %+v", recorded)
			}
			shown := p.as(t, "viewer").run(t, "runs", "show", recorded.ID).want(t)
			if !strings.Contains(shown.stdout, "5 files that the runner could not upload") {
				t.Errorf("the run is shown as %s", shown.stdout)
			}
		})
	}
}

// TestWithoutContentARunStaysASuccess has only a pipe and links that cannot be outputs.
func TestWithoutContentARunStaysASuccess(t *testing.T) {
	t.Parallel()
	p, dir := newProgram(t, faults.HTTPConfig{}), t.TempDir()
	left := makeNoOutputs(t, dir) - 1
	if err := os.Remove(filepath.Join(dir, longName)); err != nil {
		t.Fatal(err)
	}
	_, s := ways["of a run"](t, p, dir)
	if len(s.FilesLeftOut) != left || s.Outcome != "success" || p.reported(t).FilesLeftOut != left {
		t.Errorf("%+v", s)
	}
}

func TestOneUnreadableFileStopsNothing(t *testing.T) {
	t.Parallel()
	p, dir := newProgram(t, faults.HTTPConfig{}), t.TempDir()
	writeFile(t, filepath.Join(dir, "ok.log"), "x")
	r := p.run(t, "upload", filepath.Join(dir, "ok.log"), filepath.Join(dir, "missing.log"), "/proc/self/mem", "/proc/version", "--task", "t", "--json")
	s := decodeSummary(t, r.stdout)
	if r.code != 1 || !s.Uploaded || s.Outcome != "error" || len(s.FilesLeftOut) != 2 {
		t.Errorf("%+v", r)
	}
	if !strings.Contains(r.stderr, "missing.log: no such file") || !strings.Contains(r.stderr, "/mem into the spool: the file cannot be read") {
		t.Errorf("stderr is %s", r.stderr)
	}
	if p.content(t, s.Run, "ok.log") != "x" || p.content(t, s.Run, "version") == "" {
		t.Error("the good files are not uploaded")
	}
}

func TestPatternsSelectFiles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		flags    []string
		want     []string
		excluded int
	}{
		"of one kind":             {[]string{"--include", "*.log"}, []string{"a.log", "sub/b.log", "sub/deep/c.log"}, 3},
		"of a directory":          {[]string{"--include", "sub"}, []string{"sub/b.log", "sub/b.txt", "sub/deep/c.log"}, 3},
		"of one level":            {[]string{"--include", "sub/*.*"}, []string{"sub/b.log", "sub/b.txt"}, 4},
		"of every level":          {[]string{"--include", "sub/**/*.log"}, []string{"sub/b.log", "sub/deep/c.log"}, 4},
		"except hidden ones":      {[]string{"--exclude", ".*"}, []string{"a.log", "a.txt", "sub/b.log", "sub/b.txt", "sub/deep/c.log"}, 1},
		"except a directory":      {[]string{"--exclude", "sub/", "--exclude", ".*"}, []string{"a.log", "a.txt"}, 2},
		"of one kind, except one": {[]string{"--include", "[a-b].*", "--exclude", "sub/b.txt"}, []string{"a.log", "a.txt", "sub/b.log"}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, dir := newProgram(t, faults.HTTPConfig{}), t.TempDir()
			for _, name := range []string{"a.log", "a.txt", ".env", "sub/b.log", "sub/b.txt", "sub/deep/c.log"} {
				writeFile(t, filepath.Join(dir, name), "x")
			}
			writeFile(t, filepath.Join(dir, "issues.jsonl"), plainLine)
			r := p.run(t, append([]string{"run", "--json", "--quiet", "--output-dir", dir}, append(c.flags, "--", "true")...)...).want(t)
			s := decodeSummary(t, r.stderr)
			var got []string
			for _, o := range s.Outputs[1:] {
				got = append(got, o.FileName)
			}
			if diff := cmp.Diff(c.want, got); diff != "" || s.Issues != 1 || s.FilesExcluded != c.excluded || s.Outcome != "success" {
				t.Errorf("%+v: %s", s, diff)
			}
		})
	}
}

func TestAnUploadOfNothingSaysSo(t *testing.T) {
	t.Parallel()
	p, dir := newProgram(t, faults.HTTPConfig{}), t.TempDir()
	left := makeNoOutputs(t, dir)
	r := p.run(t, "upload", dir, "--task", "t")
	if want := fmt.Sprintf("0 are excluded, and %d were left out", left); r.code != 1 || !strings.Contains(r.stderr, want) || !strings.Contains(r.stderr, "named pipe") || len(p.runs(t)) > 0 {
		t.Errorf("%+v", r)
	}
}

// TestFilesOfTheSameNameAreAllUploaded has two files and two directories.
func TestFilesOfTheSameNameAreAllUploaded(t *testing.T) {
	t.Parallel()
	p, dir := newProgram(t, faults.HTTPConfig{}), t.TempDir()
	for _, name := range []string{"a/x.log", "b/x.log"} {
		writeFile(t, filepath.Join(dir, name), name)
	}
	for _, paths := range [][]string{{"a", "b", "a/x.log"}, {"a/x.log", "b/x.log", "a/x.log"}} {
		args := []string{"upload", "--task", "t", "--json"}
		for _, path := range paths {
			args = append(args, filepath.Join(dir, path))
		}
		s := decodeSummary(t, p.run(t, args...).want(t).stdout)
		if len(s.Outputs) != 2 || p.content(t, s.Run, "x.log") != "a/x.log" || p.content(t, s.Run, "b~2Fx.log") != "b/x.log" {
			t.Errorf("%v: %+v", paths, s.Outputs)
		}
	}
}

// TestJSONListsWhatThePlatformDidNotRecord has a platform that leaves out two values.
func TestJSONListsWhatThePlatformDidNotRecord(t *testing.T) {
	t.Parallel()
	left := `{"leftOut":2,"errors":[{"message":"too early","location":"body.samples[0]"},{"message":"no title","location":"body.issues[0]"}]}`
	script := `echo '{"sli":"a","value":1}' > $STRONGROOM_OUTPUT_DIR/samples.jsonl; echo '{"title":"t","severity":2}' > $STRONGROOM_OUTPUT_DIR/issues.jsonl`
	p := stubbed(t, newStub(t, "{}", "{}", left))
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
