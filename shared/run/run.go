package run

import "time"

// Outcome is how a run ended. The zero Outcome is that of a run that has not
// ended.
type Outcome string

// The outcomes.
const (
	Success  Outcome = "success"  // the check passed
	Failure  Outcome = "failure"  // the check failed
	Error    Outcome = "error"    // the task itself broke
	Timeout  Outcome = "timeout"  // the task took too long
	Canceled Outcome = "canceled" // a person or a shutdown stopped the task
)

// State is the state of a run.
type State string

// The states of a run.
const (
	Running State = "running"
	Ended   State = "ended" // the report is recorded
	Lost    State = "lost"  // the runner has not called for the time of a Lease; its next call ends this state
)

// Claim is a run's statement of what it produced under one name.
type Claim struct {
	Output string `firestore:"output" class:"operational"`
	Parts  int    `firestore:"parts" class:"operational"` // number of parts, counted from part 1; 0: the output is empty
}

// Run is the record of a run. An upload may create it before its start is known.
type Run struct {
	ID      ID        `firestore:"id" class:"operational"`
	State   State     `firestore:"state" class:"metadata"`
	Created time.Time `firestore:"created" class:"operational"` // when the platform first heard of the run: its start, an upload or its report
	// Reported is when the platform received the report. Zero means not yet.
	Reported time.Time `firestore:"reported" class:"operational"`

	Owner Owner `firestore:"owner"`

	// Bucket has all output of the run, also if the tenant's storage changes. Empty: the run
	// is older than this field, see tenant.Record.BucketOf.
	Bucket string `firestore:"bucket" class:"operational"`

	Start Start `firestore:"start"`
	End   End   `firestore:"end"`
	// LeaseExpires is when the run is lost if its runner does not call before. It
	// has no meaning if the run has ended.
	LeaseExpires time.Time `firestore:"leaseExpires" class:"operational"`

	FollowedUntil time.Time `firestore:"followedUntil" class:"operational"` // a reader follows an output of the run until then, at least; zero: none did

	GrantsFinal bool `firestore:"grantsFinal" class:"operational"` // the run has ended, none of its grants is pending, and the audit log has their final states

	Digest    string `firestore:"digest" class:"operational"` // keyed hash of the report; a repeated report has the same digest
	Sightings int    `firestore:"sightings" class:"metadata"` // number of sightings, stored below the record
	Samples   int    `firestore:"samples" class:"metadata"`   // number of samples, of all SLIs
	LeftOut   int    `firestore:"leftOut" class:"metadata"`   // number of invalid members of the report, which are not stored

	Check   string `firestore:"check" class:"operational"`   // hash of task and resource; empty until the run is complete
	Pending bool   `firestore:"pending" class:"operational"` // the run is complete, and is not yet folded into its check and its SLIs

	IssuesFolded bool `firestore:"issuesFolded" class:"operational"` // while Pending: the run is folded into its check and its issues, and only its samples wait

	RepublishAt time.Time `firestore:"republishAt" class:"operational"` // when the run's event is published again, if the run is still pending; zero: the run is not complete

	ExpireTime time.Time `firestore:"expireTime,omitempty" class:"operational"` // Firestore deletes the document some time after that; zero: it is not due, see package retention
}

// RepublishAfter is how long a run may be pending before its event is published
// again. It is longer than Pub/Sub retries: 20 attempts that are up to 10
// minutes apart take about two and a half hours.
const RepublishAfter = 3 * time.Hour

// Complete reports whether both the start and the end of the run are known.
func (r Run) Complete() bool { return r.Start.Known() && r.State == Ended }

// Sealed reports whether the run's report is recorded. The report says which
// parts belong to the run, so no other part can be granted or read as output
// afterwards. A run that ended without a report is not sealed.
func (r Run) Sealed() bool { return r.State == Ended && r.Digest != "" }

// Start is what a runner records when the task begins. The zero Start is
// unknown.
type Start struct {
	Task     string    `firestore:"task" class:"metadata"`
	SLX      string    `firestore:"slx" class:"metadata"`
	Resource string    `firestore:"resource" class:"metadata"`
	Time     time.Time `firestore:"time" class:"metadata"`
}

// End is what a runner reports when the task is over. The zero End is unknown.
type End struct {
	Outcome  Outcome   `firestore:"outcome" class:"metadata"`
	ExitCode int       `firestore:"exitCode" class:"metadata"`
	Time     time.Time `firestore:"time" class:"metadata"`
	Claims   []Claim   `firestore:"claims"`
	// FilesLeftOut is the number of the task's files that the runner did not upload,
	// for example because their names cannot be those of outputs.
	FilesLeftOut int `firestore:"filesLeftOut" class:"metadata"`
}

// Known reports whether the start is recorded.
func (s Start) Known() bool { return !s.Time.IsZero() }

// Equal reports whether two starts have the same values. It compares whole
// structs, because a second start that differs in a field that is not compared
// would be acknowledged and lost.
func (s Start) Equal(o Start) bool {
	s.Time, o.Time = s.Time.Round(0).UTC(), o.Time.Round(0).UTC()
	return s == o
}

// Parts returns the number of parts that the run claims for output, or 0 if it
// does not claim the output, or claims that it is empty.
func (e End) Parts(output string) int {
	parts, _ := e.Claim(output)
	return parts
}

// Claim returns the number of parts that the run claims for output, and whether the
// run claims the output at all.
func (e End) Claim(output string) (parts int, claimed bool) {
	for _, c := range e.Claims {
		if c.Output == output {
			return c.Parts, true
		}
	}
	return 0, false
}
