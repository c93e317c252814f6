package issue

import (
	"cmp"
	"reflect"
	"slices"
	"time"

	"github.com/strongroom-dev/strongroom/shared/run"
)

// RunResult is what an ended run says about its check and the check's issues.
type RunResult struct {
	ID        run.ID
	Start     run.Start
	Created   time.Time // when the platform first heard of the run; see run.Run
	Reported  time.Time // when the platform received the report
	End       time.Time
	Outcome   run.Outcome
	Sightings []SightingFacts
}

// SightingFacts is one sighting without its text.
type SightingFacts struct {
	Number          int // within its run, from 1
	Issue           ID
	Severity        int // 1 to 4
	SeverityFlagged bool
	ObservedAt      time.Time // zero: unknown
}

// conclusive reports whether the run completed its check. Only then are the
// issues that it does not see resolved.
func (r RunResult) conclusive() bool { return r.Outcome == run.Success || r.Outcome == run.Failure }

// createdMicros and reportedMicros are the platform's times, as the histories
// store them. A zero time is earlier than all others.
func (r RunResult) createdMicros() int64  { return storable(r.Created).UnixMicro() }
func (r RunResult) reportedMicros() int64 { return storable(r.Reported).UnixMicro() }

// startMicros is the run's start as the histories store it.
func (r RunResult) startMicros() int64 { return storable(r.Start.Time).UnixMicro() }

// Fold merges runs of one check into the check and its issues. It returns the
// changed check and only those issues that changed. It does not modify its
// arguments. The zero Check is a check without runs.
//
// issues must contain the following, as far as they exist:
//   - the issues that the runs saw
//   - the issues that the conclusive runs among them may resolve or reopen
//
// The result does not depend on the order of the runs, or on how they are
// divided into folds, within the bounds MaxRecent and MaxStarts. Fold skips a
// run that is among the check's recent runs. For older runs, the caller must
// know by itself whether they were folded.
func Fold(check Check, issues map[ID]Issue, runs []RunResult) (Check, map[ID]Issue) {
	runs = notYetFolded(check.Recent, runs)
	if len(runs) == 0 {
		return check, nil
	}
	for _, r := range runs {
		check = check.apply(r)
	}
	recent := recentRuns(check.Recent).add(runs)
	check.Recent = recent.newest()
	return check, foldIssues(check, recent, issues, runs)
}

// notYetFolded returns the runs that are not among the recent runs, each once,
// sorted by start.
func notYetFolded(recent recentRuns, runs []RunResult) []RunResult {
	seen := make(map[run.ID]bool, len(runs))
	var added []RunResult
	for _, r := range runs {
		if !seen[r.ID] && !recent.has(r.ID) {
			r.Sightings = distinct(r.Sightings)
			added = append(added, r)
		}
		seen[r.ID] = true
	}
	slices.SortFunc(added, func(a, b RunResult) int {
		return cmp.Or(cmp.Compare(a.startMicros(), b.startMicros()), cmp.Compare(a.ID, b.ID))
	})
	return added
}

// distinct returns one sighting for each number, sorted by number.
func distinct(sightings []SightingFacts) []SightingFacts {
	if isDistinct(sightings) {
		return sightings
	}
	sorted := slices.SortedStableFunc(slices.Values(sightings), func(a, b SightingFacts) int { return cmp.Compare(a.Number, b.Number) })
	return slices.CompactFunc(sorted, func(a, b SightingFacts) bool { return a.Number == b.Number })
}

// isDistinct reports whether the numbers increase, as those of a report do.
func isDistinct(sightings []SightingFacts) bool {
	for n := 1; n < len(sightings); n++ {
		if sightings[n].Number <= sightings[n-1].Number {
			return false
		}
	}
	return true
}

// apply returns the check after a run, except for its recent runs.
func (c Check) apply(r RunResult) Check {
	start := storable(r.Start.Time)
	if c.Runs == 0 || cmp.Or(start.Compare(c.Last.Start), cmp.Compare(r.ID, c.Last.Run)) > 0 {
		c.Task, c.SLX, c.Resource = r.Start.Task, r.Start.SLX, r.Start.Resource
		c.Last = LastRun{Run: r.ID, Start: start, End: storable(r.End), Outcome: r.Outcome}
	}
	if created := storable(r.Created); r.conclusive() && cmp.Or(start.Compare(c.Latest), created.Compare(c.LatestCreated)) > 0 {
		c.Latest, c.LatestCreated = start, created
	}
	c.Runs++
	return c
}

// foldIssues returns the issues that the runs change. The runs are sorted by
// start, and are among the recent runs.
func foldIssues(check Check, recent recentRuns, issues map[ID]Issue, runs []RunResult) map[ID]Issue {
	seen, oldest := byIssue(runs), runs[0].startMicros()
	changed := make(map[ID]Issue, len(seen))
	for id, before := range issues {
		if i := before.fold(check, recent, seen[id], oldest); !i.equal(before) {
			changed[id] = i
		}
	}
	for id, by := range seen {
		if _, exists := issues[id]; !exists {
			changed[id] = Issue{}.fold(check, recent, by, oldest)
		}
	}
	return changed
}

// runSightings are the sightings of one issue in a run, sorted by number.
type runSightings struct {
	run       *RunResult
	sightings []SightingFacts
}

// byIssue returns the sightings of each issue, in the order of the runs.
func byIssue(runs []RunResult) map[ID][]runSightings {
	seen := map[ID][]runSightings{}
	for n := range runs {
		r := &runs[n]
		for _, s := range r.Sightings {
			by := seen[s.Issue]
			if len(by) == 0 || by[len(by)-1].run != r {
				by = append(by, runSightings{run: r})
				seen[s.Issue] = by
			}
			last := &by[len(by)-1]
			last.sightings = append(last.sightings, s)
		}
	}
	return seen
}

// fold returns the issue after the runs that saw it, and after other runs of its check that
// started at oldest or later.
func (i Issue) fold(check Check, recent recentRuns, seen []runSightings, oldest int64) Issue {
	times := make([]sightingTime, 0, len(seen))
	for _, by := range seen {
		i = i.apply(by.run, by.sightings)
		times = append(times, sightingTime{by.run.startMicros(), by.run.reportedMicros()})
	}
	i.History = i.History.record(times, recent, oldest)
	return i.derive(check, recent)
}

// apply returns the issue after a run that saw it. The zero Issue is one that no
// run has seen.
func (i Issue) apply(r *RunResult, sightings []SightingFacts) Issue {
	start := storable(r.Start.Time)
	worst := worstOf(sightings)
	if i.Runs == 0 {
		i.ID, i.Check = worst.Issue, NewCheckID(r.Start.Task, r.Start.Resource)
		i.FirstSeen, i.ResolvedAt = start, Unresolved
	}
	if start.Before(i.FirstSeen) {
		i.FirstSeen = start
	}
	if i.Runs == 0 || cmp.Or(start.Compare(i.LastSeen), cmp.Compare(r.ID, i.LastRun)) > 0 {
		i.Task, i.SLX, i.Resource = r.Start.Task, r.Start.SLX, r.Start.Resource
		i.Severity, i.SeverityFlagged, i.ObservedAt = worst.Severity, worst.SeverityFlagged, storable(worst.ObservedAt)
		i.LastSeen, i.LastRun, i.LastNumber = start, r.ID, worst.Number
	}
	if reported := storable(r.Reported); reported.After(i.LastReported) {
		i.LastReported = reported
	}
	i.Runs++
	i.Sightings += len(sightings)
	return i
}

// worstOf returns the sighting with the worst severity, of several the last one.
// One run may see an issue on several things, for example on two replicas, and
// the order of its lines must not hide the worst of them.
func worstOf(sightings []SightingFacts) SightingFacts {
	worst := sightings[0]
	for _, s := range sightings[1:] {
		if s.Severity <= worst.Severity {
			worst = s
		}
	}
	return worst
}

// derive sets the fields that follow from when the issue was seen and when its
// check had conclusive runs.
func (i Issue) derive(check Check, recent recentRuns) Issue {
	i.Reopened, i.Since = i.History.reopened()
	if i.Since.IsZero() {
		i.Since = i.FirstSeen
	}
	i.ResolvedAt, i.ResolvedCreated = i.firstResolution(check, recent)
	i.StoredState = i.storedState()
	return i
}

// firstResolution returns the start of the first known run that resolves the
// issue, and when that run was created, or Unresolved. A run may have left the
// recent runs, so the stored resolution and the check's latest conclusive run
// count too.
func (i Issue) firstResolution(check Check, recent recentRuns) (start, created time.Time) {
	start = Unresolved
	for _, known := range [][2]time.Time{{i.ResolvedAt, i.ResolvedCreated}, {check.Latest, check.LatestCreated}} {
		if i.isResolvedBy(known[0], known[1]) && cmp.Or(known[0].Compare(start), created.Compare(known[1])) < 0 {
			start, created = known[0], known[1]
		}
	}
	if found, ok := recent.firstResolving(i.LastSeen.UnixMicro(), i.LastReported.UnixMicro()); ok {
		foundStart, foundCreated := time.UnixMicro(found.start).UTC(), storable(time.UnixMicro(found.created))
		if cmp.Or(foundStart.Compare(start), created.Compare(foundCreated)) < 0 {
			start, created = foundStart, foundCreated
		}
	}
	return start, created
}

// isResolvedBy reports whether a conclusive run with this start, of which the
// platform first heard at created, resolves the issue. Both the runners' clocks
// and the platform's must put the run after the last sighting.
func (i Issue) isResolvedBy(start, created time.Time) bool {
	return start.Before(Unresolved) && start.After(i.LastSeen) && !created.Before(i.LastReported)
}

// equal reports whether a fold changed nothing. It compares the whole issue,
// because a change of a field that is not compared would be lost. Times are
// comparable: Fold makes them with storable, and Firestore returns the same. A run
// that saw the issue changes Runs, so most comparisons end there.
func (i Issue) equal(o Issue) bool { return i.Runs == o.Runs && reflect.DeepEqual(i, o) }
