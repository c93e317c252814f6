package assistants

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/strongroom-dev/strongroom/shared/rank"
)

// The bounds of one ranking.
const (
	maxSteps    = 40   // next steps that are looked at, of the worst issues first
	maxStep     = 1000 // bytes of one step
	maxPerStep  = 10   // tasks that one step may suggest
	maxNext     = 10   // tasks that are shown
	maxEvidence = 3    // for one task
)

// step is one thing to do, by an issue's author.
type step struct {
	issue string
	text  string
}

// stepsOf gives the next steps of issues, the worst issue's first. What an issue
// says twice counts once.
func stepsOf(issues []issueBody) []step {
	var steps []step
	for _, i := range issues {
		for _, text := range i.NextSteps {
			if len(steps) == maxSteps {
				return steps
			}
			if s := (step{i.ID, cut(text, maxStep)}); !slices.Contains(steps, s) {
				steps = append(steps, s)
			}
		}
	}
	return steps
}

// cut cuts a text to size bytes, not within a rune.
func cut(text string, size int) string {
	if len(text) <= size {
		return text
	}
	for size > 0 && !utf8.RuneStart(text[size]) {
		size--
	}
	return text[:size]
}

// ranking gathers what steps suggest, by where the task is: tasks of one name in
// several suites are several.
type ranking map[string]*nextTaskBody

// add takes a match of a step in. A task counts as the best of its steps.
func (r ranking) add(s step, m rank.Match, task nextTaskBody) {
	if r[m.ID] == nil {
		r[m.ID] = &task
	}
	known := r[m.ID]
	known.Score = max(known.Score, m.Score)
	known.Evidence = append(known.Evidence, evidenceBody{Issue: s.issue, Step: s.text, Score: m.Score, Words: m.Words()})
}

// best gives the tasks that score threshold or more, the best first, and how
// many did not or are withheld.
func (r ranking) best(threshold float64) nextBody {
	next := nextBody{Tasks: []nextTaskBody{}}
	for _, t := range r {
		switch {
		case t.Score < threshold:
			next.Below++
		case t.withheld:
			next.Withheld++
		default:
			t.Evidence = slices.DeleteFunc(t.Evidence, func(e evidenceBody) bool { return e.Score < threshold })
			slices.SortStableFunc(t.Evidence, func(a, b evidenceBody) int { return cmp.Compare(b.Score, a.Score) })
			t.Evidence = t.Evidence[:min(maxEvidence, len(t.Evidence))]
			next.Tasks = append(next.Tasks, *t)
		}
	}
	slices.SortFunc(next.Tasks, func(a, b nextTaskBody) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), len(b.Evidence)-len(a.Evidence), strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	next.Tasks = next.Tasks[:min(maxNext, len(next.Tasks))]
	return next
}
