package command_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
)

// TestRunnerKilledMidTask kills the runner while its task writes. All spooled
// bytes are uploaded, which are the start of what the task wrote. The run is
// reported as one whose end was not observed.
func TestRunnerKilledMidTask(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"early", "later", "late"} {
		delay := map[string]time.Duration{"early": 0, "later": 30 * time.Millisecond, "late": 90 * time.Millisecond}[name]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t, faults.HTTPConfig{})
			pidFile := filepath.Join(t.TempDir(), "pid")
			cmd := p.process(t, "run", "--quiet", "--part-size", "500", "--flush-interval", "5ms", "--backoff", "5ms", "--",
				"sh", "-c", "echo $$ > "+pidFile+"; i=0; while i=$((i+1)); do echo line $i || exit; done")
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			cloudtest.Eventually(t, "the task writes", func() bool { return p.hasOutput(t) })
			time.Sleep(delay)
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			spooled := p.arriving(t)
			if r := p.run(t, "resume", "--backoff", "5ms"); r.code != 0 {
				t.Fatalf("%+v", r)
			}
			run := p.oneRun(t)
			got := p.content(t, run, "stdout.log")
			if !strings.HasPrefix(numbers(strings.Count(got, "\n")+1), got) || len(got) < spooled {
				t.Errorf("%d bytes arrived, %d were spooled; they end with %q", len(got), spooled, got[max(0, len(got)-30):])
			}
			if report := p.recorded(t, run); report.Outcome != "error" || exitCode(report) != -1 {
				t.Errorf("reported %+v", report)
			}
		})
	}
}

// arriving counts the bytes in the bucket or in the spool. A part may be in both,
// so it counts parts in the spool only if they are not stored.
func (p *program) arriving(t *testing.T) int {
	t.Helper()
	total := 0
	if runs := p.runs(t); len(runs) == 1 {
		output := p.outputs(t, runs[0])["stdout.log"]
		total = int(output.Size)
		for path, part := range p.spooled(t) {
			var number int
			if _, err := fmt.Sscanf(filepath.Base(path), "%05d", &number); err == nil && number > output.StoredParts {
				total += len(part)
			}
		}
	}
	return total
}

// TestRunnerKilledMidTaskKeepsTheLastByte kills the runner while its task is
// idle, with bytes in a part that is not full.
func TestRunnerKilledMidTaskKeepsTheLastByte(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{})
	gate := newGate(t)
	text := numbers(150)
	cmd := p.process(t, "run", "--quiet", "--part-size", "500", "--flush-interval", "1h", "--",
		"sh", "-c", `exec 3<"$2"; printf %s "$1"; echo {} > $STRONGROOM_OUTPUT_DIR/left.json; read -r _ <&3`, "sh", text, gate.path)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	open := fmt.Sprintf("/parts/stdout.log/%05d.open", len(text)/500+1)
	cloudtest.Eventually(t, "everything is spooled", func() bool {
		spooled, left := 0, false
		for path, content := range p.spooled(t) {
			left = left || strings.HasSuffix(path, "/files/left.json") && content != ""
			if strings.HasSuffix(path, open) {
				spooled = len(content)
			}
		}
		return left && spooled == len(text)%500
	})
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if r := p.run(t, "resume"); r.code != 0 {
		t.Fatalf("%+v", r)
	}
	p.compare(t, p.oneRun(t), map[string]string{"stdout.log": text, "left.json": "{}\n"})
}

func TestASignalCancelsTheTaskAndItsOutputIsUploaded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		signal syscall.Signal
		task   string
		code   int
	}{
		"a task that an interrupt ends":  {syscall.SIGINT, "echo begun; exec sleep 60", 130},
		"a task that a termination ends": {syscall.SIGTERM, "echo begun; exec sleep 60", 143},
		"a task that handles the signal": {syscall.SIGTERM, "trap 'exit 9' TERM; echo begun; while :; do sleep 0.01; done", 9},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t, faults.HTTPConfig{})
			cmd := p.process(t, "run", "--quiet", "--", "sh", "-c", c.task)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			cloudtest.Eventually(t, "the task writes", func() bool { return p.hasOutput(t) })
			_ = cmd.Process.Signal(c.signal)
			_ = cmd.Wait()
			run := p.oneRun(t)
			report := p.recorded(t, run)
			if report.Outcome != "canceled" || exitCode(report) != c.code || cmd.ProcessState.ExitCode() != c.code {
				t.Errorf("ended with %v, reported %+v", cmd.ProcessState, report)
			}
			if got := p.content(t, run, "stdout.log"); !strings.HasPrefix(got, "begun\n") {
				t.Errorf("stdout.log is %q", got)
			}
		})
	}
}
