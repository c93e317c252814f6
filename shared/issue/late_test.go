package issue_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// TestLateRunsAreHeldAgainstWhatIsNoLongerRemembered has an issue that was seen
// at minutes 0 and 20, not found at 10 and 30, and then so many runs that the
// check has forgotten these.
func TestLateRunsAreHeldAgainstWhatIsNoLongerRemembered(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		minute   int
		outcome  run.Outcome
		saw      bool
		reopened int
		since    int
	}{
		"a sighting before the clean run is of the first life":     {5, run.Failure, true, 1, 20},
		"a sighting after the clean run begins the second life":    {15, run.Failure, true, 1, 15},
		"a run that broke changes nothing":                         {5, run.Error, false, 1, 20},
		"a second clean run between the two lives changes nothing": {12, run.Success, false, 1, 20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &store{issues: map[issue.ID]issue.Issue{}}
			s.at(0, run.Failure, true)
			s.at(10, run.Success, false)
			s.at(20, run.Failure, true)
			s.at(30, run.Success, false)
			for minute := range issue.MaxRecent {
				s.at(100+minute, run.Success, false)
			}
			s.at(c.minute, c.outcome, c.saw)
			got := s.issues[disk]
			if got.Reopened != c.reopened || !got.Since.Equal(minute(c.since)) || !got.ResolvedAt.Equal(minute(30)) {
				t.Errorf("reopened %d times, since %v, resolved at %v", got.Reopened, got.Since, got.ResolvedAt)
			}
		})
	}
}

func minute(n int) time.Time { return began.Add(time.Duration(n) * time.Minute) }

// at folds a run that started at a minute.
func (s *store) at(n int, outcome run.Outcome, saw bool) {
	r := issue.RunResult{
		ID:    run.ID(fmt.Sprintf("0198c2b4-5d1e-7c3a-9f00-%012d", n)),
		Start: run.Start{Task: "t", Resource: "r", Time: minute(n)}, Outcome: outcome,
	}
	if saw {
		r.Sightings = []issue.SightingFacts{{Number: 1, Issue: disk, Severity: 2}}
	}
	s.fold([]issue.RunResult{r})
}
