package command_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// onSmallDisk puts the spool on a disk of some MiB. The kernel decides when it is
// full.
func (p *program) onSmallDisk(t *testing.T, mebibytes int) {
	t.Helper()
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, fmt.Sprintf("size=%dm,mode=0700", mebibytes)); err != nil {
		t.Skipf("this user cannot mount a disk: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	p.spool = filepath.Join(disk, "spool")
	p.env["STRONGROOM_SPOOL"] = p.spool
}

// fill leaves no space on the spool's disk, except for kibibytes.
func (p *program) fill(t *testing.T, kibibytes int) (path string) {
	t.Helper()
	path = filepath.Join(filepath.Dir(p.spool), "ballast")
	var stat syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(p.spool), &stat); err != nil {
		t.Fatal(err)
	}
	free := int64(stat.Bfree)*stat.Bsize - int64(kibibytes)<<10
	if err := os.WriteFile(path, make([]byte, max(free, 0)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// closedBucket makes each upload fail until it is opened.
func closedBucket(open *atomic.Bool) faults.HTTPConfig {
	return faults.HTTPConfig{Fault: func(r *http.Request) faults.Fault {
		if r.URL.Query().Has("X-Goog-Signature") && !open.Load() {
			return faults.Unavailable
		}
		return faults.None
	}}
}

// writeMuch is a task that writes $1 lines of 1 KiB, and fails.
const writeMuch = `line=$(printf '%01023d' 0); i=0; while [ $i -lt $1 ]; do echo $line; i=$((i+1)); done; exit 3`

func TestATaskThatWritesMoreThanTheDiskHoldsLosesNothing(t *testing.T) {
	t.Parallel()
	for _, size := range []int{3, 6} {
		t.Run(fmt.Sprintf("%d MiB", size), func(t *testing.T) {
			t.Parallel()
			p := newProgram(t, faults.HTTPConfig{})
			p.onSmallDisk(t, size)
			r := p.run(t, "run", "--quiet", "--", "sh", "-c", writeMuch, "sh", "12000")
			if r.code != 3 || r.stderr != "" {
				t.Errorf("%+v", r)
			}
			run := p.oneRun(t)
			p.tenant.Cloud.Drain(t)
			if got := p.as(t, "viewer").run(t, "outputs", "cat", run, "stdout.log"); got.code != 0 || got.stdout != r.stdout+strings.Repeat(strings.Repeat("0", 1023)+"\n", 12000) {
				t.Errorf("%d bytes arrived: %s", len(got.stdout), got.stderr)
			}
			if report := p.recorded(t, run); report.Outcome != "failure" || exitCode(report) != 3 {
				t.Errorf("reported %+v", report)
			}
		})
	}
}

func TestOutputThatAFullDiskCutIsNeverComplete(t *testing.T) {
	t.Parallel()
	for _, size := range []int{3, 6} {
		t.Run(fmt.Sprintf("%d MiB", size), func(t *testing.T) {
			t.Parallel()
			var open atomic.Bool
			p := newProgram(t, closedBucket(&open))
			p.onSmallDisk(t, size)
			r := p.run(t, "run", "--quiet", "--json", "--patience", "20ms", "--backoff", "5ms", "--", "sh", "-c", writeMuch, "sh", "9000")
			if r.code != 3 || strings.Contains(r.stderr, "no data is lost") || !strings.Contains(r.stderr, "data is lost: stdout.log was cut") || !strings.Contains(r.stderr, `"state":"cut"`) {
				t.Errorf("%+v", r)
			}
			p.fill(t, 0)
			open.Store(true)
			if r := p.run(t, "resume"); r.code != 0 || !strings.Contains(r.stderr, "that were cut") {
				t.Errorf("resume: %+v", r)
			}
			p.tenant.Cloud.Drain(t)
			run := p.oneRun(t)
			got := p.outputs(t, run)["stdout.log"]
			if got.State != api.Incomplete || got.Size == 0 || got.Size >= 9000<<10 {
				t.Errorf("stdout.log is %+v", got)
			}
			if report := p.recorded(t, run); report.Outcome != "failure" || exitCode(report) != 3 {
				t.Errorf("reported %+v", report)
			}
			if left := p.runsSpooled(t); len(left) > 0 {
				t.Errorf("the spool still has %v", left)
			}
		})
	}
}

func TestFilesThatFillTheDiskAreUploaded(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{})
	p.onSmallDisk(t, 3)
	r := p.run(t, "run", "--quiet", "--", "sh", "-c", `head -c 2500000 /dev/zero > $STRONGROOM_OUTPUT_DIR/big.bin; echo '{"title":"DNS is slow","severity":2}' > $STRONGROOM_OUTPUT_DIR/issues.jsonl; echo done`)
	if r.code != 0 || r.stderr != "" {
		t.Fatalf("%+v", r)
	}
	run := p.oneRun(t)
	if got := p.content(t, run, "big.bin"); len(got) != 2500000 {
		t.Errorf("%d bytes arrived", len(got))
	}
	if lines := p.issueLines(t, run); len(lines) != 1 {
		t.Errorf("issues: %v", lines)
	}
}

func TestATaskIsNotExecutedOnADiskThatIsFull(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{})
	p.onSmallDisk(t, 3)
	p.fill(t, 64)
	r := p.run(t, "run", "--", "echo", "executed")
	if r.code != 125 || r.stdout != "" || !strings.Contains(r.stderr, "no space left on device") {
		t.Errorf("%+v", r)
	}
	if left := p.runsSpooled(t); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
