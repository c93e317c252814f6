package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/clock"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/files"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/spool"
	"github.com/strongroom-dev/strongroom/shared/outputname"
)

const runHelp = `Execute a command as one run of a task. The command's output goes to the terminal and
to the spool on this machine's disk. It is uploaded to the tenant's bucket part by
part while the command runs.

Files that the command writes to $STRONGROOM_OUTPUT_DIR become outputs too. The run's
ID is $STRONGROOM_RUN. The command does not inherit the terminal as its standard
input.

` + filesHelp + `

` + findingsHelp + `

The exit code is the command's, or:
  128+N  signal N ended the command
  124    --timeout ended the command
  127    the command does not exist
  126    the command cannot be executed
  125    the command was not executed
An unreachable platform does not change the exit code. Output that could not be
uploaded stays in the spool until "strongroom resume" uploads it.

If the runner is killed while the command runs, "strongroom resume" uploads the
output so far, and reports the outcome "error" and exit code -1.`

// runOptions are the flags of run.
type runOptions struct {
	transfer
	id                string
	start             api.Start
	rules             ruleFlags
	output, outputDir string
	split, wait, json bool
	flush, timeout    time.Duration
	grace, patience   time.Duration
	samples           []string
}

// taskRun is one invocation of run.
type taskRun struct {
	app     *app
	options runOptions
	signals <-chan os.Signal
}

func runCommand(a *app) *cobra.Command {
	r := taskRun{app: a}
	cmd := &cobra.Command{
		Use:   "run [flags] -- COMMAND ARG…",
		Short: "Execute a task and store its output",
		Long:  runHelp,
		Example: `  strongroom run --task dns-check -- ./check-dns.sh example.com
  strongroom run --task dns-check --slx dns --resource cluster-1 -- \
    sh -c 'echo "{\"severity\":2,\"title\":\"DNS is slow\"}" > $STRONGROOM_OUTPUT_DIR/issues.jsonl'`,
		RunE: func(cmd *cobra.Command, argv []string) error {
			return r.run(cmd.Context(), argv)
		},
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return &exitError{exitNotRun, fmt.Errorf("%w; see strongroom run --help", err)}
	})
	r.options.addFlags(cmd)
	return cmd
}

func (o *runOptions) addFlags(cmd *cobra.Command) {
	o.transfer.addFlags(cmd)
	flags := cmd.Flags()
	flags.SetInterspersed(false)
	flags.StringVar(&o.start.Task, "task", "", "name of the task (default: the command's file name)")
	flags.StringVar(&o.id, "run", "", "run ID, a UUIDv7 (default: a new ID)")
	addStartFlags(cmd, &o.start)
	o.rules.addFlags(cmd)
	addSampleFlag(cmd, &o.samples)
	flags.StringVar(&o.output, "output", "stdout.log", "name of the output with the command's stdout and stderr")
	flags.StringVar(&o.outputDir, "output-dir", "", "directory whose files become outputs (default: a directory in the spool)")
	flags.BoolVar(&o.split, "split", false, "store stderr separately, as stderr.log")
	flags.BoolVar(&o.wait, "wait", false, "after the task ends, keep retrying for --retry-for if the platform is unreachable")
	flags.BoolVar(&o.json, "json", false, "print a JSON summary as the last line of stderr")
	documentJSON(cmd, summary{})
	flags.DurationVar(&o.flush, "flush-interval", 2*time.Second, "upload what the command has written after this long; the time doubles with each upload, up to 1m, unless somebody follows the output")
	flags.DurationVar(&o.timeout, "timeout", 0, "end the command after this long (default no timeout)")
	flags.DurationVar(&o.grace, "grace", 10*time.Second, "time between the signal that ends the command and SIGKILL")
	flags.DurationVar(&o.patience, "patience", 15*time.Second, "how long to keep retrying an unreachable platform after the task ends (ignored with --wait), and how long the task waits for uploads to free a full spool disk")
}

// addStartFlags adds the flags that the commands run, upload and import have in
// common: what the start of a run records, except the task.
func addStartFlags(cmd *cobra.Command, start *api.Start) {
	flags := cmd.Flags()
	flags.StringVar(&start.SLX, "slx", "", "service-level experience of the task")
	flags.StringVar(&start.Resource, "resource", "", "resource that the task checks")
}

// run executes the command. It returns an *exitError with the task's exit code.
func (r *taskRun) run(ctx context.Context, argv []string) error {
	client, dir, spooled, err := r.prepare(argv)
	if err != nil {
		return &exitError{exitNotRun, err}
	}
	defer spooled.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	signals := newRunSignals(cancel)
	defer signals.stop()
	r.signals = signals.task
	r.app.notice("run %s started", spooled.Journal().Run)
	if address, err := r.app.settings.consolePage("runs", spooled.Journal().Run); err == nil {
		r.app.notice("see %s", address)
	}

	taskEnded := make(chan struct{})
	policy := r.options.policy()
	policy.Shorten, policy.ShortFor = taskEnded, r.options.patience
	s := r.app.startSession(ctx, spooled, client, r.options.transfer, policy)
	s.spaceWait = max(r.options.patience, 1)
	code, err := r.execute(ctx, s, argv)
	signals.taskEnded()
	if !r.options.wait {
		close(taskEnded)
	}
	if err == nil {
		err = s.complete()
	}
	return r.finish(s, dir, code, err)
}

// prepare does everything that can fail before there is a run.
func (r *taskRun) prepare(argv []string) (*api.Client, spool.Dir, *spool.Run, error) {
	o := &r.options
	if err := o.check(argv); err != nil {
		return nil, spool.Dir{}, nil, err
	}
	client, err := r.app.settings.client("")
	if err != nil {
		return nil, spool.Dir{}, nil, err
	}
	dir, err := o.open(r.app.settings.env)
	if err != nil {
		return nil, dir, nil, err
	}
	o.start.Task = cmp.Or(o.start.Task, filepath.Base(argv[0]))
	journal, err := r.app.newJournal(o.id, o.start)
	if err != nil {
		return nil, dir, nil, err
	}
	journal.Samples, journal.Include, journal.Exclude = o.samples, o.rules.include, o.rules.exclude
	for _, name := range o.streams() {
		journal.Outputs = append(journal.Outputs, spool.Output{Name: name, ContentType: files.ContentType(name)})
	}
	spooled, err := dir.Create(journal, o.outputDir)
	return client, dir, spooled, err
}

func (o *runOptions) check(argv []string) error {
	if len(argv) == 0 {
		return errors.New("no command; for example: strongroom run -- ./check.sh")
	}
	name, err := outputname.Encode(o.output)
	if err := errors.Join(err, checkOutputName(o.output)); err != nil {
		return fmt.Errorf("--output: %w", err)
	}
	o.output = name
	if _, err := o.rules.parse(); err != nil {
		return err
	}
	if o.split && o.output == stderrLog {
		return fmt.Errorf("--output: with --split, %s is the name of the stderr output", stderrLog)
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

// streams returns the names of the outputs that the command itself writes.
func (o *runOptions) streams() []string {
	if o.split {
		return []string{o.output, stderrLog}
	}
	return []string{o.output}
}

// newJournal returns the journal of a run that starts now. If id is empty, the
// run gets a new ID.
func (a *app) newJournal(id string, start api.Start) (spool.Journal, error) {
	workspace, err := a.settings.workspaceID()
	if err != nil {
		return spool.Journal{}, err
	}
	if id, err = newRunID(id); err != nil {
		return spool.Journal{}, err
	}
	start.Start = truncateToMillis(a.settings.clock.Now())
	return spool.Journal{
		Run: id, Workspace: string(workspace), Audience: a.settings.audience(),
		Start: start, Started: clock.ReadUptime(),
	}, nil
}

// newRunID returns given if it is a valid ID, or a new ID if it is empty.
func newRunID(given string) (string, error) {
	if given != "" {
		return given, checkRunID(given)
	}
	id, err := uuid.NewV7()
	return id.String(), err
}
