// Package command is the command line of strongroom: its commands, flags and
// exit codes.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/itchyny/gojq"
	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/clock"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/credential"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
)

// app is one invocation of the program.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	settings       settings
	filter         *gojq.Code // of --jq; nil: --jq is not set
	paging         bool       // stdout is the input of the pager
	args           []string   // of the program; nil: all commands are needed
}

// Program is the whole program: it hides the token from the tasks that it will
// execute, runs Main and returns the exit code.
func Program(ctx context.Context) int {
	env, err := credential.Hide()
	if err != nil {
		fmt.Fprintln(os.Stderr, "strongroom:", err)
		return exitNotRun
	}
	return Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, env)
}

// Main runs the program with args, which do not include the program's name, and
// returns its exit code. Settings that are not in args come from env.
func Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, env func(string) string) int {
	args = append([]string{}, args...) // never nil: for cobra, nil means os.Args
	a := &app{args: args, stdin: stdin, stdout: stdout, stderr: stderr, settings: settings{env: env, clock: clock.New(), stderr: stderr}}
	a.settings.receipts = &receipts{print: a.printReceipt}
	root := rootCommand(a)
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	printf := func(format string, args ...any) { fmt.Fprintf(stderr, format+"\n", args...) }
	return a.exitCode(root.ExecuteContext(retry.WithReporter(ctx, a.reporter(printf))))
}

// parserNoise is what package strconv adds to the error of a flag's value.
var parserNoise = lazyregexp.New(`strconv\.\w+: parsing "[^"]*": |time: `)

func rootCommand(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:           "strongroom",
		Short:         "Run tasks, store their output and findings, and read them back",
		Long:          "Run tasks, store their output and findings, and read them back.\n\n" + exitCodesHelp,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.Version = readVersion().String()
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		text := parserNoise.ReplaceAllString(err.Error(), "")
		return usageError("%s; see %s --help", text, cmd.CommandPath())
	})
	a.settings.addFlags(root)
	root.AddCommand(runCommand(a), resumeCommand(a), spoolCommand(a), uploadCommand(a), importCommand(a),
		runsCommand(a), outputsCommand(a), issuesCommand(a), slisCommand(a), assistantCommand(a),
		catalogCommand(a), configCommand(a), gitCredentialCommand(a), consentsCommand(a), modelsCommand(a), dataMapCommand(a), auditCommand(a), exportsCommand(a), tenantCommand(a), tenantsCommand(a), replayCommand(a),
		loginCommand(a), logoutCommand(a), whoamiCommand(a), profilesCommand(a), apiCommand(a), tokenCommand(a), versionCommand(a))
	completeFlagBy(a, root, "profile", completeProfiles)
	finishCommands(a, root)
	return root
}

// addSubcommands adds the subcommands of a group below the root, unless no argument of the
// program is the group's name: then nothing can need them, and most of the time that the
// program takes to start is that for making them.
func (a *app) addSubcommands(group *cobra.Command, subcommands func() []*cobra.Command) {
	group.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() } // so that help lists the group without them
	if a.args == nil || slices.Contains(a.args, group.Name()) {
		group.AddCommand(subcommands()...)
	}
}

// exitError ends the program with an exit code. If err is not nil, the program
// prints it.
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

// usageError is an error in the arguments or settings.
func usageError(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

func (a *app) exitCode(err error) int {
	if err == nil {
		return 0
	}
	exit := &exitError{code: exitCodeOf(err), err: err}
	errors.As(err, &exit)
	if exit.err != nil {
		fmt.Fprintln(a.stderr, "strongroom:", exit.err)
	}
	return exit.code
}

// notice prints a line to stderr, unless --quiet is set.
func (a *app) notice(format string, args ...any) {
	if !a.settings.quiet {
		fmt.Fprintf(a.stderr, "strongroom: "+format+"\n", args...)
	}
}

// writeJSON prints a result as one line of JSON. An object also has the receipts of
// the requests since the last result.
func (a *app) writeJSON(w io.Writer, result any) error {
	data, err := a.settings.receipts.addTo(result)
	if err != nil {
		return err
	}
	_, err = a.jsonTo(w).Write(append(data, '\n'))
	return err
}

// errInterrupted is the cause of a context that a signal ended.
var errInterrupted = errors.New("interrupted")

// interruptible returns a context that ends on SIGINT or SIGTERM. A second signal ends
// the program at once.
func interruptible(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	stop := cancelOnSignal(signals, cancel)
	return ctx, func() {
		signal.Stop(signals)
		stop()
		cancel(nil)
	}
}

// cancelOnSignal calls cancel at the next signal, until stop is called. The signal after
// that ends the program.
func cancelOnSignal(signals <-chan os.Signal, cancel context.CancelCauseFunc) (stop func()) {
	stopped := make(chan struct{})
	go func() {
		for canceled := false; ; canceled = true {
			select {
			case sig := <-signals:
				if canceled {
					os.Exit(signalCode(sig))
				}
				cancel(errInterrupted)
			case <-stopped:
				return
			}
		}
	}()
	return func() { close(stopped) }
}

// signalCode is the exit code of a program that a signal ended, as shells return it.
func signalCode(sig os.Signal) int {
	number, _ := sig.(syscall.Signal)
	return 128 + int(number)
}
