package issue

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/strongroom-dev/strongroom/shared/run"
)

// RunSeen is what an ended run says of its check and the issues of it.
type RunSeen struct {
	ID        run.ID
	Start     run.Start
	End       time.Time
	Outcome   run.Outcome
	Sightings []Seen
}

// Seen is one sighting, without its text.
type Seen struct {
	Number          int // within its run, from 1
	Issue           ID
	Severity        int // 1 to 4
	SeverityFlagged bool
	ObservedAt      time.Time // zero: not told
}

// decides reports whether the run looked: only then does what it does not find
// count as gone.
func (r RunSeen) decides() bool { return r.Outcome == run.Success || r.Outcome == run.Failure }

// micros is its start as it is remembered.
func (r RunSeen) micros() int64 { return storable(r.Start.Time).UnixMicro() }

// Fold takes runs of one check into its projections. It gives the check and
// those issues that changed; the arguments stay as they are. The zero Check is
// one without runs.
//
// The issues must hold, where they exist, those that the runs saw, and those
// that the runs which looked may change: see Concerned.
//
// The result is the same in whatever order runs come and however they are
// divided into folds, up to the bounds MaxRecent and MaxMarks. A run that the
// check remembers is not folded again; for older ones the caller keeps a marker.
func Fold(check Check, issues map[ID]Issue, runs []RunSeen) (Check, map[ID]Issue) {
	runs = unfolded(check.Recent, runs)
	if len(runs) == 0 {
		return check, nil
	}
	for _, r := range runs {
		check = check.with(r)
	}
	known := recents(check.Recent).with(runs)
	check.Recent = known.newest()
	return check, foldIssues(check, known, issues, runs)
}

// unfolded gives the runs that are not known yet, each once, by start.
func unfolded(known recents, runs []RunSeen) []RunSeen {
	folded := make(map[run.ID]bool, len(runs))
	var fresh []RunSeen
	for _, r := range runs {
		if !folded[r.ID] && !known.has(r.ID) {
			r.Sightings = once(r.Sightings)
			fresh = append(fresh, r)
		}
		folded[r.ID] = true
	}
	slices.SortFunc(fresh, func(a, b RunSeen) int {
		return cmp.Or(cmp.Compare(a.micros(), b.micros()), cmp.Compare(a.ID, b.ID))
	})
	return fresh
}

// once gives each sighting once, by number.
func once(sightings []Seen) []Seen {
	sorted := slices.SortedStableFunc(slices.Values(sightings), func(a, b Seen) int { return cmp.Compare(a.Number, b.Number) })
	return slices.CompactFunc(sorted, func(a, b Seen) bool { return a.Number == b.Number })
}

// with takes a run into the check's own facts.
func (c Check) with(r RunSeen) Check {
	start := storable(r.Start.Time)
	if c.Runs == 0 || cmp.Or(start.Compare(c.Last.Start), cmp.Compare(r.ID, c.Last.Run)) > 0 {
		c.Task, c.SLX, c.Resource = r.Start.Task, r.Start.SLX, r.Start.Resource
		c.Last = LastRun{r.ID, start, storable(r.End), r.Outcome}
	}
	if r.decides() && start.After(c.Latest) {
		c.Latest = start
	}
	c.Runs++
	return c
}

// foldIssues gives the issues that the runs, sorted by start, change.
func foldIssues(check Check, known recents, issues map[ID]Issue, runs []RunSeen) map[ID]Issue {
	folded := maps.Clone(issues)
	if folded == nil {
		folded = map[ID]Issue{}
	}
	saw := map[ID][]int64{}
	for _, r := range runs {
		for id, sightings := range r.byIssue() {
			folded[id] = folded[id].with(r, sightings)
			saw[id] = append(saw[id], r.micros())
		}
	}
	for id, i := range folded {
		i.Past = i.Past.remember(saw[id], known, runs[0].micros())
		folded[id] = i.settle(check, known)
	}
	maps.DeleteFunc(folded, func(id ID, i Issue) bool {
		before, existed := issues[id]
		return existed && before.same(i)
	})
	return folded
}

// byIssue gives the run's sightings of each issue, by number.
func (r RunSeen) byIssue() map[ID][]Seen {
	sightings := map[ID][]Seen{}
	for _, s := range r.Sightings {
		sightings[s.Issue] = append(sightings[s.Issue], s)
	}
	return sightings
}

// with takes a run's sightings of an issue into its facts; the zero Issue is
// one that nobody has seen.
func (i Issue) with(r RunSeen, sightings []Seen) Issue {
	start := storable(r.Start.Time)
	last := sightings[len(sightings)-1]
	if i.Runs == 0 {
		i.ID, i.Check = last.Issue, NewCheckID(r.Start.Task, r.Start.Resource)
		i.FirstSeen, i.ResolvedAt = start, Standing
	}
	if start.Before(i.FirstSeen) {
		i.FirstSeen = start
	}
	if i.Runs == 0 || cmp.Or(start.Compare(i.LastSeen), cmp.Compare(r.ID, i.LastRun)) > 0 {
		i.Task, i.SLX, i.Resource = r.Start.Task, r.Start.SLX, r.Start.Resource
		i.Severity, i.SeverityFlagged, i.ObservedAt = last.Severity, last.SeverityFlagged, storable(last.ObservedAt)
		i.LastSeen, i.LastRun, i.LastNumber = start, r.ID, last.Number
	}
	i.Runs++
	i.Sightings += len(sightings)
	return i
}

// settle derives what follows from when the issue was seen and when runs
// looked.
func (i Issue) settle(check Check, known recents) Issue {
	i.Reopened, i.Since = i.Past.reopened()
	if i.Since.IsZero() {
		i.Since = i.FirstSeen
	}
	i.ResolvedAt = i.resolution(check.Latest, known)
	i.Life = i.life()
	return i
}

// resolution is the start of the first run known to have looked after the issue
// was last seen, or Standing.
func (i Issue) resolution(latest time.Time, known recents) time.Time {
	first := Standing
	for _, t := range []time.Time{i.ResolvedAt, latest} {
		if t.After(i.LastSeen) && t.Before(first) {
			first = t
		}
	}
	if start, ok := known.lookedAfter(i.LastSeen.UnixMicro()); ok {
		if t := time.UnixMicro(start).UTC(); t.Before(first) {
			first = t
		}
	}
	return first
}

// same reports whether a fold left the issue as it was.
func (i Issue) same(o Issue) bool {
	return i.Sightings == o.Sightings && i.Life == o.Life && i.Reopened == o.Reopened &&
		i.ResolvedAt.Equal(o.ResolvedAt) && i.Since.Equal(o.Since) && string(i.Past.Marks) == string(o.Past.Marks)
}
