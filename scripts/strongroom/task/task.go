// Package task executes a command and returns how it ended.
package task

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/strongroom-dev/strongroom/shared/run"
)

// Exit codes that the command itself does not return. POSIX shells and
// timeout(1) use the same codes.
const (
	ExitTimeout       = 124
	ExitNotExecutable = 126
	ExitNotFound      = 127
	exitSignal        = 128 // plus the signal's number
)

// outputDelay is how long Run waits after the command's exit for the output of
// processes that the command started.
const outputDelay = 10 * time.Second

// Spec is a command and how to execute it.
type Spec struct {
	Argv    []string
	Env     []string // NAME=value
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer        // if it equals Stdout, the order of writes is kept
	Timeout time.Duration    // zero: no timeout
	Grace   time.Duration    // between a signal and SIGKILL
	Signals <-chan os.Signal // the first one is forwarded to the command's process group; the second one sends SIGKILL
}

// Result is how a command ended.
type Result struct {
	Outcome  run.Outcome
	ExitCode int   // the command's; 124 after a timeout, 126 or 127 if the command could not be started, 128+N after signal N
	Err      error // why the command could not be started, or why its output could not be read to the end
}

// Run executes the command in its own process group and waits for it. When ctx
// ends, Run sends SIGTERM to the command.
func Run(ctx context.Context, spec Spec) Result {
	cmd := exec.Command(spec.Argv[0], spec.Argv[1:]...)
	cmd.Env, cmd.Stdin = spec.Env, spec.Stdin
	cmd.Stdout = copied(spec.Stdout)
	if cmd.Stderr = cmd.Stdout; spec.Stderr != spec.Stdout {
		cmd.Stderr = copied(spec.Stderr)
	}
	ownGroup(cmd)
	cmd.WaitDelay = outputDelay
	if err := cmd.Start(); err != nil {
		return notStarted(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	outcome, err := supervise(ctx, spec, cmd.Process.Pid, ended)
	return result(outcome, err, cmd.ProcessState)
}

func notStarted(err error) Result {
	code := ExitNotExecutable
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		code = ExitNotFound
	}
	return Result{Outcome: run.Error, ExitCode: code, Err: fmt.Errorf("start the command: %w", err)}
}

// supervise waits until the command ends. The outcome is empty unless supervise
// ended the command.
func supervise(ctx context.Context, spec Spec, group int, ended <-chan error) (outcome run.Outcome, err error) {
	timeout := after(spec.Timeout)
	canceled := ctx.Done()
	var kill <-chan time.Time
	signaled := false
	end := func(why run.Outcome, sig syscall.Signal) {
		if outcome == "" {
			outcome, kill = why, after(max(spec.Grace, 1))
		}
		signalGroup(group, sig)
	}
	for {
		select {
		case err := <-ended:
			return outcome, err
		case <-timeout:
			end(run.Timeout, syscall.SIGTERM)
		case <-canceled:
			canceled = nil
			end(run.Canceled, syscall.SIGTERM)
		case sig := <-spec.Signals:
			s, ok := sig.(syscall.Signal)
			if signaled {
				s = syscall.SIGKILL
			}
			if ok {
				end(run.Canceled, s)
				signaled = true
			}
		case <-kill:
			signalGroup(group, syscall.SIGKILL)
		}
	}
}

// after is time.After, but never fires for zero.
func after(d time.Duration) <-chan time.Time {
	if d <= 0 {
		return nil
	}
	return time.After(d)
}

func result(outcome run.Outcome, err error, state *os.ProcessState) Result {
	r := Result{Outcome: outcome, ExitCode: exitCode(state)}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		r.Err = fmt.Errorf("read the command's output: %w", err)
	}
	switch {
	case outcome == run.Timeout:
		r.ExitCode = ExitTimeout
	case outcome == run.Canceled:
	case r.ExitCode == 0:
		r.Outcome = run.Success
	default:
		r.Outcome = run.Failure
	}
	return r
}

func exitCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return exitSignal + int(status.Signal())
	}
	return state.ExitCode()
}
