package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/spool"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// exitUnknown is the exit code in the report of a run whose end was not observed.
const exitUnknown = -1

func resumeCommand(a *app) *cobra.Command {
	var t transfer
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "resume [RUN…]",
		Short: "Continue interrupted uploads",
		Long: `Continue the uploads of the given runs, or of all runs in the spool. An upload is
interrupted if the program is killed, the machine restarts or the platform does not
respond. If a run fails, its error is printed, and the other runs continue.

The platform accepts a run only from the identity that began it, so use a token of
the same issuer and subject, unless the tenant lets its runners share runs.

Tasks are not executed again. If a runner was killed while its task was running, the
run is reported with the outcome "error" and exit code -1.`,
		RunE: func(cmd *cobra.Command, runs []string) error {
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return a.resume(ctx, t, runs, asJSON)
		},
	}
	t.addFlags(cmd)
	completeArgs(a, cmd, completeSpooled(&t))
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON summary of each run to stdout, as run --json does")
	documentJSON(cmd, summary{})
	return cmd
}

func (a *app) resume(ctx context.Context, t transfer, runs []string, asJSON bool) error {
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
	for i, text := range runs {
		if runs[i], err = resolveSpooled(dir, text); err != nil {
			return err
		}
	}
	failed := 0
	for _, id := range runs {
		err := a.resumeRun(ctx, t, dir, id, asJSON)
		if !named && (errors.Is(err, spool.ErrBusy) || errors.Is(err, spool.ErrGone)) {
			continue // another process uploads it or has uploaded it
		}
		if err != nil {
			failed++
			fmt.Fprintf(a.stderr, "strongroom: run %s: %v\n", id, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d runs are not completely uploaded; to list them: strongroom spool ls --spool %s", failed, len(runs), dir.Path())
	}
	return nil
}

func (a *app) resumeRun(ctx context.Context, t transfer, dir spool.Dir, id string, asJSON bool) error {
	spooled, err := dir.Lock(id)
	if err != nil {
		return err
	}
	defer spooled.Close()
	j := spooled.Journal()
	if audience := a.settings.audience(); audience != "" && j.Audience != "" && audience != j.Audience {
		return fmt.Errorf("the run belongs to %s, but the token is for %s", j.Audience, audience)
	}
	client, err := a.settings.client(j.Workspace)
	if err != nil {
		return err
	}
	if err := recoverRun(spooled, a.settings.clock.Now()); err != nil {
		return err
	}
	s := a.startSession(ctx, spooled, client, t, t.policy())
	defer s.cancel(nil)
	if err := s.addPending(); err != nil {
		return err
	}
	err = s.complete()
	if asJSON {
		if jsonErr := a.writeJSON(a.stdout, s.summarize(spooled.Journal(), err)); jsonErr != nil {
			return errors.Join(err, jsonErr)
		}
	}
	if err != nil {
		return fmt.Errorf("%w\nstrongroom: %s", err, nextStep(spooled, dir, err))
	}
	if lost := spooled.Journal().Lost(); lost > 0 {
		a.notice("run %s is uploaded, without %d bytes that were cut", id, lost)
		return nil
	}
	a.notice("run %s is uploaded", id)
	return nil
}

// recoverRun repairs a run whose process was killed.
func recoverRun(spooled *spool.Run, now time.Time) error {
	if spooled.Journal().End.IsZero() {
		err := spooled.Update(func(j *spool.Journal) {
			j.End, j.Outcome, j.ExitCode = endTime(*j, now), run.Error, exitUnknown
		})
		if err != nil {
			return err
		}
	}
	return spooled.Recover()
}
