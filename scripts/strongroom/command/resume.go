package command

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/spool"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/task"
)

// exitDied is reported for a task whose runner was killed: nobody saw its end.
const exitDied = -1

func (a *app) resumeCommand() *cobra.Command {
	var t transfer
	cmd := &cobra.Command{
		Use:   "resume [RUN…]",
		Short: "Upload what earlier runs left in the spool",
		Long: `Goes on with the uploads of the runs named, or of all in the spool, that were
interrupted: by a kill, a restart, or a platform that did not answer. Tasks are
not executed again: one whose runner was killed while it ran is reported with
the outcome "error" and exit code -1.`,
		RunE: func(cmd *cobra.Command, runs []string) error {
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return a.resume(ctx, t, runs)
		},
	}
	t.addFlags(cmd)
	return cmd
}

func (a *app) resume(ctx context.Context, t transfer, runs []string) error {
	if err := t.check(); err != nil {
		return err
	}
	dir, err := t.open(a.settings.env)
	if err != nil {
		return err
	}
	named := len(runs) > 0
	if !named {
		if runs, err = dir.Runs(); err != nil {
			return err
		}
	}
	var errs []error
	for _, id := range runs {
		err := a.resumeRun(ctx, t, dir, id)
		if !named && (errors.Is(err, spool.ErrBusy) || errors.Is(err, spool.ErrGone)) {
			continue // it is in other hands, or done
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("run %s: %w", id, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}

func (a *app) resumeRun(ctx context.Context, t transfer, dir spool.Dir, id string) error {
	run, err := dir.Lock(id)
	if err != nil {
		return err
	}
	defer run.Close()
	j := run.Journal()
	if here := a.settings.audience(); here != "" && j.Audience != "" && here != j.Audience {
		return fmt.Errorf("it belongs to %s, the token is for %s", j.Audience, here)
	}
	client, err := a.settings.client(j.Workspace)
	if err != nil {
		return err
	}
	if err := recoverRun(run); err != nil {
		return err
	}
	s := a.begin(ctx, run, client, t, t.policy())
	defer s.cancel(nil)
	if err := s.addPending(); err != nil {
		return err
	}
	if err := s.complete(); err != nil {
		return err
	}
	if !a.settings.quiet {
		fmt.Fprintf(a.stderr, "strongroom: run %s is uploaded\n", id)
	}
	return nil
}

// recoverRun makes a run whole that was left by a killed process.
func recoverRun(run *spool.Run) error {
	if run.Journal().End.IsZero() {
		err := run.Update(func(j *spool.Journal) {
			j.End, j.Outcome, j.ExitCode = endOf(*j), task.Error, exitDied
		})
		if err != nil {
			return err
		}
	}
	return run.Recover()
}
