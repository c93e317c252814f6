package issue_test

import (
	"cmp"
	"slices"

	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// modelOf computes the check and its issues from all runs at once, without the
// bounds and the optimizations of Fold.
func modelOf(runs []issue.RunResult) store {
	runs = slices.SortedFunc(slices.Values(runs), func(a, b issue.RunResult) int {
		return cmp.Or(a.Start.Time.Compare(b.Start.Time), cmp.Compare(a.ID, b.ID))
	})
	s := store{issues: map[issue.ID]issue.Issue{}}
	for _, r := range runs {
		for _, seen := range r.Sightings {
			if _, known := s.issues[seen.Issue]; !known {
				s.issues[seen.Issue] = modelIssue(seen.Issue, runs)
			}
		}
	}
	last := runs[len(runs)-1]
	s.check = issue.Check{
		Task: last.Start.Task, SLX: last.Start.SLX, Resource: last.Start.Resource, Runs: len(runs),
		Last: issue.LastRun{Run: last.ID, Start: last.Start.Time, End: last.End, Outcome: last.Outcome},
	}
	for _, r := range runs {
		if conclusive(r) {
			if r.Start.Time.After(s.check.Latest) || r.Created.After(s.check.LatestCreated) {
				s.check.LatestCreated = r.Created
			}
			s.check.Latest = r.Start.Time
		}
	}
	return s
}

func conclusive(r issue.RunResult) bool { return r.Outcome == run.Success || r.Outcome == run.Failure }

// modelIssue goes through the runs in the order of their starts.
func modelIssue(id issue.ID, runs []issue.RunResult) issue.Issue {
	i := issue.Issue{ID: id}
	for _, r := range runs {
		for _, seen := range r.Sightings {
			if seen.Issue == id {
				modelSighting(&i, r, seen, runs)
			}
		}
	}
	i.ResolvedAt = issue.Unresolved
	for _, r := range slices.Backward(runs) {
		if resolves(r, i) {
			if !r.Start.Time.Equal(i.ResolvedAt) || r.Created.After(i.ResolvedCreated) {
				i.ResolvedCreated = r.Created
			}
			i.ResolvedAt = r.Start.Time
		}
	}
	switch {
	case i.ResolvedAt.Before(issue.Unresolved):
		i.StoredState = issue.Resolved
	case i.Reopened > 0:
		i.StoredState = issue.Reopened
	case i.Runs == 1:
		i.StoredState = issue.Detected
	default:
		i.StoredState = issue.Open
	}
	return i
}

func modelSighting(i *issue.Issue, r issue.RunResult, seen issue.SightingFacts, runs []issue.RunResult) {
	start := r.Start.Time
	switch {
	case i.Runs == 0:
		i.FirstSeen, i.Since, i.Check = start, start, issue.NewCheckID(r.Start.Task, r.Start.Resource)
	case slices.ContainsFunc(runs, func(r issue.RunResult) bool { return resolves(r, *i) && r.Start.Time.Before(start) }):
		i.Reopened++
		i.Since = start
	}
	if i.LastRun != r.ID {
		i.Runs++
	}
	i.Sightings++
	i.Task, i.SLX, i.Resource = r.Start.Task, r.Start.SLX, r.Start.Resource
	if i.LastRun != r.ID || seen.Severity <= i.Severity {
		i.Severity, i.SeverityFlagged, i.ObservedAt = seen.Severity, seen.SeverityFlagged, seen.ObservedAt
		i.LastNumber = seen.Number
	}
	i.LastSeen, i.LastRun = start, r.ID
	if r.Reported.After(i.LastReported) {
		i.LastReported = r.Reported
	}
}

// resolves reports whether a run resolves an issue as it is: it started after
// the last sighting by the runners' clocks, and the platform heard of it after it
// had received all sightings.
func resolves(r issue.RunResult, i issue.Issue) bool {
	return conclusive(r) && r.Start.Time.After(i.LastSeen) && !r.Created.Before(i.LastReported)
}
