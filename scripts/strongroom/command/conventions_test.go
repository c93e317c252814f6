package command_test

import (
	"bufio"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
)

func TestUnknownCommandsAreErrors(t *testing.T) {
	t.Parallel()
	p := stubbed(t, newStub(t, "{}"))
	for args, want := range map[string]string{
		"runz":          `unknown command "runz" for "strongroom"; did you mean run or runs?`,
		"runs lst":      `unknown command "lst" for "strongroom runs"; did you mean ls?`,
		"outputs car":   `did you mean cat?`,
		"issues view":   `did you mean show?`,
		"audit xyzzy":   `unknown command "xyzzy" for "strongroom audit"`,
		"help nonsense": `unknown command "nonsense" for "strongroom"`,
		"help runs lst": `did you mean ls?`,
	} {
		r := p.run(t, strings.Fields(args)...)
		if r.code != 2 || r.stdout != "" || !strings.Contains(r.stderr, want) || !strings.Contains(r.stderr, "--help") {
			t.Errorf("%s: %+v", args, r)
		}
	}
	for _, args := range []string{"", "runs", "help", "help runs ls", "runs list --help", "--help"} {
		if r := p.run(t, append(strings.Fields(args), "--quiet")...); r.code != 0 || !strings.Contains(r.stdout, "Usage:") {
			t.Errorf("%s: %+v", args, r)
		}
	}
	if flag, command := p.run(t, "--version"), p.run(t, "version"); flag != command || !strings.HasPrefix(flag.stdout, "strongroom ") {
		t.Errorf("%+v and %+v", flag, command)
	}
}

// leaves calls check with the help of each command that has no subcommands.
func (p *program) leaves(t *testing.T, check func(args []string, help string), args ...string) {
	t.Helper()
	help := p.run(t, append(args, "--help")...).want(t).stdout
	_, list, isGroup := strings.Cut(help, "Available Commands:\n")
	if !isGroup {
		check(args, help)
		return
	}
	for line := range strings.Lines(list) {
		name, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name == "" {
			return
		}
		p.leaves(t, check, append(slices.Clip(args), name)...)
	}
}

func TestHelpListsTheFieldsOfJSON(t *testing.T) {
	t.Parallel()
	p := stubbed(t, newStub(t, "{}"))
	checked := 0
	p.leaves(t, func(args []string, help string) {
		if !strings.Contains(help, "\n      --json ") {
			return
		}
		checked++
		if _, fields, _ := strings.Cut(help, "Fields of --json"); !strings.Contains(fields, "\n  ") {
			t.Errorf("%s does not list the fields of --json", strings.Join(args, " "))
		}
	})
	if checked < 30 {
		t.Errorf("only %d commands have --json", checked)
	}
	for args, want := range map[string]string{
		"run": "outputs[].fileName", "upload": "filesLeftOut[].reason", "resume": "leftOut.count", "import": "before ", "runs ls": "runs[].id",
		"runs show": "outputs[].storedParts", "outputs ls": "outputs[].fileName", "issues ls": "issues[].severityFlagged", "issues show": "nextSteps",
		"slis ls": "slis[].windows.1h.burn", "assistant show": "next.tasks[].score", "spool show": "leftOut[].reason", "version": "revision",
		"audit show": "proved", "audit ls": "actorId", "token": "expires",
	} {
		if r := p.run(t, append(strings.Fields(args), "--help")...).want(t); !strings.Contains(r.stdout, "\n  "+want) {
			t.Errorf("%s: no %q in %s", args, want, r.stdout)
		}
	}
}

func TestIDsMayBeShortened(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{})
	first, second := "0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e10", "0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e1f"
	for _, id := range []string{first, second} {
		p.run(t, "run", "--run", id, "--task", "t-"+id[35:], "--quiet", "--", "echo", id).want(t)
	}
	p.run(t, "import", issuesFile(t, "issues.jsonl", plainLine), "--task", "dns-check").want(t)
	viewer := p.as(t, "viewer")
	p.content(t, first, "stdout.log")
	for _, args := range [][]string{{"runs", "show", first[:36]}, {"outputs", "ls", second[:36]}, {"outputs", "cat", first, "stdout.log"}} {
		viewer.run(t, args...).want(t)
	}
	r := viewer.run(t, "runs", "show", first[:35])
	if r.code != 2 || !strings.Contains(r.stderr, "several run IDs start with "+first[:35]) || !strings.Contains(r.stderr, "\n  "+first+"  t-0 ") || !strings.Contains(r.stderr, "\n  "+second+"  t-f ") {
		t.Errorf("%+v", r)
	}
	issue := decode[struct{ Issues []struct{ ID string } }](t, viewer, "issues", "ls", "--json").Issues[0].ID
	for _, prefix := range []string{issue, issue[:20], issue[:1]} {
		if r := viewer.run(t, "issues", "show", prefix).want(t); !strings.Contains(r.stdout, issue) {
			t.Errorf("%s: %+v", prefix, r)
		}
	}
	p.env["STRONGROOM_URL"] = "http://127.0.0.1:1"
	p.run(t, "run", "--run", first, "--patience", "0s", "--quiet", "--", "true").want(t)
	if r := p.run(t, "spool", "show", first[:9]).want(t); !strings.Contains(r.stdout, first) {
		t.Errorf("%+v", r)
	}
	if r := p.run(t, "spool", "discard", "9"); r.code != 12 || !strings.Contains(r.stderr, "no spooled run ID starts with 9") {
		t.Errorf("%+v", r)
	}
	p.run(t, "spool", "discard", first[:9]).want(t)
}

func TestTheShellCompletesIDsAndNames(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{})
	p.run(t, "run", "--run", someRun, "--task", "dns-check", "--quiet", "--", "sh", "-c", `: > "$STRONGROOM_OUTPUT_DIR/a b.log"; echo "$1" > $STRONGROOM_OUTPUT_DIR/issues.jsonl`, "sh", plainLine).want(t)
	viewer := p.as(t, "viewer")
	cloudtest.Eventually(t, "the issue is stored", func() bool { return strings.Contains(viewer.run(t, "issues", "ls").stdout, "DNS is slow") })
	p.content(t, someRun, "a~20b.log")
	for args, want := range map[string]string{
		"runs show ":                        someRun + "\tdns-check ",
		"outputs cat " + someRun[:5]:        someRun + "\t",
		"outputs cat " + someRun[:12] + " ": "a b.log\tcomplete",
		"issues show ":                      "\tseverity 2, detected: DNS is slow",
		"runs ls --outcome ":                "success\nfailure\n",
		"issues ls --severity ":             "1\tcritical\n",
		"completion ":                       "bash\t",
		"ru":                                "run\t",
	} {
		words := append([]string{"__complete"}, strings.Split(args, " ")...)
		if r := viewer.run(t, words...); r.code != 0 || !strings.Contains(r.stdout, want) {
			t.Errorf("%s: %+v", args, r)
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish"} {
		if r := viewer.run(t, "completion", shell).want(t); !strings.Contains(r.stdout, "__complete") {
			t.Errorf("%s: %.100s", shell, r.stdout)
		}
	}
	viewer.env["STRONGROOM_URL"] = silent(t)
	began := time.Now()
	if r := viewer.run(t, "__complete", "runs", "show", ""); r.code != 0 || strings.Contains(r.stdout, someRun) || time.Since(began) > 10*time.Second {
		t.Errorf("after %s: %+v", time.Since(began), r)
	}
}

// silent returns the URL of a server that accepts connections and never answers.
func silent(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return "http://" + listener.Addr().String()
}

// TestAnUnreachablePlatformIsReportedSoon has a platform that refuses connections, and
// one that never answers.
func TestAnUnreachablePlatformIsReportedSoon(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{"connection refused": "http://127.0.0.1:1", "has not answered yet": silent(t)} {
		for _, args := range [][]string{{"runs", "ls"}, {"run", "--wait", "--", "true"}} {
			t.Run(name+" of "+args[0], func(t *testing.T) {
				t.Parallel()
				p := stubbed(t, newStub(t, "{}"))
				p.env["STRONGROOM_URL"] = url
				cmd := p.process(t, args...)
				stderr, err := cmd.StderrPipe()
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
				lines := bufio.NewScanner(stderr)
				for lines.Scan() && !strings.Contains(lines.Text(), name) {
					continue
				}
				if took := time.Since(began); !strings.HasSuffix(lines.Text(), "; still trying") || took > 10*time.Second { // 2 s on a machine that is idle
					t.Errorf("after %s: %s", took, lines.Text())
				}
			})
		}
	}
}

func TestReadsEndAtTheirTimeout(t *testing.T) {
	t.Parallel()
	p := stubbed(t, newStub(t, "{}"))
	for _, url := range []string{"http://127.0.0.1:1", silent(t)} {
		p.env["STRONGROOM_URL"] = url
		for _, args := range []string{"runs ls", "outputs cat " + someRun + " a --follow", "issues show aaa", "slis ls", "assistant show x", "catalog search x"} {
			r := p.run(t, append(strings.Fields(args), "--timeout", "50ms")...)
			if r.code != 124 || !strings.Contains(r.stderr, "not done after 50ms (--timeout)") {
				t.Errorf("%s: %+v", args, r)
			}
		}
	}
	if r := p.run(t, "runs", "ls", "--timeout", "-1s"); r.code != 2 {
		t.Errorf("%+v", r)
	}
}

// TestTheSecondInterruptEndsTheProgram has a task, and an upload, that ignore the first.
func TestTheSecondInterruptEndsTheProgram(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"a task":  {"run", "--grace", "1h", "--", "sh", "-c", `trap "" INT TERM; echo ready; while :; do sleep 0.1; done`},
		"a read":  {"outputs", "cat", someRun, "a", "--follow"},
		"a retry": {"run", "--wait", "--", "echo", "ready"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := stubbed(t, newStub(t, "{}"))
			p.env["STRONGROOM_URL"] = silent(t)
			cmd := p.process(t, args...)
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			cmd.Stderr = os.Stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if args[0] == "run" {
				if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "ready\n" {
					t.Fatal(line, err)
				}
			}
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			deadline := time.After(30 * time.Second)
			for {
				select {
				case <-ended:
					if code := cmd.ProcessState.ExitCode(); code == 0 && name != "a retry" {
						t.Errorf("exit code %d", code)
					}
					return
				case <-deadline:
					_ = cmd.Process.Kill()
					t.Fatal("it did not end")
				case <-time.After(200 * time.Millisecond): // a person who presses Ctrl-C again
					_ = cmd.Process.Signal(syscall.SIGINT)
				}
			}
		})
	}
}

func TestRunPrintsItsIDFirst(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{})
	r := p.run(t, "run", "--run", someRun, "--sample", "a=1", "--", "sh", "-c", "echo task >&2; : > $STRONGROOM_OUTPUT_DIR/x").want(t)
	if !strings.HasPrefix(r.stderr, "strongroom: run "+someRun+" started\n") || !strings.HasSuffix(r.stderr, "strongroom: run "+someRun+" ended: success, exit code 0, 2 outputs, 1 sample\n") {
		t.Errorf("stderr is %s", r.stderr)
	}
	if r := p.run(t, "run", "--quiet", "--", "true").want(t); r.stderr != "" {
		t.Errorf("with --quiet, stderr is %s", r.stderr)
	}
}

func TestASeverityThatIsNotUnderstoodIsShown(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{})
	r := p.run(t, "import", issuesFile(t, "issues.jsonl", `{"title":"odd","severity":"purple"}`+"\n"+`{"title":"bad","severity":"critical"}`), "--task", "t").want(t)
	if !strings.Contains(r.stderr, "line 1: the severity is missing or not understood, so it is 2") {
		t.Errorf("%+v", r)
	}
	viewer := p.as(t, "viewer")
	cloudtest.Eventually(t, "both issues are stored", func() bool { return strings.Count(viewer.run(t, "issues", "ls").stdout, "detected") == 2 })
	list := viewer.run(t, "issues", "ls").want(t).stdout
	if !strings.Contains(list, "  2?  ") || !strings.Contains(list, "  1  ") || !strings.Contains(list, "\n? the task gave no severity that is understood") {
		t.Errorf("the list is\n%s", list)
	}
}
