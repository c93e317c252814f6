package command

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/clock"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// measureClock compares this machine's clock with the platform's, once, and says so
// if it is off.
func (i *importer) measureClock(ctx context.Context) error {
	if i.app.settings.clock.Measured() {
		return nil
	}
	if err := i.policy.Do(ctx, i.client.MeasureClock); err != nil {
		return fmt.Errorf("%w; %s", err, importAgain)
	}
	if offset := i.app.settings.clock.Offset(); offset != 0 {
		fmt.Fprintf(i.app.stderr, "strongroom: %s: the current time, and the times of files that were written in the last hour, are corrected\n", clock.Describe(offset))
	}
	return nil
}

// importAgain is the advice after a failed import.
const importAgain = "to continue, import the file again: each run counts once"

// reportRun reports one run of a file.
//
// The platform answers 409 if an earlier import of the same content recorded
// another start. That start stays, and this process does not know it. It is not
// in the future, so "now" is a valid end. The earlier import may have reported
// only some runs, the first one first. So the remaining runs start later than the
// first one, and must not resolve what it reported: they start now and are
// inconclusive.
func (i *importer) reportRun(ctx context.Context, r *importedRun) error {
	t := r.task
	start, end := t.start, t.start.Start
	if t.resumed {
		start.Start = truncateToMillis(i.app.settings.clock.PlatformNow())
		end = start.Start
	}
	var recorded api.Run
	err := i.policy.Do(ctx, func(ctx context.Context) (err error) {
		recorded, err = i.client.Start(ctx, r.Run, start)
		return err
	})
	r.markBefore(recorded.State == run.Ended)
	if t.derivedID && isConflict(err) {
		t.resumed, end, err = true, truncateToMillis(i.app.settings.clock.PlatformNow()), nil
	}
	if err != nil {
		return err
	}
	outcome := r.Outcome
	if t.resumed && r.Part > 1 {
		outcome = inconclusive(outcome)
	}
	report := api.Report{End: end, Outcome: outcome, ExitCode: exitUnknown, Outputs: []api.Claim{}, Issues: r.lines}
	var left api.LeftOut
	err = i.policy.Do(ctx, func(ctx context.Context) (err error) {
		left, err = i.client.Report(ctx, r.Run, report)
		return err
	})
	r.LeftOut = r.LeftOut.add(r.Run, left, report)
	if t.derivedID && isConflict(err) {
		r.markBefore(true)
		return nil
	}
	r.Outcome = outcome
	return err
}

// markBefore records whether an earlier import reported the run.
func (r *importedRun) markBefore(before bool) {
	r.Before, r.AlreadyImported = before, before
}

// isConflict reports whether the platform has recorded the run with different
// values.
func isConflict(err error) bool {
	var problem *api.Problem
	return errors.As(err, &problem) && problem.Status == http.StatusConflict
}
