package issue

import (
	"time"

	"github.com/strongroom-dev/strongroom/shared/run"
)

// Check is a task on a resource, with what is known about all its runs. It is
// stored at tenants/{t}/workspaces/{w}/checks/{id}.
type Check struct {
	Task          string    `firestore:"task" class:"metadata"`
	SLX           string    `firestore:"slx" class:"metadata"` // of the newest run
	Resource      string    `firestore:"resource" class:"metadata"`
	Latest        time.Time `firestore:"latest" class:"metadata"`           // start of the newest conclusive run, which ended as success or failure; zero: none
	LatestCreated time.Time `firestore:"latestCreated" class:"operational"` // when the platform first heard of that run
	Last          LastRun   `firestore:"lastRun"`
	Runs          int       `firestore:"runs" class:"metadata"`      // number of folded runs
	Folded        time.Time `firestore:"folded" class:"operational"` // when the check was last written; the caller of Fold sets it
	Recent        []byte    `firestore:"recent" class:"metadata"`    // the newest MaxRecent runs, packed
}

// LastRun is the newest run of a check, by start and then by ID.
type LastRun struct {
	Run     run.ID      `firestore:"run" class:"operational"`
	Start   time.Time   `firestore:"start" class:"metadata"`
	End     time.Time   `firestore:"end" class:"metadata"`
	Outcome run.Outcome `firestore:"outcome" class:"metadata"`
}

// ID returns the check's ID.
func (c Check) ID() CheckID { return NewCheckID(c.Task, c.Resource) }
