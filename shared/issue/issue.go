package issue

import (
	"time"

	"github.com/strongroom-dev/strongroom/shared/run"
)

// State is the state of an issue. The zero State is not valid.
type State string

// The states. An issue in any state except Resolved and Ignored is active.
const (
	Detected     State = "detected"     // one run has seen it
	Open         State = "open"         // several runs have seen it
	Investigated State = "investigated" // a person is working on it
	Reopened     State = "reopened"     // a run saw it after it was resolved
	Resolved     State = "resolved"     // a later conclusive run of its check did not see it
	Ignored      State = "ignored"      // a person ignores it until a certain time
)

// Unresolved is the ResolvedAt of an issue that is not resolved. It is later
// than any other time, so that one range query finds the unresolved issues and
// those that were resolved after a certain time.
var Unresolved = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// Issue is a finding that persists across runs. The time of a run is its start.
// An issue is stored at tenants/{t}/workspaces/{w}/issues/{id}.
type Issue struct {
	ID       ID      `firestore:"fingerprint" class:"operational"`
	Check    CheckID `firestore:"check" class:"operational"`
	Task     string  `firestore:"task" class:"metadata"` // of the newest run that saw it; the same run for SLX and Resource
	SLX      string  `firestore:"slx" class:"metadata"`
	Resource string  `firestore:"resource" class:"metadata"`

	Severity        int       `firestore:"severity" class:"metadata"` // of the worst sighting in LastRun
	SeverityFlagged bool      `firestore:"severityFlagged" class:"metadata"`
	ObservedAt      time.Time `firestore:"observedAt" class:"metadata"` // of that sighting; zero: unknown

	FirstSeen    time.Time `firestore:"firstSeen" class:"metadata"`
	LastSeen     time.Time `firestore:"lastSeen" class:"metadata"`        // start of LastRun
	LastRun      run.ID    `firestore:"lastRun" class:"operational"`      // the newest run that saw it, by start and then by ID
	LastNumber   int       `firestore:"lastNumber" class:"metadata"`      // number of the worst sighting in LastRun, of several the last one
	LastReported time.Time `firestore:"lastReported" class:"operational"` // when the platform received the newest report of a run that saw it
	Sightings    int       `firestore:"sightings" class:"metadata"`       // each counted once
	Runs         int       `firestore:"runs" class:"metadata"`            // number of runs that saw it

	StoredState     State     `firestore:"state" class:"metadata"`              // as of the last fold; never Ignored, which depends on the current time
	Since           time.Time `firestore:"since" class:"metadata"`              // first seen since it was last resolved
	ResolvedAt      time.Time `firestore:"resolvedAt" class:"metadata"`         // start of the first run that resolves it, or Unresolved
	ResolvedCreated time.Time `firestore:"resolvedCreated" class:"operational"` // when the platform first heard of that run; zero: not resolved
	Reopened        int       `firestore:"reopened" class:"metadata"`           // how often it was seen again after it was resolved

	Investigation *Investigation `firestore:"investigated"` // nil: nobody has investigated it
	Ignoring      *Ignoring      `firestore:"ignored"`      // nil: nobody has ignored it

	History SightingHistory `firestore:"history"`
	Text    []byte          `firestore:"text" class:"text"` // title and line of the sighting LastNumber, sealed

	IgnoreReason []byte `firestore:"ignoreReason,omitempty" class:"text"` // why it is ignored, sealed; empty: nobody gave a reason

	ExpireTime time.Time `firestore:"expireTime,omitempty" class:"operational"` // Firestore deletes the document some time after that; zero: it is not due, see package retention
}

// Investigation records that a person works on an issue. It ends when the issue
// is resolved.
type Investigation struct {
	By string    `firestore:"by" class:"metadata"`
	At time.Time `firestore:"at" class:"metadata"`
}

// Ignoring records that a person ignores an issue until a certain time.
type Ignoring struct {
	By    string    `firestore:"by" class:"metadata"`
	At    time.Time `firestore:"at" class:"metadata"`
	Until time.Time `firestore:"until" class:"metadata"`
}

// State returns the state of the issue at the time now.
func (i Issue) State(now time.Time) State {
	if i.Ignoring != nil && i.Ignoring.Until.After(now) {
		return Ignored
	}
	return i.storedState()
}

// activeState returns the state of an issue that is not resolved.
func (i Issue) activeState() State {
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

// storedState returns the state that follows from the issue's own fields.
func (i Issue) storedState() State {
	if i.ResolvedAt.Before(Unresolved) {
		return Resolved
	}
	return i.activeState()
}

// Investigate returns the issue after a person started to work on it. If two
// people do, the later one counts, in whatever order the calls come.
func (i Issue) Investigate(by string, at time.Time) Issue {
	if i.Investigation == nil || at.After(i.Investigation.At) {
		i.Investigation = &Investigation{By: by, At: storable(at)}
	}
	i.StoredState = i.storedState()
	return i
}

// Ignore returns the issue after a person ignored it until a certain time, with a
// sealed reason that may be empty. A time in the past ends an earlier Ignore. Of two
// calls, the later at counts.
func (i Issue) Ignore(by string, at, until time.Time, reason []byte) Issue {
	if i.Ignoring == nil || at.After(i.Ignoring.At) {
		i.Ignoring = &Ignoring{By: by, At: storable(at), Until: storable(until)}
		i.IgnoreReason = reason
	}
	return i
}
