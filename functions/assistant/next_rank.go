package assistant

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

// steps gives the next steps of issues, the worst issue's first.
func stepsOf(issues []issueBody) []step {
	var steps []step
	for _, i := range issues {
		for _, text := range i.NextSteps {
			if len(steps) == maxSteps {
				return steps
			}
			steps = append(steps, step{i.ID, cut(text, maxStep)})
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

// ranking gathers what steps suggest, by sameName of the task.
type ranking map[string]*nextTaskBody

// add takes a match of a step in. A task counts as the best of its steps; one
// that the workspace has run and the catalogue has counts as the better match.
func (r ranking) add(s step, task nextTaskBody, m rank.Match) {
	key := sameName(task.Name)
	known := r[key]
	if known == nil {
		known = &nextTaskBody{}
		r[key] = known
	}
	evidence := append(known.Evidence, evidenceBody{Issue: s.issue, Step: s.text, Score: m.Score, Words: wordsOf(m)})
	if m.Score > known.Score {
		*known = task
		known.Score = m.Score
	}
	known.Evidence = evidence
}

// best gives the tasks that score threshold or more, the best first, and how
// many scored less.
func (r ranking) best(threshold float64) (tasks []nextTaskBody, below int) {
	tasks = []nextTaskBody{}
	for _, t := range r {
		if t.Score < threshold {
			below++
			continue
		}
		slices.SortStableFunc(t.Evidence, func(a, b evidenceBody) int { return cmp.Compare(b.Score, a.Score) })
		t.Evidence = t.Evidence[:min(maxEvidence, len(t.Evidence))]
		tasks = append(tasks, *t)
	}
	slices.SortFunc(tasks, func(a, b nextTaskBody) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), len(b.Evidence)-len(a.Evidence), strings.Compare(a.Name, b.Name))
	})
	return tasks[:min(maxNext, len(tasks))], below
}

// sameName is equal for names that differ in case, spaces and hyphens only.
func sameName(name string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == ' ' || r == '-' || r == '_' }), " ")
}
