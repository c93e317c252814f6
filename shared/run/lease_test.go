package run_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/shared/run"
)

func TestACallRenewsTheLease(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	full := now.Add(run.Lease)
	for name, c := range map[string]struct{ before, after run.Run }{
		"of a new run": {run.Run{State: run.Running}, run.Run{State: run.Running, LeaseExpires: full}},
		"of a run whose runner called an interval ago": {
			run.Run{State: run.Running, LeaseExpires: full.Add(-run.HeartbeatInterval)}, run.Run{State: run.Running, LeaseExpires: full},
		},
		"but not if the runner called less than an interval ago": {
			run.Run{State: run.Running, LeaseExpires: full.Add(time.Second - run.HeartbeatInterval)},
			run.Run{State: run.Running, LeaseExpires: full.Add(time.Second - run.HeartbeatInterval)},
		},
		"of a run that is lost":         {run.Run{State: run.Lost, LeaseExpires: now.Add(-time.Hour)}, run.Run{State: run.Running, LeaseExpires: full}},
		"but not of a run that ended":   {run.Run{State: run.Ended}, run.Run{State: run.Ended}},
		"of a run that is overdue":      {run.Run{State: run.Running, LeaseExpires: now.Add(-1)}, run.Run{State: run.Running, LeaseExpires: full}},
		"of a run that expires at once": {run.Run{State: run.Running, LeaseExpires: now}, run.Run{State: run.Running, LeaseExpires: full}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := c.before
			changed := r.Renew(now)
			if diff := cmp.Diff(c.after, r); diff != "" || changed == cmp.Equal(c.before, c.after) {
				t.Errorf("changed: %v, %s", changed, diff)
			}
		})
	}
}

func TestOnlyARunningRunExpires(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for state, want := range map[run.State]bool{run.Running: true, run.Ended: false, run.Lost: false} {
		if got := (run.Run{State: state, LeaseExpires: now.Add(-1)}).Expired(now); got != want {
			t.Errorf("a run that is %s expires: %v", state, got)
		}
	}
	if (run.Run{State: run.Running, LeaseExpires: now}).Expired(now) {
		t.Error("a lease is over before its end")
	}
}
