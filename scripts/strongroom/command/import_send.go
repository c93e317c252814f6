package command

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
)

// sender reports the runs of files.
type sender struct {
	client *api.Client
	policy retry.Policy
}

// send reports a run. If an earlier import told another start, that one stands,
// and nobody here knows it: it is not after now, so the end is now. That import
// may have broken off. It began with the first run, so the rest begins later and
// must not take what the first found for resolved: it begins now, and decides
// nothing.
func (s sender) send(ctx context.Context, f *imported, r *importedRun) error {
	start, end := f.start, f.start.Start
	if f.late {
		start.Start = inMillis(time.Now())
		end = start.Start
	}
	err := s.policy.Do(ctx, func(ctx context.Context) error { return s.client.Start(ctx, r.Run, start) })
	if f.repeated && isConflict(err) {
		f.late, end, err = true, inMillis(time.Now()), nil
	}
	if err != nil {
		return err
	}
	outcome := r.Outcome
	if f.late && r.Part > 1 {
		outcome = incomplete(outcome)
	}
	report := api.Report{End: end, Outcome: outcome, ExitCode: exitDied, Outputs: []api.Claim{}, Issues: r.lines}
	err = s.policy.Do(ctx, func(ctx context.Context) error { return s.client.Report(ctx, r.Run, report) })
	if r.Before = f.repeated && isConflict(err); r.Before {
		return nil
	}
	r.Outcome = outcome
	return err
}

// isConflict reports whether the platform knows the run otherwise.
func isConflict(err error) bool {
	var problem *api.Problem
	return errors.As(err, &problem) && problem.Status == http.StatusConflict
}
