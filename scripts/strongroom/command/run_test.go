package command_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/platformtest"
)

func TestRunEndsAsItsTaskDoes(t *testing.T) {
	t.Parallel()
	plain := filepath.Join(t.TempDir(), "plain")
	writeFile(t, plain, "not a program")
	cases := map[string]struct {
		args    []string
		code    int
		outcome string
	}{
		"a task that succeeds":          {[]string{"--", "true"}, 0, "success"},
		"a task that fails":             {[]string{"--", "sh", "-c", "exit 7"}, 7, "failure"},
		"a task that a signal ends":     {[]string{"--", "sh", "-c", "kill -9 $$"}, 137, "failure"},
		"a task that takes too long":    {[]string{"--timeout", "50ms", "--", "sleep", "60"}, 124, "timeout"},
		"a task that ignores its end":   {[]string{"--timeout", "50ms", "--grace", "50ms", "--", "sh", "-c", "trap '' TERM; while :; do sleep 60; done"}, 124, "timeout"},
		"a command that does not exist": {[]string{"--", "/no/such/command"}, 127, "error"},
		"a name that is not in PATH":    {[]string{"--", "no-such-command-here"}, 127, "error"},
		"a file that is no program":     {[]string{"--", plain}, 126, "error"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, platformtest.Config{})
			r := p.run(t, append([]string{"run", "--quiet"}, c.args...)...)
			report := p.server.Report(p.server.OneRun(t))
			if report == nil {
				t.Fatalf("nothing was reported: %+v", r)
			}
			if r.code != c.code || report.ExitCode != c.code || report.Outcome != c.outcome {
				t.Errorf("code %d, reported %s %d; want %d, %s: %s", r.code, report.Outcome, report.ExitCode, c.code, c.outcome, r.stderr)
			}
			if left := p.spooled(t); len(left) > 0 {
				t.Errorf("the spool still holds %v", left)
			}
		})
	}
}

func TestRunKeepsAllThatTheTaskWrites(t *testing.T) {
	t.Parallel()
	p := newPlace(t, platformtest.Config{})
	script := `echo out; echo err >&2; mkdir -p $STRONGROOM_OUTPUT_DIR/sub
printf '{}\n' > $STRONGROOM_OUTPUT_DIR/sub/report.jsonl
printf x > "$STRONGROOM_OUTPUT_DIR/bad name"
: > $STRONGROOM_OUTPUT_DIR/empty.log
echo run $STRONGROOM_RUN, token [$STRONGROOM_TOKEN]`
	r := p.run(t, "run", "--json", "--part-size", "5", "--", "sh", "-c", script)
	run := p.server.OneRun(t)
	got := map[string]string{}
	for _, name := range p.server.Outputs(run) {
		got[name] = p.content(t, run, name)
	}
	log := "out\nerr\nrun " + run + ", token []\n"
	want := map[string]string{"stdout.log": log, "sub__report.jsonl": "{}\n", "empty.log": ""}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
	if r.stdout != log {
		t.Errorf("passed through: %q", r.stdout)
	}
	if !strings.Contains(r.stderr, `"bad name" cannot be the name of an output`) {
		t.Errorf("says nothing of the bad name: %s", r.stderr)
	}
	kept := filepath.Join(p.spool, "refused", run, "bad name")
	if content, err := os.ReadFile(kept); string(content) != "x" {
		t.Errorf("what could not be uploaded is not kept: %v", err)
	}
	lines := strings.Split(strings.TrimSpace(r.stderr), "\n")
	var summary struct {
		Run      string
		Uploaded bool
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &summary); err != nil || summary.Run != run || !summary.Uploaded {
		t.Errorf("the last line is no summary: %s", r.stderr)
	}
}

func TestRunKeepsStderrApart(t *testing.T) {
	t.Parallel()
	p := newPlace(t, platformtest.Config{})
	r := p.run(t, "run", "--split", "--", "sh", "-c", "echo out; echo err >&2")
	run := p.server.OneRun(t)
	if got := p.content(t, run, "stdout.log"); got != "out\n" || r.stdout != got {
		t.Errorf("stdout is %q, passed through %q", got, r.stdout)
	}
	if got := p.content(t, run, "stderr.log"); got != "err\n" || r.stderr != got {
		t.Errorf("stderr is %q, passed through %q", got, r.stderr)
	}
}

func TestRunWithoutThePlatformLosesNothing(t *testing.T) {
	t.Parallel()
	p := newPlace(t, platformtest.Config{})
	address := p.env["STRONGROOM_URL"]
	p.env["STRONGROOM_URL"] = "http://127.0.0.1:1"
	r := p.run(t, "run", "--patience", "20ms", "--backoff", "5ms", "--", "sh", "-c", "echo precious; exit 3")
	if r.code != 3 || r.stdout != "precious\n" {
		t.Errorf("the task was disturbed: %+v", r)
	}
	if !strings.Contains(r.stderr, "WARNING") || !strings.Contains(r.stderr, "strongroom resume --spool "+p.spool) {
		t.Errorf("does not say how to go on: %s", r.stderr)
	}
	p.env["STRONGROOM_URL"] = address
	if r := p.run(t, "resume"); r.code != 0 {
		t.Fatalf("resume: %+v", r)
	}
	run := p.server.OneRun(t)
	if got := p.content(t, run, "stdout.log"); got != "precious\n" {
		t.Errorf("stdout.log is %q", got)
	}
	if report := p.server.Report(run); report.ExitCode != 3 || report.Outcome != "failure" {
		t.Errorf("reported %+v", report)
	}
}

func TestOutputCanBeReadWhileTheTaskRuns(t *testing.T) {
	t.Parallel()
	p := newPlace(t, platformtest.Config{})
	gate := filepath.Join(t.TempDir(), "gate")
	done := make(chan result, 1)
	go func() {
		done <- p.run(t, "run", "--quiet", "--flush-interval", "5ms", "--",
			"sh", "-c", "echo early; while [ ! -e "+gate+" ]; do sleep 0.01; done; echo late")
	}()
	eventually(t, "the first line is stored", func() bool {
		runs := p.server.Runs()
		if len(runs) == 0 {
			return false
		}
		_, content := p.server.Content(runs[0], "stdout.log")
		return string(content) == "early\n"
	})
	writeFile(t, gate, "")
	if r := <-done; r.code != 0 {
		t.Errorf("%+v", r)
	}
	if got := p.content(t, p.server.OneRun(t), "stdout.log"); got != "early\nlate\n" {
		t.Errorf("stdout.log is %q", got)
	}
}

func TestRunSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change func(*place)
		args   []string
		want   string
		code   int
	}{
		"no workspace":                     {func(p *place) { delete(p.env, "STRONGROOM_WORKSPACE") }, []string{"run", "--", "true"}, "--workspace NAME, or set STRONGROOM_WORKSPACE", 125},
		"a workspace that cannot be":       {func(*place) {}, []string{"run", "--workspace", "A/B", "--", "true"}, "--workspace: a workspace ID has", 125},
		"no token":                         {func(p *place) { delete(p.env, "STRONGROOM_TOKEN") }, []string{"run", "--", "true"}, "--token-file FILE, or set STRONGROOM_TOKEN_FILE or STRONGROOM_TOKEN", 125},
		"a token file that is not there":   {func(*place) {}, []string{"run", "--token-file", "/no/such/file", "--", "true"}, "read the token: open /no/such/file", 125},
		"no command":                       {func(*place) {}, []string{"run"}, "give one after --", 125},
		"an unknown flag of run":           {func(*place) {}, []string{"run", "--nope", "--", "true"}, "unknown flag: --nope", 125},
		"plain http to another machine":    {func(*place) {}, []string{"run", "--url", "http://192.0.2.1", "--", "true"}, "use https, or --insecure", 125},
		"an output that cannot be named":   {func(*place) {}, []string{"run", "--output", "a/b", "--", "true"}, "cannot be the name of an output", 125},
		"a run that is no UUIDv7":          {func(*place) {}, []string{"run", "--run", "7", "--", "true"}, "UUIDv7", 125},
		"parts that are too large":         {func(*place) {}, []string{"run", "--part-size", "8388609", "--", "true"}, "--part-size must be 1 to 8388608", 125},
		"upload without a task":            {func(*place) {}, []string{"upload", "/tmp"}, "give --task NAME", 2},
		"upload without files":             {func(*place) {}, []string{"upload", "--task", "x"}, "give directories or files", 2},
		"cat of something that is no run":  {func(*place) {}, []string{"outputs", "cat", "../x", "y"}, "not the id of a run", 2},
		"cat without a name":               {func(*place) {}, []string{"outputs", "cat", "x"}, "takes RUN and NAME", 2},
		"token of a tenant that cannot be": {func(*place) {}, []string{"token", "--tenant", "A B"}, "--tenant:", 2},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, platformtest.Config{})
			c.change(p)
			r := p.run(t, c.args...)
			if r.code != c.code || !strings.Contains(r.stderr, c.want) {
				t.Errorf("code %d: %s", r.code, r.stderr)
			}
			if len(p.server.Runs()) > 0 {
				t.Error("a run was begun")
			}
		})
	}
}

func TestARefusalIsToldAndNothingIsLost(t *testing.T) {
	t.Parallel()
	p := newPlace(t, platformtest.Config{})
	p.env["STRONGROOM_TOKEN"] = "worthless"
	r := p.run(t, "run", "--", "sh", "-c", "echo kept")
	if r.code != 0 || !strings.Contains(r.stderr, "401 Unauthorized: no valid token") {
		t.Errorf("%+v", r)
	}
	p.env["STRONGROOM_TOKEN"] = platformtest.TokenCanary
	if r := p.run(t, "resume"); r.code != 0 {
		t.Fatalf("resume: %+v", r)
	}
	if got := p.content(t, p.server.OneRun(t), "stdout.log"); got != "kept\n" {
		t.Errorf("stdout.log is %q", got)
	}
}

func TestFaultsOnTheWayChangeNothing(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]platformtest.Fault{
		"connections break":   platformtest.Drop,
		"replies are lost":    platformtest.DropReply,
		"nobody is available": platformtest.Unavailable,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, platformtest.Config{Fault: everyOther(fault), Custody: 1e6})
			text := numbers(200)
			file := filepath.Join(t.TempDir(), "report.txt")
			writeFile(t, file, text)
			r := p.run(t, "upload", file, "--task", "t", "--part-size", "300", "--backoff", "2ms", "--quiet")
			if r.code != 0 {
				t.Fatalf("%+v", r)
			}
			if got := p.content(t, p.server.OneRun(t), "report.txt"); got != text {
				t.Errorf("%d bytes arrived of %d", len(got), len(text))
			}
		})
	}
}

// everyOther lets every second request on each path fail, in turn.
func everyOther(fault platformtest.Fault) func(*http.Request) platformtest.Fault {
	turns := make(chan map[string]int, 1)
	turns <- map[string]int{}
	return func(r *http.Request) platformtest.Fault {
		seen := <-turns
		defer func() { turns <- seen }()
		if seen[r.URL.Path]++; seen[r.URL.Path]%2 == 1 {
			return fault
		}
		return platformtest.None
	}
}
