package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/task"
)

const importHelp = `Reports each file, an issues.jsonl, as one run, and says which of its lines were
taken and which were not, with the reason; the exit code is 1 if any was not. "-"
is stdin. What no report can carry at once, above all more than 200 lines, becomes
several runs of one start, so that none takes what another found for resolved.

The id of a run is made of the file's content, its task and what the other flags
say: a file that is imported again is the same run, and counts once, whatever its
time is by then.
If an import broke off, import the file again: the rest is reported. Where the
lines do not say when they were observed, nor --start, and the file's time is
another than before, that rest has the outcome "error".

Lines that are not taken make the outcome "error", of all runs of their file:
their issues shall not be taken for resolved.

--json prints an object for each run, as soon as it is reported: file, run, task,
outcome, issues (how many were taken), before (true if it was imported before)
and, with a file's first run, rejected (the lines that were not taken). If the file
became several runs, part counts them from 1, and parts says how many they are.`

// importOptions are the flags of import.
type importOptions struct {
	id, task, slx, resource, outcome, start string
	json                                    bool
	retryFor, backoff                       time.Duration
}

func (a *app) importCommand() *cobra.Command {
	var o importOptions
	cmd := &cobra.Command{
		Use:   "import FILE…",
		Short: "Report the issues in files",
		Long:  importHelp,
		Example: `  strongroom import issues.jsonl --task dns-check --slx dns --resource cluster-1
  kubectl logs job/check | grep '^{' | strongroom import - --task dns-check --start 2026-01-02T03:04:05Z`,
		RunE: func(cmd *cobra.Command, paths []string) error {
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return a.importFiles(ctx, o, paths)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.task, "task", "", "name of the task (default: the taskName that all lines have, else the file's name)")
	flags.StringVar(&o.id, "run", "", "id of the run, a UUIDv7, for one file of one run (default: made of what is imported)")
	flags.StringVar(&o.slx, "slx", "", "service-level experience that the task belongs to")
	flags.StringVar(&o.resource, "resource", "", "resource that the task looked at")
	flags.StringVar(&o.start, "start", "", "when the run began, in RFC 3339 (default: the newest observedAt of the lines, else when the file was changed last; of stdin: now)")
	flags.StringVar(&o.outcome, "outcome", task.Failure, "success, failure, error, timeout or canceled")
	flags.BoolVar(&o.json, "json", false, "print a JSON object for each run")
	flags.DurationVar(&o.retryFor, "retry-for", readFor, "how long to try again what fails for reasons that may pass")
	flags.DurationVar(&o.backoff, "backoff", 250*time.Millisecond, "first pause before trying again; it doubles up to 30s")
	return cmd
}

var outcomes = []string{task.Success, task.Failure, task.Error, task.Timeout, task.Canceled}

func (o *importOptions) check(paths []string) error {
	switch {
	case len(paths) == 0:
		return usage("no files: give some, or - for stdin, as in: strongroom import issues.jsonl --task NAME")
	case !slices.Contains(outcomes, o.outcome):
		return usage("--outcome is one of %s", strings.Join(outcomes, ", "))
	case o.id != "" && len(paths) > 1:
		return usage("--run is for one file: each file is a run")
	}
	if o.id != "" {
		if _, err := runID(o.id); err != nil {
			return err
		}
	}
	if o.start == "" {
		return nil
	}
	if _, err := time.Parse(time.RFC3339, o.start); err != nil {
		return usage("--start takes a time as 2026-01-02T03:04:05Z")
	}
	return nil
}

func (a *app) importFiles(ctx context.Context, o importOptions, paths []string) error {
	if err := o.check(paths); err != nil {
		return err
	}
	client, err := a.settings.client("")
	if err != nil {
		return err
	}
	policy := retry.Policy{For: o.retryFor, First: o.backoff}
	refused := false
	for _, path := range paths {
		file, err := a.readImport(o, path)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if err := a.sendImport(ctx, o, file, sender{client: client, policy: policy}); err != nil {
			return err
		}
		refused = refused || len(file.rejected) > 0
	}
	if refused {
		return errors.New("some lines were not taken: mend them, and import them with the others as another run")
	}
	return nil
}

// sendImport reports a file's runs, and tells of each as soon as that is done.
func (a *app) sendImport(ctx context.Context, o importOptions, f *imported, to sender) error {
	done, all := 0, f.issues()
	for i := range f.runs {
		r := &f.runs[i]
		if err := to.send(ctx, f, r); err != nil {
			return fmt.Errorf("%s: %w; what was reported stays so: import it again, it counts once", f.path, err)
		}
		if err := a.showImport(o, r); err != nil {
			return err
		}
		done += r.Issues
		if len(f.runs) > 1 && !a.settings.quiet {
			fmt.Fprintf(a.stderr, "strongroom: %s: %d of %d issues\n", f.path, done, all)
		}
	}
	return nil
}

func (a *app) showImport(o importOptions, r *importedRun) error {
	if o.json {
		return writeJSON(a.stdout, r)
	}
	for _, u := range r.Rejected {
		fmt.Fprintf(a.stderr, "strongroom: not taken: %s: %v\n", r.File, u)
	}
	_, err := fmt.Fprintln(a.stdout, r)
	return err
}
