package command

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// reportRun reports one run of a file.
//
// The platform answers 409 if an earlier import of the same content recorded
// another start. That start stays, and this process does not know it. It is not
// in the future, so "now" is a valid end. The earlier import may have reported
// only some runs, the first one first. So the remaining runs start later than the
// first one, and must not resolve what it reported: they start now and are
// inconclusive.
func (i *importer) reportRun(ctx context.Context, f *importFile, r *importedRun) error {
	start, end := f.start, f.start.Start
	if f.resumed {
		start.Start = truncateToMillis(time.Now())
		end = start.Start
	}
	err := i.policy.Do(ctx, func(ctx context.Context) error { return i.client.Start(ctx, r.Run, start) })
	if f.derivedID && isConflict(err) {
		f.resumed, end, err = true, truncateToMillis(time.Now()), nil
	}
	if err != nil {
		return err
	}
	outcome := r.Outcome
	if f.resumed && r.Part > 1 {
		outcome = inconclusive(outcome)
	}
	report := api.Report{End: end, Outcome: outcome, ExitCode: exitUnknown, Outputs: []api.Claim{}, Issues: r.lines}
	var left api.LeftOut
	err = i.policy.Do(ctx, func(ctx context.Context) (err error) {
		left, err = i.client.Report(ctx, r.Run, report)
		return err
	})
	printLeftOut(func(format string, args ...any) { fmt.Fprintf(i.app.stderr, format+"\n", args...) }, r.Run, left)
	if r.AlreadyImported = f.derivedID && isConflict(err); r.AlreadyImported {
		return nil
	}
	r.Outcome = outcome
	return err
}

// isConflict reports whether the platform has recorded the run with different
// values.
func isConflict(err error) bool {
	var problem *api.Problem
	return errors.As(err, &problem) && problem.Status == http.StatusConflict
}
