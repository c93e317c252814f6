package assistant

import (
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/issue"
)

// filter narrows a list of issues. The zero filter is all of them.
type filter struct {
	State    string // an issue.State, or standing
	Severity int    // 1 to 4; 0: any
	SLX      string
	Resource string
	Task     string
	From, To time.Time // of the last sighting: [From, To); zero: open
}

// standing is what a filter calls all states but resolved and ignored.
const standing = "standing"

// phase is a stretch of a list that one query gives in order. A list is its
// phases one after the other: what stands, what is ignored, what is resolved;
// the first and the last severity by severity, newest first.
type phase struct {
	group    issue.State // standing, issue.Ignored or issue.Resolved
	severity int         // 0 where the group is ignored
}

func (f filter) phases() []phase {
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
		each(standing)
	}
	if f.State == "" || f.State == string(issue.Ignored) {
		phases = append(phases, phase{group: issue.Ignored})
	}
	if f.State == "" || f.State == string(issue.Resolved) {
		each(issue.Resolved)
	}
	return phases
}

// query finds what may belong to a phase. Few issues are ignored, each by a
// person: there, all other filters are applied to what is found.
func (f filter) query(issues firestore.Query, p phase, at time.Time) firestore.Query {
	if p.group == issue.Ignored {
		return issues.Where("ignored.until", ">", at).
			OrderBy("ignored.until", firestore.Asc).OrderBy(firestore.DocumentID, firestore.Asc)
	}
	q := issues.Where("severity", "==", p.severity)
	switch {
	case p.group == issue.Resolved:
		q = q.Where("state", "==", string(issue.Resolved))
	case f.State == "" || f.State == standing:
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

// has reports whether an issue that the query of a phase found belongs to it.
func (f filter) has(i issue.Issue, p phase, at time.Time) bool {
	state := stateAt(i, at)
	if p.group != issue.Ignored {
		return state != issue.Ignored && (f.State == "" || f.State == standing || f.State == string(state))
	}
	return state == issue.Ignored &&
		(f.Severity == 0 || f.Severity == i.Severity) &&
		(f.SLX == "" || f.SLX == i.SLX) &&
		(f.Resource == "" || f.Resource == i.Resource) &&
		(f.Task == "" || f.Task == i.Task) &&
		!i.LastSeen.Before(f.From) &&
		(f.To.IsZero() || i.LastSeen.Before(f.To))
}

// stateAt is where an issue is at a time. What a check's runs mean for its
// issues is written with them; only ignoring runs out by itself.
func stateAt(i issue.Issue, at time.Time) issue.State {
	if i.ResolvedAt.Before(issue.Unresolved) {
		return i.State(at, i.ResolvedAt)
	}
	return i.State(at, time.Time{})
}

// key is where an issue is within a phase.
func (p phase) key(i issue.Issue) time.Time {
	if p.group == issue.Ignored {
		return i.Ignoring.Until
	}
	return i.LastSeen
}
