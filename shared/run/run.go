package run

import (
	"slices"
	"time"
)

// Outcome is how a run ended. The zero Outcome is that of a run that has not.
type Outcome string

// The outcomes: the check passed, the check failed, the task itself broke, it
// took too long, a person or a shutdown stopped it.
const (
	Success  Outcome = "success"
	Failure  Outcome = "failure"
	Error    Outcome = "error"
	Timeout  Outcome = "timeout"
	Canceled Outcome = "canceled"
)

// State is where a run is in its life.
type State string

// The states of a run.
const (
	Running State = "running"
	Ended   State = "ended"
)

// Claim is what a run says it put out under one name.
type Claim struct {
	Output string `firestore:"output"`
	Parts  int    `firestore:"parts"` // number of parts, counted from part 1
}

// Run is the record of a run. Uploads may create it before its start is known.
type Run struct {
	ID      ID        `firestore:"id"`
	State   State     `firestore:"state"`
	Created time.Time `firestore:"created"` // when the platform first heard of it
	Start   Start     `firestore:"start"`
	End     End       `firestore:"end"`
	Settled bool      `firestore:"settled"` // ended, and every grant of a claimed part is decided

	Digest    string `firestore:"digest"`    // of the report, keyed; the same report is told again with the same
	Sightings int    `firestore:"sightings"` // reported, below the record
	Samples   int    `firestore:"samples"`   // reported, of all SLIs

	Check   string `firestore:"check"`   // hash of task and resource; empty until start and end are known
	Pending bool   `firestore:"pending"` // start and end are known, and no assistant has taken it in yet

	Due time.Time `firestore:"due"` // when the world is told of it again, if it is pending still; zero: it never was
}

// RetellAfter is how long a run may be pending before its event is published
// again: longer than Pub/Sub tries, which is some two and a half hours with 20
// attempts up to 10 minutes apart.
const RetellAfter = 3 * time.Hour

// Start is what a runner says when the task begins. The zero Start is unknown.
type Start struct {
	Task     string    `firestore:"task"`
	SLX      string    `firestore:"slx"`
	Resource string    `firestore:"resource"`
	Time     time.Time `firestore:"time"`
}

// End is what a runner reports when the task is over. The zero End is unknown.
type End struct {
	Outcome  Outcome   `firestore:"outcome"`
	ExitCode int       `firestore:"exitCode"`
	Time     time.Time `firestore:"time"`
	Claims   []Claim   `firestore:"claims"`
}

// Known reports whether the runner has told the start.
func (s Start) Known() bool { return !s.Time.IsZero() }

// Equal compares what the runner said.
func (s Start) Equal(o Start) bool {
	return s.Task == o.Task && s.SLX == o.SLX && s.Resource == o.Resource && s.Time.Equal(o.Time)
}

// Equal compares what the runner reported; both claim in the same order.
func (e End) Equal(o End) bool {
	return e.Outcome == o.Outcome && e.ExitCode == o.ExitCode && e.Time.Equal(o.Time) && slices.Equal(e.Claims, o.Claims)
}

// Parts is the number of parts that the run claims for output; 0 if it claims none.
func (e End) Parts(output string) int {
	for _, c := range e.Claims {
		if c.Output == output {
			return c.Parts
		}
	}
	return 0
}
