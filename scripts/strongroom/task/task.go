// Package task executes a command, and says how it ended.
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
)

// The outcomes of a run.
const (
	Success  = "success"
	Failure  = "failure"  // the command ran, and found something wrong
	Error    = "error"    // the command could not run, or its runner died
	Timeout  = "timeout"  // it took too long
	Canceled = "canceled" // somebody ended it
)

// Exit codes that the command itself does not choose, as in POSIX shells and
// timeout(1).
const (
	ExitTimeout       = 124
	ExitNotExecutable = 126
	ExitNotFound      = 127
	exitSignal        = 128 // plus the signal's number
)

// linger is how long output is awaited that something the command left behind
// may still write.
const linger = 10 * time.Second

// Spec is a command and its surroundings.
type Spec struct {
	Argv    []string
	Env     []string // NAME=value
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer        // the same as Stdout: both arrive in the order they were written
	Timeout time.Duration    // zero: none
	Grace   time.Duration    // between a signal and SIGKILL
	Signals <-chan os.Signal // forwarded to the command and all it started
}

// Result is how a command ended.
type Result struct {
	Outcome  string
	ExitCode int   // of the command; 124 for a timeout, 126 and 127 if it could not be started, 128+N for signal N
	Err      error // why it could not be started, or its output not read to the end
}

// Run executes the command in a process group of its own and waits for it. The
// end of ctx cancels it as SIGTERM would.
func Run(ctx context.Context, spec Spec) Result {
	cmd := exec.Command(spec.Argv[0], spec.Argv[1:]...)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = spec.Env, spec.Stdin, spec.Stdout, spec.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = linger
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
	return Result{Outcome: Error, ExitCode: code, Err: fmt.Errorf("start the command: %w", err)}
}

// supervise waits for the end; outcome is empty unless it was brought about
// from here.
func supervise(ctx context.Context, spec Spec, group int, ended <-chan error) (outcome string, err error) {
	timeout := after(spec.Timeout)
	canceled := ctx.Done()
	var kill <-chan time.Time
	end := func(why string, sig syscall.Signal) {
		if outcome == "" {
			outcome, kill = why, after(max(spec.Grace, 1))
		}
		_ = syscall.Kill(-group, sig)
	}
	for {
		select {
		case err := <-ended:
			return outcome, err
		case <-timeout:
			end(Timeout, syscall.SIGTERM)
		case <-canceled:
			canceled = nil
			end(Canceled, syscall.SIGTERM)
		case sig := <-spec.Signals:
			if s, ok := sig.(syscall.Signal); ok {
				end(Canceled, s)
			}
		case <-kill:
			_ = syscall.Kill(-group, syscall.SIGKILL)
		}
	}
}

// after is time.After, and never for zero.
func after(d time.Duration) <-chan time.Time {
	if d <= 0 {
		return nil
	}
	return time.After(d)
}

func result(outcome string, err error, state *os.ProcessState) Result {
	r := Result{Outcome: outcome, ExitCode: exitCode(state)}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		r.Err = fmt.Errorf("read the command's output: %w", err)
	}
	switch {
	case outcome == Timeout:
		r.ExitCode = ExitTimeout
	case outcome == Canceled:
	case r.ExitCode == 0:
		r.Outcome = Success
	default:
		r.Outcome = Failure
	}
	return r
}

func exitCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return exitSignal + int(status.Signal())
	}
	return state.ExitCode()
}
