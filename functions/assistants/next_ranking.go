package assistants

import (
	"cmp"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/rank"
)

// The limits of one ranking.
const (
	maxSteps       = 40   // next steps, those of the most severe issues first
	maxStepBytes   = 1000 // bytes of one step
	maxPerStep     = 10   // tasks that one step may suggest
	maxSuggestions = 10   // tasks that are shown
	maxEvidence    = 3    // for one task
)

// step is one next step of an issue, as its author wrote it.
type step struct {
	issue string
	text  string
}

// nextSteps returns the next steps of issues in their order. A step that an issue has
// twice counts once.
func nextSteps(issues []issueBody) []step {
	var steps []step
	for _, i := range issues {
		for _, text := range i.NextSteps {
			if len(steps) == maxSteps {
				return steps
			}
			if s := (step{i.ID, issue.Truncate(text, maxStepBytes)}); !slices.Contains(steps, s) {
				steps = append(steps, s)
			}
		}
	}
	return steps
}

// ranking collects the tasks that match steps, by ID in the index: tasks of one name in
// several suites are different tasks.
type ranking map[string]*nextTaskBody

// add adds a match of a step. The score of a task is that of its best step.
func (r ranking) add(s step, m rank.Match, task nextTaskBody) {
	if r[m.ID] == nil {
		r[m.ID] = &task
	}
	ranked := r[m.ID]
	ranked.Score = max(ranked.Score, m.Score)
	ranked.Evidence = append(ranked.Evidence, evidenceBody{Issue: s.issue, Step: s.text, Score: m.Score, Words: m.Words()})
}

// configuredBonus is by how much a task that is not configured must score more to come
// before a task that is: only the latter can be run at once.
const configuredBonus = 0.05

// preference returns what tasks are ordered by.
func (t nextTaskBody) preference() float64 {
	if t.configured {
		return t.Score + configuredBonus
	}
	return t.Score
}

// best returns the tasks that score at least threshold, the best first, and counts the
// tasks that score less or are withheld.
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
		return cmp.Or(cmp.Compare(b.preference(), a.preference()), len(b.Evidence)-len(a.Evidence), strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	next.Tasks = next.Tasks[:min(maxSuggestions, len(next.Tasks))]
	return next
}
