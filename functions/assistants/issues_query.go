package assistants

import (
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/issue"
)

// issueFilter selects issues of a workspace. The zero issueFilter selects all.
type issueFilter struct {
	State    string // an issue.State, or active; empty: any
	Severity int    // 1 to 4; 0: any
	SLX      string
	Resource string
	Task     string
	From, To time.Time // of the last sighting: From <= t < To; zero: no bound
	IDPrefix string    // start of the ID; empty: any. Otherwise, the other fields are zero
}

// active selects all states except resolved and ignored.
const active = "active"

// withPrefix is the group of the only phase of a list of issues with a prefix. Such a
// list has no order but that of the IDs, and no second page.
const withPrefix issue.State = "prefix"

// afterPrefix sorts after every character of an ID, so the IDs with a prefix are
// before the prefix and this character.
const afterPrefix = "{"

// phase is a section of a list that one query returns in order. A list is its phases
// one after the other:
//
//  1. active issues, by severity, the newest first
//  2. ignored issues, the first to end first
//  3. resolved issues, by severity, the newest first
type phase struct {
	group    issue.State // active, issue.Ignored, issue.Resolved or withPrefix
	severity int         // 0: any, for issue.Ignored
}

func (f issueFilter) phases() []phase {
	if f.IDPrefix != "" {
		return []phase{{group: withPrefix}}
	}
	severities := []int{1, 2, 3, 4}
	if f.Severity != 0 {
		severities = []int{f.Severity}
	}
	var phases []phase
	each := func(group issue.State) {
		for _, severity := range severities {
			phases = append(phases, phase{group, severity})
		}
	}
	if f.State != string(issue.Ignored) && f.State != string(issue.Resolved) {
		each(active)
	}
	if f.State == "" || f.State == string(issue.Ignored) {
		phases = append(phases, phase{group: issue.Ignored})
	}
	if f.State == "" || f.State == string(issue.Resolved) {
		each(issue.Resolved)
	}
	return phases
}

// query finds the issues that may be in a phase; matches selects from them. Few issues
// are ignored, each by a person, so for these the query has no other filter.
func (f issueFilter) query(issues firestore.Query, p phase, at time.Time) firestore.Query {
	if p.group == withPrefix {
		return issues.OrderBy(firestore.DocumentID, firestore.Asc).StartAt(f.IDPrefix).EndBefore(f.IDPrefix + afterPrefix)
	}
	if p.group == issue.Ignored {
		return issues.Where("ignored.until", ">", at).
			OrderBy("ignored.until", firestore.Asc).OrderBy(firestore.DocumentID, firestore.Asc)
	}
	q := issues.Where("severity", "==", p.severity)
	switch {
	case p.group == issue.Resolved:
		q = q.Where("state", "==", string(issue.Resolved))
	case f.State == "" || f.State == active:
		q = q.Where("resolvedAt", "==", issue.Unresolved)
	default:
		q = q.Where("state", "==", f.State)
	}
	for _, equal := range []struct{ field, value string }{{"slx", f.SLX}, {"resource", f.Resource}, {"task", f.Task}} {
		if equal.value != "" {
			q = q.Where(equal.field, "==", equal.value)
		}
	}
	if !f.From.IsZero() {
		q = q.Where("lastSeen", ">=", f.From)
	}
	if !f.To.IsZero() {
		q = q.Where("lastSeen", "<", f.To)
	}
	return q.OrderBy("lastSeen", firestore.Desc).OrderBy(firestore.DocumentID, firestore.Desc)
}

// matches reports whether an issue that the query of a phase found is in the phase.
func (f issueFilter) matches(i issue.Issue, p phase, at time.Time) bool {
	state := i.State(at)
	if p.group == withPrefix {
		return true
	}
	if p.group != issue.Ignored {
		return state != issue.Ignored && (f.State == "" || f.State == active || f.State == string(state))
	}
	return state == issue.Ignored &&
		(f.Severity == 0 || f.Severity == i.Severity) &&
		(f.SLX == "" || f.SLX == i.SLX) &&
		(f.Resource == "" || f.Resource == i.Resource) &&
		(f.Task == "" || f.Task == i.Task) &&
		!i.LastSeen.Before(f.From) &&
		(f.To.IsZero() || i.LastSeen.Before(f.To))
}

// key returns the time by which a phase orders an issue.
func (p phase) key(i issue.Issue) time.Time {
	if p.group == issue.Ignored {
		return i.Ignoring.Until
	}
	return i.LastSeen
}
