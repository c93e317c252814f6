package command_test

import (
	"encoding/json"
	"net/http"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/shared/run"
)

func TestRunEndsAsItsTaskDoes(t *testing.T) {
	t.Parallel()
	plain := filepath.Join(t.TempDir(), "plain")
	writeFile(t, plain, "not a program")
	cases := map[string]struct {
		args    []string
		code    int
		outcome run.Outcome
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
			p := newProgram(t, faults.HTTPConfig{})
			r := p.run(t, append([]string{"run", "--quiet"}, c.args...)...)
			report := p.reported(t)
			if r.code != c.code || exitCode(report) != c.code || report.Outcome != c.outcome {
				t.Errorf("code %d, reported %s %d; want %d, %s: %s", r.code, report.Outcome, exitCode(report), c.code, c.outcome, r.stderr)
			}
			if left := p.spooled(t); len(left) > 0 {
				t.Errorf("the spool still holds %v", left)
			}
		})
	}
}

func TestRunStoresEverythingThatTheTaskWrites(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{})
	script := `echo out; echo err >&2; mkdir -p $STRONGROOM_OUTPUT_DIR/sub
printf '{}\n' > $STRONGROOM_OUTPUT_DIR/sub/report.jsonl
printf x > "$STRONGROOM_OUTPUT_DIR/bad name"
: > $STRONGROOM_OUTPUT_DIR/empty.log
echo run $STRONGROOM_RUN, token [$STRONGROOM_TOKEN]`
	r := p.run(t, "run", "--json", "--part-size", "5", "--", "sh", "-c", script)
	run := p.oneRun(t)
	got := map[string]string{}
	for name := range p.outputs(t, run) {
		got[name] = p.content(t, run, name)
	}
	log := "out\nerr\nrun " + run + ", token []\n"
	want := map[string]string{"stdout.log": log, "sub~2Freport.jsonl": "{}\n", "empty.log": "", "bad~20name": "x"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
	if r.stdout != log {
		t.Errorf("passed through: %q", r.stdout)
	}
	lines := strings.Split(strings.TrimSpace(r.stderr), "\n")
	var summary struct {
		Run      string
		Uploaded bool
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &summary); err != nil || summary.Run != run || !summary.Uploaded {
		t.Errorf("the last line is not a summary: %s", r.stderr)
	}
}

func TestATaskWithoutOutputUploadsNothing(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var requests []string
	p := newProgram(t, faults.HTTPConfig{Fault: func(r *http.Request) faults.Fault {
		mu.Lock()
		defer mu.Unlock()
		requests = append(requests, r.Method+" "+path.Base(r.URL.Path))
		return faults.None
	}})
	if r := p.run(t, "run", "--quiet", "--", "true"); r.code != 0 {
		t.Fatalf("%+v", r)
	}
	run := p.oneRun(t)
	want := []string{"HEAD v1", "PUT " + run, "POST report"} // the clock, the start, and the report
	if diff := cmp.Diff(want, requests); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if got := p.content(t, run, "stdout.log"); got != "" {
		t.Errorf("stdout.log is %q", got)
	}
	if o := p.outputs(t, run)["stdout.log"]; o.State != "complete" {
		t.Errorf("stdout.log is %+v", o)
	}
}

func TestRunStoresStderrSeparately(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{})
	r := p.run(t, "run", "--split", "--", "sh", "-c", "echo out; echo err >&2")
	run := p.oneRun(t)
	if got := p.content(t, run, "stdout.log"); got != "out\n" || r.stdout != got {
		t.Errorf("stdout is %q, passed through %q", got, r.stdout)
	}
	if got := p.content(t, run, "stderr.log"); got != "err\n" || !strings.Contains(r.stderr, "\n"+got) {
		t.Errorf("stderr is %q, passed through %q", got, r.stderr)
	}
}

func TestRunWithoutThePlatformLosesNothing(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{})
	address := p.env["STRONGROOM_URL"]
	p.env["STRONGROOM_URL"] = "http://127.0.0.1:1"
	r := p.run(t, "run", "--patience", "20ms", "--backoff", "5ms", "--", "sh", "-c", "echo precious; exit 3")
	if r.code != 3 || r.stdout != "precious\n" {
		t.Errorf("the task was disturbed: %+v", r)
	}
	if !strings.Contains(r.stderr, "WARNING") || !strings.Contains(r.stderr, "strongroom resume --spool "+p.spool) {
		t.Errorf("does not say how to continue: %s", r.stderr)
	}
	p.env["STRONGROOM_URL"] = address
	if r := p.run(t, "resume"); r.code != 0 {
		t.Fatalf("resume: %+v", r)
	}
	run := p.oneRun(t)
	if got := p.content(t, run, "stdout.log"); got != "precious\n" {
		t.Errorf("stdout.log is %q", got)
	}
	if report := p.recorded(t, run); exitCode(report) != 3 || report.Outcome != "failure" {
		t.Errorf("reported %+v", report)
	}
}

func TestOutputCanBeReadWhileTheTaskRuns(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{})
	gate := newGate(t)
	done := make(chan result, 1)
	go func() {
		done <- p.run(t, "run", "--quiet", "--flush-interval", "5ms", "--",
			"sh", "-c", "exec 3<"+gate.path+"; echo early; read -r _ <&3; echo late")
	}()
	cloudtest.Eventually(t, "the first line is stored", func() bool {
		runs := p.runs(t)
		if len(runs) == 0 {
			return false
		}
		return p.stored(t, runs[0], "stdout.log") == "early\n"
	})
	gate.open()
	if r := <-done; r.code != 0 {
		t.Errorf("%+v", r)
	}
	if got := p.content(t, p.oneRun(t), "stdout.log"); got != "early\nlate\n" {
		t.Errorf("stdout.log is %q", got)
	}
}

func TestErrorsBeforeARunSayWhatToDo(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change func(*program)
		args   []string
		want   string
		code   int
	}{
		"no workspace":                     {change: func(p *program) { delete(p.env, "STRONGROOM_WORKSPACE") }, args: []string{"run", "--", "true"}, want: "use --workspace NAME, or set STRONGROOM_WORKSPACE", code: 125},
		"a workspace name that is invalid": {args: []string{"run", "--workspace", "A/B", "--", "true"}, want: "--workspace: a workspace ID has", code: 125},
		"no token":                         {change: func(p *program) { delete(p.env, "STRONGROOM_TOKEN") }, args: []string{"run", "--", "true"}, want: "--token-file FILE, or set STRONGROOM_TOKEN_FILE or STRONGROOM_TOKEN", code: 125},
		"a token file that is missing":     {args: []string{"run", "--token-file", "/no/such/file", "--", "true"}, want: "read the token: open /no/such/file", code: 125},
		"no command":                       {args: []string{"run"}, want: "no command", code: 125},
		"an unknown flag of run":           {args: []string{"run", "--nope", "--", "true"}, want: "unknown flag: --nope", code: 125},
		"plain http to another machine":    {args: []string{"run", "--url", "http://192.0.2.1", "--", "true"}, want: "use https, or --insecure", code: 125},
		"an output name that is too long":  {args: []string{"run", "--output", strings.Repeat("é", 67), "--", "true"}, want: "--output: the name is too long", code: 125},
		"a pattern that is invalid":        {args: []string{"run", "--include", "[", "--", "true"}, want: "--include \"[\": the [ has no ]", code: 125},
		"a run ID that is no UUIDv7":       {args: []string{"run", "--run", "7", "--", "true"}, want: "UUIDv7", code: 125},
		"parts that are too large":         {args: []string{"run", "--part-size", "8388609", "--", "true"}, want: "--part-size must be from 1 to 8388608", code: 125},
		"upload without a task":            {args: []string{"upload", "/tmp"}, want: "use --task NAME", code: 2},
		"upload without files":             {args: []string{"upload", "--task", "x"}, want: "no files; for example", code: 2},
		"cat of an invalid run ID":         {args: []string{"outputs", "cat", "../x", "y"}, want: "not a valid run ID", code: 2},
		"cat without a name":               {args: []string{"outputs", "cat", "x"}, want: "requires RUN and NAME", code: 2},
		"token of an invalid tenant ID":    {args: []string{"token", "--tenant", "A B"}, want: "--tenant:", code: 2},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t, faults.HTTPConfig{})
			if c.change != nil {
				c.change(p)
			}
			r := p.run(t, c.args...)
			if r.code != c.code || !strings.Contains(r.stderr, c.want) {
				t.Errorf("code %d: %s", r.code, r.stderr)
			}
			if len(p.runs(t)) > 0 {
				t.Error("a run was started")
			}
		})
	}
}

func TestARejectedTokenIsReportedAndNothingIsLost(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{})
	token := p.env["STRONGROOM_TOKEN"]
	p.env["STRONGROOM_TOKEN"] = "worthless"
	r := p.run(t, "run", "--", "sh", "-c", "echo kept")
	if r.code != 0 || !strings.Contains(r.stderr, "401 Unauthorized") {
		t.Errorf("%+v", r)
	}
	p.env["STRONGROOM_TOKEN"] = token
	if r := p.run(t, "resume"); r.code != 0 {
		t.Fatalf("resume: %+v", r)
	}
	if got := p.content(t, p.oneRun(t), "stdout.log"); got != "kept\n" {
		t.Errorf("stdout.log is %q", got)
	}
}

func TestNetworkFaultsChangeNothing(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]faults.Fault{
		"connections break":    faults.Lost,
		"replies are lost":     faults.ReplyLost,
		"the platform is down": faults.Unavailable,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t, faults.HTTPConfig{Fault: everyOther(fault)})
			text := numbers(200)
			file := filepath.Join(t.TempDir(), "report.txt")
			writeFile(t, file, text)
			r := p.run(t, "upload", file, "--task", "t", "--part-size", "300", "--backoff", "2ms", "--quiet")
			if r.code != 0 {
				t.Fatalf("%+v", r)
			}
			if got := p.content(t, p.oneRun(t), "report.txt"); got != text {
				t.Errorf("%d bytes arrived of %d", len(got), len(text))
			}
		})
	}
}
