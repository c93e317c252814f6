package task_test

import (
	"bytes"
	"context"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/task"
)

// slowReader stops after its first bytes until the task has written everything.
type slowReader struct {
	bytes.Buffer
	written chan struct{}
	late    bool
}

func (r *slowReader) Write(p []byte) (int, error) {
	if r.late { // the test has failed: do not wait again for each of the many small writes
		return r.Buffer.Write(p)
	}
	select {
	case <-r.written:
	case <-time.After(20 * time.Second):
		r.late = true
	}
	return r.Buffer.Write(p)
}

// closer closes a channel when the task writes to it.
type closer struct{ written chan struct{} }

func (c closer) Write(p []byte) (int, error) {
	close(c.written)
	return len(p), nil
}

// A task continues while its output waits: for a disk, for example.
func TestATaskWritesAheadOfItsReader(t *testing.T) {
	t.Parallel()
	if !canEnlarge(t) {
		t.Skip("this user may not have pipes of 1 MiB")
	}
	written := make(chan struct{})
	out := &slowReader{written: written}
	const size = 1 << 20
	result := task.Run(context.Background(), task.Spec{
		Argv: []string{"sh", "-c", "head -c 1048576 /dev/zero; echo done >&2"}, Env: os.Environ(), Stdout: out, Stderr: closer{written},
	})
	if result.Err != nil || result.ExitCode != 0 || out.Len() != size {
		t.Fatalf("%+v, %d bytes", result, out.Len())
	}
	if out.late {
		t.Error("the task waited for its reader")
	}
}

func canEnlarge(t *testing.T) bool {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	defer r.Close()
	size, err := unix.FcntlInt(r.Fd(), unix.F_SETPIPE_SZ, 1<<20)
	return err == nil && size == 1<<20
}

func TestAStreamThatIsBothKeepsTheOrderOfWrites(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	result := task.Run(context.Background(), task.Spec{
		Argv: []string{"sh", "-c", "echo 1; echo 2 >&2; echo 3; echo 4 >&2"}, Env: os.Environ(), Stdout: &out, Stderr: &out,
	})
	if got := out.String(); result.Err != nil || got != "1\n2\n3\n4\n" {
		t.Errorf("%+v, %q", result, got)
	}
}
