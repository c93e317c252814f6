package issue_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// An issue was seen at minutes 0 and 20, and resolved at 10 and 30. These runs are
// no longer among the check's recent runs when the late run arrives.
func TestALateRunIsFoldedAlthoughTheRunsAroundItAreForgotten(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		minute   int
		outcome  run.Outcome
		saw      bool
		reopened int
		since    int
	}{
		"a sighting before the resolution reopens nothing":          {minute: 5, outcome: run.Failure, saw: true, reopened: 1, since: 20},
		"a sighting after the resolution reopens the issue earlier": {minute: 15, outcome: run.Failure, saw: true, reopened: 1, since: 15},
		"an inconclusive run changes nothing":                       {minute: 5, outcome: run.Error, reopened: 1, since: 20},
		"a second resolution before the reopening changes nothing":  {minute: 12, outcome: run.Success, reopened: 1, since: 20},
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

// at folds a run that started at this minute.
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
