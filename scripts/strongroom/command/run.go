package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/files"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/spool"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/task"
)

const runHelp = `Executes a command as one run of a task. Its output goes through to the terminal,
into the spool on this machine's disk, and, part by part while the command runs,
into the tenant's bucket. Files that the command leaves in $STRONGROOM_OUTPUT_DIR
become outputs too; its run has the id $STRONGROOM_RUN. A terminal is not given
to it as its input.

` + findingsHelp + `

The exit code is the command's: 128+N after signal N, 124 after --timeout, 127 if
there is no such command, 126 if it cannot be executed, 125 if it was not tried.
A platform that cannot be reached changes none of this: what could not be
uploaded stays in the spool, and "strongroom resume" uploads it.

A run whose runner is killed while the command runs is reported, once resumed,
with the outcome "error", exit code -1, and the output up to there.`

// runOptions are the flags of run.
type runOptions struct {
	transfer
	id, task, slx, resource string
	output, outputDir       string
	split, wait, json       bool
	flush, timeout          time.Duration
	grace, patience         time.Duration
	samples                 []string
}

func (a *app) runCommand() *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run [flags] -- COMMAND ARG…",
		Short: "Execute a task and keep its output",
		Long:  runHelp,
		Example: `  strongroom run --task dns-check -- ./check-dns.sh example.com
  strongroom run --task dns-check --slx dns --resource cluster-1 -- \
    sh -c 'echo "{\"severity\":2,\"title\":\"DNS is slow\"}" > $STRONGROOM_OUTPUT_DIR/issues.jsonl'`,
		RunE: func(cmd *cobra.Command, argv []string) error {
			return a.run(cmd.Context(), o, argv)
		},
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return &exitError{exitNotRun, fmt.Errorf("%w; see strongroom run --help", err)}
	})
	o.addFlags(cmd)
	flags := cmd.Flags()
	flags.SetInterspersed(false)
	flags.StringVar(&o.task, "task", "", "name of the task (default: the command's file name)")
	flags.StringVar(&o.id, "run", "", "id of the run, a UUIDv7 (default: a new one)")
	flags.StringVar(&o.slx, "slx", "", "service-level experience that the task belongs to")
	flags.StringVar(&o.resource, "resource", "", "resource that the task looks at")
	addSampleFlag(cmd, &o.samples)
	flags.StringVar(&o.output, "output", "stdout.log", "name of the output that the command writes to stdout and stderr")
	flags.StringVar(&o.outputDir, "output-dir", "", "directory whose files become outputs (default: one in the spool)")
	flags.BoolVar(&o.split, "split", false, "keep stderr apart, as stderr.log")
	flags.BoolVar(&o.wait, "wait", false, "after the task, keep trying for --retry-for to reach the platform")
	flags.BoolVar(&o.json, "json", false, "print a JSON summary as the last line of stderr")
	flags.DurationVar(&o.flush, "flush-interval", 2*time.Second, "cut a part after so long without growth (at five times that in any case), so that it can be read while the task runs")
	flags.DurationVar(&o.timeout, "timeout", 0, "end the command after so long (default: never)")
	flags.DurationVar(&o.grace, "grace", 10*time.Second, "between the signal that ends the command and SIGKILL")
	flags.DurationVar(&o.patience, "patience", 15*time.Second, "after the task, how long to try a platform that does not answer, unless --wait")
	return cmd
}

// run ends with an *exitError that has the task's exit code.
func (a *app) run(ctx context.Context, o runOptions, argv []string) error {
	client, dir, spooled, err := a.prepare(&o, argv)
	if err != nil {
		return &exitError{exitNotRun, err}
	}
	defer spooled.Close()
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	hurry := make(chan struct{})
	policy := o.policy()
	policy.Shorten, policy.ShortFor = hurry, o.patience
	s := a.begin(ctx, spooled, client, o.transfer, policy)
	code, err := a.execute(ctx, s, o, argv, signals)
	if !o.wait {
		close(hurry)
	}
	if err == nil {
		defer cancelOn(signals, cancel)() // the task is over: the next signal ends the upload
		err = s.complete()
	}
	return a.conclude(s, o, dir, code, err)
}

// prepare does what can go wrong before there is a run.
func (a *app) prepare(o *runOptions, argv []string) (*api.Client, spool.Dir, *spool.Run, error) {
	if err := o.check(argv); err != nil {
		return nil, spool.Dir{}, nil, err
	}
	client, err := a.settings.client("")
	if err != nil {
		return nil, spool.Dir{}, nil, err
	}
	dir, err := o.open(a.settings.env)
	if err != nil {
		return nil, dir, nil, err
	}
	journal, err := a.newJournal(o.id, first(o.task, filepath.Base(argv[0])))
	if err != nil {
		return nil, dir, nil, err
	}
	journal.SLX, journal.Resource, journal.Samples = o.slx, o.resource, o.samples
	for _, name := range o.streams() {
		journal.Outputs = append(journal.Outputs, spool.Output{Name: name, ContentType: files.ContentType(name)})
	}
	run, err := dir.Create(journal, o.outputDir)
	return client, dir, run, err
}

func (o *runOptions) check(argv []string) error {
	if len(argv) == 0 {
		return errors.New("no command: give one after --, as in: strongroom run -- ./check.sh")
	}
	for _, name := range o.streams() {
		if err := errors.Join(files.CheckName(name), checkOutputName(name)); err != nil {
			return fmt.Errorf("--output: %w", err)
		}
	}
	if o.split && o.output == stderrLog {
		return fmt.Errorf("--output: %s is stderr's name with --split", stderrLog)
	}
	if o.outputDir != "" {
		path, err := filepath.Abs(o.outputDir)
		if err != nil {
			return fmt.Errorf("--output-dir: %w", err)
		}
		if err := os.MkdirAll(path, 0o700); err != nil {
			return fmt.Errorf("--output-dir: %w", err)
		}
		o.outputDir = path
	}
	return errors.Join(o.transfer.check(), checkSamples(o.samples))
}

const stderrLog = "stderr.log"

// streams names the outputs that the command writes itself.
func (o *runOptions) streams() []string {
	if o.split {
		return []string{o.output, stderrLog}
	}
	return []string{o.output}
}

// newJournal begins a run that begins now.
func (a *app) newJournal(id, taskName string) (spool.Journal, error) {
	workspace, err := a.settings.workspaceID()
	if err != nil {
		return spool.Journal{}, err
	}
	if id, err = runID(id); err != nil {
		return spool.Journal{}, err
	}
	return spool.Journal{
		Run: id, Workspace: string(workspace), Audience: a.settings.audience(),
		Task: taskName, Start: time.Now().UTC().Truncate(time.Millisecond),
	}, nil
}

func runID(given string) (string, error) {
	if given == "" {
		id, err := uuid.NewV7()
		return id.String(), err
	}
	id, err := uuid.Parse(given)
	if err != nil || id.Version() != 7 || id.String() != given {
		return "", usage("%q is not the id of a run, which is a UUIDv7 in lower case", given)
	}
	return given, nil
}

// execute runs the command and gives its exit code. All it wrote, and how it
// ended, is in the spool afterwards; an error says that it is not.
func (a *app) execute(ctx context.Context, s *session, o runOptions, argv []string, signals <-chan os.Signal) (int, error) {
	var tees []*tee
	outs := []io.Writer{a.stdout, a.stderr}
	for i, name := range o.streams() {
		w, err := s.run.Write(name, spool.CutRule{PartSize: o.partSize, Interval: o.flush}, s.add)
		if err != nil {
			return exitNotRun, err
		}
		tees = append(tees, &tee{spool: w, through: outs[i]})
		if a.settings.quiet {
			tees[i].through = nil
		}
	}
	broken := make(chan os.Signal, 1)
	signal.Notify(broken, syscall.SIGPIPE) // a reader of our output that goes away does not end the task
	defer signal.Stop(broken)
	result := task.Run(ctx, task.Spec{
		Argv: argv, Env: a.taskEnv(s.run), Stdin: a.taskInput(),
		Stdout: tees[0], Stderr: tees[len(tees)-1],
		Timeout: o.timeout, Grace: o.grace, Signals: signals,
	})
	if result.Err != nil {
		s.meter.Printf("strongroom: %v", result.Err)
	}
	return result.ExitCode, s.ended(result, tees)
}

// ended notes the task's end before anything else is done.
func (s *session) ended(result task.Result, tees []*tee) error {
	err := s.run.Update(func(j *spool.Journal) {
		j.End, j.Outcome, j.ExitCode = endOf(*j), result.Outcome, result.ExitCode
	})
	if err != nil {
		return err
	}
	for _, t := range tees {
		if lost := errors.Join(t.lost, t.spool.Close()); lost != nil {
			s.meter.Printf("strongroom: output is missing after this: %v", lost)
			err = s.run.Update(func(j *spool.Journal) { j.Outcome = task.Error })
		}
	}
	return err
}

// endOf is now; a clock that was set back meanwhile makes no run end before it
// began.
func endOf(j spool.Journal) time.Time {
	now := time.Now().UTC().Truncate(time.Millisecond)
	if now.Before(j.Start) {
		return j.Start
	}
	return now
}

// tee spools what a task writes, then passes it through. What goes wrong with
// either does not disturb the task.
type tee struct {
	spool   *spool.Writer
	through io.Writer // nil: not passed through
	lost    error     // why the rest was not spooled
}

func (t *tee) Write(p []byte) (int, error) {
	if t.lost == nil {
		_, t.lost = t.spool.Write(p)
	}
	if t.through != nil {
		if _, err := t.through.Write(p); err != nil {
			t.through = nil
		}
	}
	return len(p), nil
}

// taskEnv is this process's environment without the platform's credentials.
func (a *app) taskEnv(run *spool.Run) []string {
	var env []string
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if name != envToken && name != envTokenFile {
			env = append(env, variable)
		}
	}
	j := run.Journal()
	return append(env, "STRONGROOM_RUN="+j.Run, "STRONGROOM_OUTPUT_DIR="+j.Collect)
}

// taskInput is ours, but a terminal: reading from it would stop the task, which
// has a process group of its own.
func (a *app) taskInput() io.Reader {
	file, ok := a.stdin.(*os.File)
	if !ok || term.IsTerminal(int(file.Fd())) {
		return nil
	}
	return file
}

// conclude says what became of the upload, and ends as the task did.
func (a *app) conclude(s *session, o runOptions, dir spool.Dir, code int, err error) error {
	j := s.run.Journal()
	if err != nil {
		s.meter.Printf("strongroom: WARNING: the output of run %s is not uploaded completely: %v", j.Run, err)
		s.meter.Printf("strongroom: %s", resumeHint(j.Run, dir))
	}
	if o.json {
		if err := writeJSON(a.stderr, s.summarize(j, err)); err != nil {
			return err
		}
	}
	if code == 0 {
		return nil
	}
	return &exitError{code: code}
}
