package command_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/spool"
)

// kills is how often each case of TestKilledRunnerLosesNothing kills the program.
const kills = 50

// maxDelay bounds the time from the program's start to its death: about as long
// as the program runs if it is not killed.
const maxDelay = 360 * time.Millisecond

// TestKilledRunnerLosesNothing kills uploads at random times, and resumes them,
// until every output is complete, and each part is stored once.
func TestKilledRunnerLosesNothing(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]faults.HTTPConfig{
		"on a fast network": {},
		"on a slow network": {Fault: slowly},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seed := uint64(time.Now().UnixNano())
			t.Logf("seed %d", seed)
			random := rand.New(rand.NewPCG(seed, 0))
			tenant := cloudtest.Shared(t).Tenant(t)
			early, late, uploads := 0, 0, 0
			for ; early+late < kills; uploads++ {
				p := programOf(t, tenant, "runner").proxied(t, config)
				e, l := p.uploadUnderFire(t, random, kills-early-late)
				early, late = early+e, late+l
			}
			t.Logf("%d uploads: killed %d times before they were spooled, %d times after", uploads, early, late)
		})
	}
}

// uploadUnderFire uploads files in one run, killed at most budget times. It
// returns how often it was killed before and after there was a spooled run.
func (p *program) uploadUnderFire(t *testing.T, random *rand.Rand, budget int) (early, late int) {
	t.Helper()
	id, dir, want := cloudtest.NewRun(t), t.TempDir(), map[string]string{}
	for i, size := range []int{0, 1, 40_000, 90_000} {
		name := fmt.Sprintf("file%d.bin", i)
		want[name] = noise(random, size)
		writeFile(t, filepath.Join(dir, name), want[name])
	}
	writeFile(t, filepath.Join(dir, "issues.jsonl"), oddLine+"\n\n"+plainLine)
	common := []string{"--part-size", "8000", "--backoff", "5ms", "--quiet"}
	args := append([]string{"upload", dir, "--task", "t", "--run", id}, common...)
	for {
		delay := time.Hour
		if early+late < budget {
			delay = time.Duration(random.Int64N(int64(maxDelay)))
		}
		killed := runAndKill(t, p.process(t, args...), delay)
		p.checkSpool(t)
		isSpooled := len(p.runsSpooled(t)) > 0
		// An upload that was killed and left nothing in the spool had either not
		// started or was complete.
		started := isSpooled || p.read(t, "/runs/"+id).Status == http.StatusOK
		switch {
		case killed && started:
			late++
		case killed:
			early++
		}
		if isSpooled {
			args = append([]string{"resume"}, common...) // the files are not needed any more
		} else if started {
			p.compare(t, id, want, oddLine, plainLine)
			return early, late
		}
	}
}

// compare compares a run's outputs and issues. A part cannot be stored twice,
// because the bucket's objects are never replaced.
func (p *program) compare(t *testing.T, id string, want map[string]string, issues ...string) {
	t.Helper()
	if diff := cmp.Diff(issues, p.issueLines(t, id)); diff != "" {
		t.Errorf("issues (-want +got):\n%s", diff)
	}
	if got := p.outputs(t, id); len(got) != len(want) {
		t.Fatalf("there are %d outputs, not %d: %v", len(got), len(want), got)
	}
	for name, content := range want {
		if got := p.content(t, id, name); sha256.Sum256([]byte(got)) != sha256.Sum256([]byte(content)) {
			t.Errorf("%s: %d bytes are stored, not the %d that were sent", name, len(got), len(content))
		}
	}
}

func (p *program) runsSpooled(t *testing.T) []string {
	t.Helper()
	dir, err := spool.Open(p.spool)
	if err != nil {
		t.Fatal(err)
	}
	runs, err := dir.Runs()
	if err != nil {
		t.Fatal(err)
	}
	return runs
}

// slowly delays each request, so that a kill can come between two requests.
func slowly(*http.Request) faults.Fault {
	time.Sleep(time.Millisecond)
	return faults.None
}

func noise(random *rand.Rand, size int) string {
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	return string(data)
}

// runAndKill kills with SIGKILL after delay. It returns false if the program was
// faster; then it must have succeeded.
func runAndKill(t *testing.T, cmd *exec.Cmd, delay time.Duration) bool {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(delay, func() { _ = cmd.Process.Kill() })
	err := cmd.Wait()
	if timer.Stop() || err == nil {
		if err != nil {
			t.Fatalf("%v: %s", err, out.String())
		}
		return false
	}
	return true
}

func (p *program) hasOutput(t *testing.T) bool {
	t.Helper()
	for path, content := range p.spooled(t) {
		if strings.Contains(path, "/stdout.log/") && content != "" {
			return true
		}
	}
	return false
}

func TestResumeSkipsRunsOfOtherProcesses(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{})
	gate := newGate(t)
	done := make(chan result, 1)
	go func() {
		done <- p.run(t, "run", "--quiet", "--", "sh", "-c", "exec 3<"+gate.path+"; echo begun; ! read -r _ <&3")
	}()
	cloudtest.Eventually(t, "the task writes", func() bool { return p.hasOutput(t) })
	id := p.runsSpooled(t)[0]
	if r := p.run(t, "resume"); r.code != 0 || r.stderr != "" {
		t.Errorf("resume all runs: %+v", r)
	}
	if r := p.run(t, "resume", id); r.code != 1 || !strings.Contains(r.stderr, "another process is using this run") {
		t.Errorf("resume that run: %+v", r)
	}
	gate.open()
	if r := <-done; r.code != 0 {
		t.Errorf("%+v", r)
	}
}
