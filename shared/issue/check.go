package issue

import (
	"time"

	"github.com/strongroom-dev/strongroom/shared/run"
)

// Check is a task on a resource: what is known of all its runs. It lies at
// tenants/{t}/workspaces/{w}/checks/{id}.
type Check struct {
	Task     string    `firestore:"task"`
	SLX      string    `firestore:"slx"` // of the newest run
	Resource string    `firestore:"resource"`
	Latest   time.Time `firestore:"latest"` // start of the newest run that ended as success or failure; zero: none
	Last     LastRun   `firestore:"lastRun"`
	Runs     int       `firestore:"runs"`   // folded into it
	Folded   time.Time `firestore:"folded"` // when, by the one who folds; Fold leaves it alone
	Recent   []byte    `firestore:"recent"` // the newest MaxRecent runs, packed
}

// LastRun is the newest run of a check, by start and then id.
type LastRun struct {
	Run     run.ID      `firestore:"run"`
	Start   time.Time   `firestore:"start"`
	End     time.Time   `firestore:"end"`
	Outcome run.Outcome `firestore:"outcome"`
}

// ID names the check.
func (c Check) ID() CheckID { return NewCheckID(c.Task, c.Resource) }
