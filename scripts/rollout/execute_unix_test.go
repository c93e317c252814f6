//go:build unix

package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// executeVariable has the script that a process of this test executes.
const executeVariable = "STRONGROOM_TEST_EXECUTE"

// TestATerminatedRolloutInterruptsItsCommand terminates a process, which passes an interrupt on to
// its command, so that the command ends in order.
func TestATerminatedRolloutInterruptsItsCommand(t *testing.T) {
	t.Parallel()
	if script := os.Getenv(executeVariable); script != "" {
		_ = execute([]string{"sh", "-c", script})
		os.Exit(0)
	}
	rollout := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	rollout.Env = append(os.Environ(), executeVariable+`=trap 'echo saved; exit 0' INT; echo ready; read -r line`)
	input, err := rollout.StdinPipe() // the script waits for a line
	if err != nil {
		t.Fatal(err)
	}
	output, err := rollout.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := rollout.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(output)
	if line, err := lines.ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("the command printed %q: %v", line, err)
	}
	if err := rollout.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(lines)
	if err != nil || !strings.HasPrefix(string(rest), "saved\n") {
		t.Errorf("the command printed %q: %v", rest, err)
	}
	_ = input.Close()
	if err := rollout.Wait(); err != nil {
		t.Error(err)
	}
}
