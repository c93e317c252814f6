package issue

import (
	"time"

	"github.com/strongroom-dev/strongroom/shared/run"
)

// State is where an issue is in its life. The zero State is none.
type State string

// The states. All but Resolved and Ignored are those of an issue that stands.
const (
	Detected     State = "detected"     // one run has seen it
	Open         State = "open"         // more runs have
	Investigated State = "investigated" // a person looks after it
	Reopened     State = "reopened"     // it was resolved, and is back
	Resolved     State = "resolved"     // a later run of its check looked and did not find it
	Ignored      State = "ignored"      // a person said so, until a time
)

// Standing is the ResolvedAt of an issue that is not resolved: later than any
// time, so that one query finds what a run may concern.
var Standing = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// Issue is a finding that persists over runs. Times of runs are their starts.
// It lies at tenants/{t}/workspaces/{w}/issues/{id}.
type Issue struct {
	ID       ID      `firestore:"fingerprint"`
	Check    CheckID `firestore:"check"`
	Task     string  `firestore:"task"` // of the newest run that saw it, as are SLX and Resource
	SLX      string  `firestore:"slx"`
	Resource string  `firestore:"resource"`

	Severity        int       `firestore:"severity"` // of the newest sighting
	SeverityFlagged bool      `firestore:"severityFlagged"`
	ObservedAt      time.Time `firestore:"observedAt"` // of the newest sighting; zero: not told

	FirstSeen  time.Time `firestore:"firstSeen"`
	LastSeen   time.Time `firestore:"lastSeen"`   // start of LastRun
	LastRun    run.ID    `firestore:"lastRun"`    // the newest run that saw it, by start and then id
	LastNumber int       `firestore:"lastNumber"` // of the newest sighting, its last one in LastRun
	Sightings  int       `firestore:"sightings"`  // each counted once
	Runs       int       `firestore:"runs"`       // that saw it

	Life       State     `firestore:"state"`      // as of the last fold; never Ignored, which depends on the time: see State
	Since      time.Time `firestore:"since"`      // first seen since it was last resolved
	ResolvedAt time.Time `firestore:"resolvedAt"` // start of the first run after LastSeen that looked and did not find it; Standing: none
	Reopened   int       `firestore:"reopened"`   // how often it came back

	Investigation *Investigation `firestore:"investigated"` // nil: nobody looks after it
	Ignoring      *Ignoring      `firestore:"ignored"`      // nil: nobody said so

	Past Past   `firestore:"past"`
	Text []byte `firestore:"text"` // sealed: see Text
}

// Investigation is a person's word that they look after an issue. It holds
// until the issue is resolved.
type Investigation struct {
	By string    `firestore:"by"`
	At time.Time `firestore:"at"`
}

// Ignoring is a person's word that an issue is to be left alone for a time.
type Ignoring struct {
	By    string    `firestore:"by"`
	At    time.Time `firestore:"at"`
	Until time.Time `firestore:"until"`
}

// State is where the issue is at the time now, when latest is the Latest of its
// check: what the issue says as it rests may be older than that.
func (i Issue) State(now, latest time.Time) State {
	switch {
	case i.Ignoring != nil && i.Ignoring.Until.After(now):
		return Ignored
	case latest.After(i.LastSeen):
		return Resolved
	}
	return i.standing()
}

// standing is the state of an issue that is not resolved.
func (i Issue) standing() State {
	switch {
	case i.Investigation != nil && !i.Investigation.At.Before(i.Since):
		return Investigated
	case i.Reopened > 0:
		return Reopened
	case i.Runs == 1:
		return Detected
	}
	return Open
}

// life is the state by what the issue itself holds.
func (i Issue) life() State {
	if i.ResolvedAt.Before(Standing) {
		return Resolved
	}
	return i.standing()
}

// Investigate gives the issue as it is after a person said that they look after
// it. Of two such words the later counts, in whatever order they come.
func (i Issue) Investigate(by string, at time.Time) Issue {
	if i.Investigation == nil || at.After(i.Investigation.At) {
		i.Investigation = &Investigation{by, storable(at)}
	}
	i.Life = i.life()
	return i
}

// Ignore gives the issue as it is after a person said to leave it alone until a
// time; one that is past ends the ignoring. Of two such words the later counts.
func (i Issue) Ignore(by string, at, until time.Time) Issue {
	if i.Ignoring == nil || at.After(i.Ignoring.At) {
		i.Ignoring = &Ignoring{by, storable(at), storable(until)}
	}
	return i
}
