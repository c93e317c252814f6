package command_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
)

// TestARunThatIsRefusedDoesNotStopTheOthers has a run in the spool whose ID
// another run of the platform has.
func TestARunThatIsRefusedDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{})
	id := cloudtest.NewRun(t)
	p.run(t, "run", "--run", id, "--task", "first", "--quiet", "--", "echo", "first").want(t)
	r := p.run(t, "run", "--run", id, "--task", "second", "--", "echo", "second")
	if r.code != 0 || !strings.Contains(r.stderr, "409") || !strings.Contains(r.stderr, "the run ID "+id+" is in use") ||
		!strings.Contains(r.stderr, "strongroom spool discard --spool "+p.spool+" "+id) || strings.Contains(r.stderr, "strongroom resume") {
		t.Errorf("%+v", r)
	}
	url := p.env["STRONGROOM_URL"]
	p.env["STRONGROOM_URL"] = "http://127.0.0.1:1"
	p.run(t, "run", "--task", "third", "--patience", "0s", "--quiet", "--", "echo", "third")
	p.env["STRONGROOM_URL"] = url
	if r := p.run(t, "run", "--run", id, "--", "echo", "again"); r.code != 125 || !strings.Contains(r.stderr, "the run ID is in use") {
		t.Errorf("an ID of the spool: %+v", r)
	}
	list := decode[struct {
		Runs []struct{ Run, Task, State, Problem string }
	}](t, p, "spool", "ls", "--json")
	if len(list.Runs) != 2 || list.Runs[0].State != "refused" || list.Runs[0].Task != "second" || list.Runs[1].State != "pending" {
		t.Errorf("%+v", list)
	}
	if r := p.run(t, "resume"); r.code != 1 || !strings.Contains(r.stderr, "run "+id+": record the run's start: 409") || !strings.Contains(r.stderr, "1 of 2 runs") {
		t.Errorf("resume: %+v", r)
	}
	if left := p.runsSpooled(t); len(left) != 1 || left[0] != id {
		t.Errorf("the spool has %v", left)
	}
	if r := p.run(t, "spool", "show", id).want(t); !strings.Contains(r.stdout, "refused") || !strings.Contains(r.stdout, "stdout.log") {
		t.Errorf("%+v", r)
	}
	p.run(t, "spool", "discard", id).want(t)
	if left := p.spooled(t); len(left) > 0 {
		t.Errorf("the spool still has %v", left)
	}
	if got := p.content(t, id, "stdout.log"); got != "first\n" {
		t.Errorf("the first run has %q", got)
	}
}

func TestADamagedRunCanBeDiscarded(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{})
	id := cloudtest.NewRun(t)
	writeFile(t, filepath.Join(p.spool, id, "run.json"), "{")
	if r := p.run(t, "spool", "ls").want(t); !strings.Contains(r.stdout, "damaged") {
		t.Errorf("%+v", r)
	}
	p.run(t, "spool", "discard", id).want(t)
	if entries, err := os.ReadDir(p.spool); err != nil || len(entries) > 0 {
		t.Errorf("%v %v", entries, err)
	}
	for name, args := range map[string][]string{"of a run that is gone": {"show", id}, "that is no ID": {"discard", "../x"}, "of nothing": {"discard"}} {
		if r := p.run(t, append([]string{"spool"}, args...)...); r.code == 0 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestFindingsDoNotWaitForOutputs(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"while an upload is retried": {"--wait"},
		"after an upload has failed": {"--patience", "20ms"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var open atomic.Bool
			p := newProgram(t, closedBucket(&open))
			done := make(chan result, 1)
			all := append([]string{"run", "--quiet", "--backoff", "2ms"}, args...)
			go func() {
				done <- p.run(t, append(all, "--", "sh", "-c", `echo '{"title":"DNS is slow"}' > $STRONGROOM_OUTPUT_DIR/issues.jsonl; echo out`)...)
			}()
			cloudtest.Eventually(t, "the findings are reported", func() bool {
				runs := p.runs(t)
				return len(runs) == 1 && p.recorded(t, runs[0]).Issues == 1
			})
			run := p.oneRun(t)
			if got := p.outputs(t, run)["stdout.log"].State; got == "complete" {
				t.Errorf("the output is %s", got)
			}
			open.Store(true)
			if r := <-done; r.code != 0 {
				t.Errorf("%+v", r)
			}
			p.run(t, "resume").want(t)
			if got := p.content(t, run, "stdout.log"); got != "out\n" {
				t.Errorf("stdout.log is %q", got)
			}
		})
	}
}
