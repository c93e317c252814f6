package issue_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// skewedRun is a run whose runner has a wrong clock. Minutes are true time, which
// is also the platform's.
type skewedRun struct {
	starts, reports int
	ahead           int // minutes that the runner's clock is ahead; negative: behind
	saw             bool
}

func (r skewedRun) result(n int) issue.RunResult {
	result := issue.RunResult{
		ID:    run.ID(fmt.Sprintf("0198c2b4-5d1e-7c3a-9f00-%012d", n)),
		Start: run.Start{Task: "t", Resource: "r", Time: minute(r.starts + r.ahead)}, Outcome: run.Success,
		Created: minute(r.starts), Reported: minute(r.reports), End: minute(r.reports + r.ahead),
	}
	if r.saw {
		result.Outcome = run.Failure
		result.Sightings = []issue.SightingFacts{{Number: 1, Issue: disk, Severity: 1}}
	}
	return result
}

func TestAWrongClockHidesNoIssue(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		runs []skewedRun
		want issue.State
	}{
		"a clean run with a fast clock, before the sighting":             {[]skewedRun{{starts: 0, reports: 1, ahead: 4}, {starts: 2, reports: 3, saw: true}}, issue.Detected},
		"a clean run with a fast clock that overlaps the sighting":       {[]skewedRun{{starts: 1, reports: 3, ahead: 4}, {starts: 0, reports: 2, saw: true}}, issue.Detected},
		"a clean run before a sighting from a slow clock":                {[]skewedRun{{starts: 10, reports: 11}, {starts: 20, reports: 21, ahead: -20, saw: true}}, issue.Detected},
		"a sighting that is reported after the clean run started":        {[]skewedRun{{starts: 10, reports: 11}, {starts: 0, reports: 21, saw: true}}, issue.Detected},
		"a clean run with a slow clock, after the sighting":              {[]skewedRun{{starts: 0, reports: 1, saw: true}, {starts: 20, reports: 21, ahead: -30}}, issue.Detected},
		"a clean run after the sighting":                                 {[]skewedRun{{starts: 0, reports: 1, saw: true}, {starts: 2, reports: 3}}, issue.Resolved},
		"a clean run that starts when the sighting is reported":          {[]skewedRun{{starts: 0, reports: 2, saw: true}, {starts: 2, reports: 3}}, issue.Resolved},
		"a clean run with a fast clock, after the sighting":              {[]skewedRun{{starts: 0, reports: 1, saw: true}, {starts: 2, reports: 3, ahead: 4}}, issue.Resolved},
		"a later clean run, after one with a fast clock and a sighting":  {[]skewedRun{{starts: 0, reports: 1, ahead: 4}, {starts: 2, reports: 3, saw: true}, {starts: 7, reports: 8}}, issue.Resolved},
		"a later clean run, after a sighting from a slow clock":          {[]skewedRun{{starts: 10, reports: 11}, {starts: 20, reports: 21, ahead: -20, saw: true}, {starts: 22, reports: 23}}, issue.Resolved},
		"a fast clock's clean run between two sightings reopens nothing": {[]skewedRun{{starts: 5, reports: 6, saw: true}, {starts: 2, reports: 3, ahead: 4}, {starts: 7, reports: 8, saw: true}}, issue.Open},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, backward := range []bool{false, true} {
				s := &store{issues: map[issue.ID]issue.Issue{}}
				for n := range c.runs {
					if backward {
						n = len(c.runs) - 1 - n
					}
					s.fold([]issue.RunResult{c.runs[n].result(n)})
				}
				if got := s.issues[disk]; got.StoredState != c.want || got.State(minute(60)) != c.want {
					t.Errorf("backward: %v: the state is %s, want %s", backward, got.StoredState, c.want)
				}
			}
		})
	}
}

// Clocks are wrong within the 5 minutes that the platform accepts, and behind by
// any time. Whatever the runners' clocks say, an issue is resolved only if a
// clean run began after the last report that has it, and a clean run with a right
// clock resolves it once all skewed clocks have passed.
func TestAResolvedIssueWasNotSeenLater(t *testing.T) {
	t.Parallel()
	for seed := range uint64(500) {
		random := rand.New(rand.NewPCG(seed, 5))
		s := &store{issues: map[issue.ID]issue.Issue{}}
		lastReport, lastClean := -1, -1
		for n, at := range random.Perm(30) {
			r := skewedRun{starts: at, reports: at + random.IntN(5), ahead: random.IntN(66) - 60, saw: random.IntN(3) == 0}
			if random.IntN(2) == 0 {
				r.ahead = 0
			}
			if r.saw {
				lastReport = max(lastReport, r.reports)
			} else {
				lastClean = max(lastClean, r.starts)
			}
			s.fold([]issue.RunResult{r.result(n)})
		}
		if lastReport < 0 {
			continue
		}
		if got := s.issues[disk].StoredState; got == issue.Resolved && lastClean < lastReport {
			t.Errorf("seed %d: resolved, but the last report is of minute %d and the last clean run of minute %d", seed, lastReport, lastClean)
		}
		s.fold([]issue.RunResult{skewedRun{starts: 60, reports: 61}.result(99)})
		if got := s.issues[disk].StoredState; got != issue.Resolved {
			t.Errorf("seed %d: a clean run after all others leaves it %s", seed, got)
		}
	}
}

func TestTheWorstSightingOfARunCounts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		severities []int
		number     int
	}{
		"the first is the worst":     {[]int{1, 4}, 1},
		"the last is the worst":      {[]int{4, 1}, 2},
		"one between is the worst":   {[]int{3, 1, 2}, 2},
		"of several, the last is it": {[]int{1, 2, 1, 2}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := skewedRun{saw: true}.result(1)
			r.Sightings = nil
			for n, severity := range c.severities {
				r.Sightings = append(r.Sightings, issue.SightingFacts{Number: n + 1, Issue: disk, Severity: severity})
			}
			_, issues := issue.Fold(issue.Check{}, nil, []issue.RunResult{r})
			if got := issues[disk]; got.Severity != 1 || got.LastNumber != c.number || got.Sightings != len(c.severities) {
				t.Errorf("severity %d of sighting %d, %d sightings", got.Severity, got.LastNumber, got.Sightings)
			}
		})
	}
}
