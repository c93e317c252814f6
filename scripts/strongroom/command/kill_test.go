package command_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/platformtest"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/spool"
)

// kills is how often TestKilledRunnerLosesNothing kills the program.
const kills = 50

// maxDelay bounds the time from the program's start to its death: about as long
// as it needs to end by itself.
const maxDelay = 120 * time.Millisecond

// TestKilledRunnerLosesNothing kills uploads at random points, and resumes
// them, until every output has arrived: whole, and each part of it once.
func TestKilledRunnerLosesNothing(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	early, late, uploads := 0, 0, 0
	for ; early+late < kills; uploads++ {
		e, l := uploadUnderFire(t, random, kills-early-late)
		early, late = early+e, late+l
	}
	t.Logf("%d uploads: killed %d times before they were spooled, %d times after", uploads, early, late)
}

// uploadUnderFire uploads a few files, killed again and again, at most budget
// times, and gives how often before and after there was a spooled run.
func uploadUnderFire(t *testing.T, random *rand.Rand, budget int) (early, late int) {
	t.Helper()
	p := newPlace(t, platformtest.Config{Fault: slowly, Custody: 5 * time.Millisecond})
	dir := t.TempDir()
	want := map[string]string{}
	for i, size := range []int{0, 1, 40_000, 90_000} {
		name := fmt.Sprintf("file%d.bin", i)
		want[name] = noise(random, size)
		writeFile(t, filepath.Join(dir, name), want[name])
	}
	writeFile(t, filepath.Join(dir, "issues.jsonl"), oddLine+"\n"+plainLine+"\n")
	common := []string{"--part-size", "8000", "--backoff", "5ms", "--quiet"}
	begin := append([]string{"upload", dir, "--task", "t"}, common...)
	resume := append([]string{"resume"}, common...)
	args := begin
	for {
		delay := time.Hour
		if early+late < budget {
			delay = time.Duration(random.Int64N(int64(maxDelay)))
		}
		killed := runAndKill(t, p.program(t, args...), delay)
		p.noSecretsSpooled(t)
		left := p.runsSpooled(t)
		began := len(left) > 0 || len(p.server.Runs()) > 0
		switch {
		case killed && began:
			late++
		case killed:
			early++
		}
		if len(left) > 0 {
			args = resume // from here on nothing else may be needed
		} else if began {
			p.compare(t, want, api.IssueLine{Line: oddLine}, api.IssueLine{Line: plainLine})
			return early, late
		}
	}
}

// compare says where the only run's outputs and issues differ.
func (p *place) compare(t *testing.T, want map[string]string, issues ...api.IssueLine) {
	t.Helper()
	run := p.server.OneRun(t)
	if diff := cmp.Diff(issues, p.server.Report(run).Issues); diff != "" {
		t.Errorf("issues (-want +got):\n%s", diff)
	}
	if got := p.server.Outputs(run); len(got) != len(want) {
		t.Fatalf("there are %d outputs, not %d: %v", len(got), len(want), got)
	}
	for name, content := range want {
		if got := p.content(t, run, name); sha256.Sum256([]byte(got)) != sha256.Sum256([]byte(content)) {
			t.Errorf("%s: %d bytes arrived, not the %d that were sent", name, len(got), len(content))
		}
	}
}

func (p *place) runsSpooled(t *testing.T) []string {
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

// slowly gives a kill time to come between two requests.
func slowly(*http.Request) platformtest.Fault {
	time.Sleep(time.Millisecond)
	return platformtest.None
}

func noise(random *rand.Rand, size int) string {
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	return string(data)
}

// runAndKill kills with SIGKILL after delay. It reports false if the program
// was faster; then it must have succeeded.
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

func (p *place) hasOutput(t *testing.T) bool {
	t.Helper()
	for path, content := range p.spooled(t) {
		if strings.Contains(path, "/stdout.log/") && content != "" {
			return true
		}
	}
	return false
}

func TestResumeLeavesOthersWorkAlone(t *testing.T) {
	t.Parallel()
	p := newPlace(t, platformtest.Config{})
	gate := filepath.Join(t.TempDir(), "gate")
	done := make(chan result, 1)
	go func() {
		done <- p.run(t, "run", "--quiet", "--", "sh", "-c", "echo begun; while [ ! -e "+gate+" ]; do sleep 0.01; done")
	}()
	eventually(t, "the task writes", func() bool { return p.hasOutput(t) })
	run := p.runsSpooled(t)[0]
	if r := p.run(t, "resume"); r.code != 0 || r.stderr != "" {
		t.Errorf("resume of all: %+v", r)
	}
	if r := p.run(t, "resume", run); r.code != 1 || !strings.Contains(r.stderr, "another process works on this run") {
		t.Errorf("resume of that one: %+v", r)
	}
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := <-done; r.code != 0 {
		t.Errorf("%+v", r)
	}
}
