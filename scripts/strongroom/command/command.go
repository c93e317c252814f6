// Package command is the command line of strongroom: its commands, flags and
// exit codes.
package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes of the program itself. `run` ends with its task's instead, and
// with exitNotRun when it came to no task.
const (
	exitFailed = 1
	exitUsage  = 2
	exitNotRun = 125
)

// app is one call of the program.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	settings       settings
}

// Main runs the program with args, without the program's own name, and gives
// its exit code. Settings that are not among args come from env.
func Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, env func(string) string) int {
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr, settings: settings{env: env}}
	root := a.root()
	root.SetArgs(append([]string{}, args...)) // never nil: that would mean os.Args
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return a.exitCode(root.ExecuteContext(ctx))
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "strongroom",
		Short:         "Run tasks, keep what they put out and found in the tenant's strongroom, and read it",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &exitError{exitUsage, fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())}
	})
	a.settings.addFlags(root)
	root.AddCommand(a.runCommand(), a.resumeCommand(), a.uploadCommand(), a.importCommand(),
		a.runsCommand(), a.outputsCommand(), a.issuesCommand(), a.slisCommand(), a.assistantCommand(),
		a.catalogCommand(), a.replayCommand(), a.tokenCommand(), a.versionCommand())
	return root
}

// exitError ends the program with a code, and says why unless err is nil.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func usage(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

func (a *app) exitCode(err error) int {
	if err == nil {
		return 0
	}
	exit := &exitError{code: exitFailed, err: err}
	errors.As(err, &exit)
	if exit.err != nil {
		fmt.Fprintln(a.stderr, "strongroom:", exit.err)
	}
	return exit.code
}

func writeJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

// errInterrupted is why work stopped that the user interrupted.
var errInterrupted = errors.New("interrupted")

// interruptible gives a context that SIGINT and SIGTERM end.
func interruptible(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	stop := cancelOn(signals, cancel)
	return ctx, func() {
		signal.Stop(signals)
		stop()
		cancel(nil)
	}
}

// cancelOn cancels at the next signal, until stop is called.
func cancelOn(signals <-chan os.Signal, cancel context.CancelCauseFunc) (stop func()) {
	over := make(chan struct{})
	go func() {
		select {
		case <-signals:
			cancel(errInterrupted)
		case <-over:
		}
	}()
	return func() { close(over) }
}
