package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
	"github.com/strongroom-dev/strongroom/shared/run"
)

const importHelp = `Report each issues.jsonl file as one run for each task that its lines name
(taskName). Lines without a taskName are of the task with the file's name. With --task,
all lines are of that task. "-" is stdin. Print how many lines were reported, and list
the rejected lines with the reason. If a line was rejected, or the platform did not
record it, the exit code is 1.

A task whose lines do not fit into one report, for example because they are more than
200, becomes several runs with the same start time. So none of them resolves an issue
that another one reports.

If a line says that its task did not run (taskStatus "SKIP" or "NOT RUN"), the task's
runs get the outcome "error", so that they resolve nothing.

Import the files of a task from the oldest to the newest. A run resolves only issues
whose reports arrived before its own first request.

The run ID is derived from the task's lines and the flags. Importing the
same file again is safe: it is the same run and counts once, even if the file's
modification time has changed.

If an import is interrupted, import the file again to report the rest. The rest has
the outcome "error" if all of these are true:
  - no line has a time of observation
  - --start is not set
  - the file's modification time has changed

Rejected lines set the outcome of all runs of their file to "error", so that their
issues are not mistaken for resolved.

--json prints an object for each run, when it is reported.

The current time is the platform's, even if this machine's clock is wrong. A time in a
line and --start are never changed, and a modification time only if it is less than an
hour old.`

// importOptions are the flags of import.
type importOptions struct {
	id, startTime string
	start         api.Start // without its time, which depends on the file

	outcome           string
	json              bool
	retryFor, backoff time.Duration
}

func importCommand(a *app) *cobra.Command {
	i := importer{app: a}
	o := &i.options
	cmd := &cobra.Command{
		Use:   "import FILE…",
		Short: "Report the issues in files",
		Long:  importHelp,
		Example: `  strongroom import issues.jsonl --task dns-check --slx dns --resource cluster-1
  kubectl logs job/check | grep '^{' | strongroom import - --task dns-check --start 2026-01-02T03:04:05Z`,
		RunE: func(cmd *cobra.Command, paths []string) error {
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return i.importFiles(ctx, paths)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.start.Task, "task", "", "name of the task of all lines (default: the taskName of each line, otherwise the file's name)")
	flags.StringVar(&o.id, "run", "", "run ID, a UUIDv7, for one file of one task that fits into one run (default: derived from the content)")
	addStartFlags(cmd, &o.start)
	flags.StringVar(&o.startTime, "start", "", "start time of the run in RFC 3339 (default: the newest observedAt of the lines, otherwise the file's modification time; for stdin: now)")
	flags.StringVar(&o.outcome, "outcome", string(run.Failure), "outcome of the run: success, failure, error, timeout or canceled")
	flags.BoolVar(&o.json, "json", false, "print a JSON object for each run")
	documentJSON(cmd, importedRun{})
	addRetryFlags(cmd, &o.retryFor, &o.backoff, defaultRetry)
	return cmd
}

// outcomes are the values of the --outcome flags.
var outcomes = []run.Outcome{run.Success, run.Failure, run.Error, run.Timeout, run.Canceled}

func (o *importOptions) check(paths []string) error {
	switch {
	case len(paths) == 0:
		return usageError("no files; for example: strongroom import issues.jsonl --task NAME (use - for stdin)")
	case o.outcome == "":
		return usageError("--outcome must not be empty")
	case o.id != "" && len(paths) > 1:
		return usageError("--run allows only one file, because each file is a run")
	}
	if err := checkOneOf("--outcome", run.Outcome(o.outcome), outcomes...); err != nil {
		return err
	}
	if o.id != "" {
		if err := checkRunID(o.id); err != nil {
			return err
		}
	}
	if o.startTime == "" {
		return nil
	}
	if _, err := time.Parse(time.RFC3339, o.startTime); err != nil {
		return usageError("--start must be a time, for example 2026-01-02T03:04:05Z")
	}
	return nil
}

// importer is one invocation of import.
type importer struct {
	app     *app
	options importOptions
	client  *api.Client
	policy  retry.Policy
}

func (i *importer) importFiles(ctx context.Context, paths []string) (err error) {
	if err := i.options.check(paths); err != nil {
		return err
	}
	if i.client, err = i.app.settings.client(""); err != nil {
		return err
	}
	start := &i.options.start // in the form that the platform stores, so that the IDs of the runs do not depend on another one
	start.Task, start.SLX, start.Resource = run.CanonicalName(start.Task), run.CanonicalName(start.SLX), run.CanonicalName(start.Resource)
	i.policy = retry.Policy{For: i.options.retryFor, First: i.options.backoff}
	rejected := false
	for _, path := range paths {
		file, err := i.readFile(ctx, path)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if err := i.reportFile(ctx, file); err != nil {
			return err
		}
		rejected = rejected || len(file.rejected) > 0 || file.leftOut()
	}
	if rejected {
		return errors.New("some lines were rejected: correct them, and import the whole file as a new run")
	}
	return nil
}

// reportFile reports a file's runs and prints each one.
func (i *importer) reportFile(ctx context.Context, f *importFile) error {
	done, all := 0, f.issues()
	for n := range f.runs {
		r := &f.runs[n]
		if err := i.reportRun(ctx, r); err != nil {
			return fmt.Errorf("%s: %w; %s", f.path, err, importAgain)
		}
		if err := i.print(r); err != nil {
			return err
		}
		done += r.Issues
		if len(f.runs) > 1 {
			i.app.notice("%s: %d of %d issues", f.path, done, all)
		}
	}
	return nil
}

// leftOut reports whether the platform did not record a line of the file.
func (f *importFile) leftOut() bool {
	return slices.ContainsFunc(f.runs, func(r importedRun) bool { return r.LeftOut != nil })
}

func (i *importer) print(r *importedRun) error {
	if i.options.json {
		return i.app.writeJSON(i.app.stdout, r)
	}
	printNotes(func(format string, args ...any) { fmt.Fprintf(i.app.stderr, format+"\n", args...) }, r.File, r.Notes)
	for _, lines := range r.Rejected {
		fmt.Fprintf(i.app.stderr, "strongroom: rejected: %s: %v\n", r.File, lines)
	}
	r.LeftOut.print(func(format string, args ...any) { fmt.Fprintf(i.app.stderr, format+"\n", args...) })
	_, err := fmt.Fprintln(i.app.stdout, r)
	return err
}
