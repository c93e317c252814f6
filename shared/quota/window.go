package quota

import (
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// The collections of a tenant.
const (
	UsageCollection   = "usage"          // a document for each day, and for each day and workspace with quotas of its own
	MinutesCollection = "requestMinutes" // a document for each minute in which a process needed a lease
)

// How long documents are kept.
const (
	keepDays    = 400 * 24 * time.Hour
	keepMinutes = time.Hour
)

// period is how long the windows of an account are.
type period struct {
	name       string
	length     time.Duration
	collection string
	format     string // of a document's ID
	keep       time.Duration
}

var (
	daily    = period{name: "day", length: 24 * time.Hour, collection: UsageCollection, format: time.DateOnly, keep: keepDays}
	minutely = period{name: "minute", length: time.Minute, collection: MinutesCollection, format: "2006-01-02T15:04Z", keep: keepMinutes}
)

// begin returns when the window at a time began.
func (p period) begin(at time.Time) time.Time { return at.UTC().Truncate(p.length) }

// ref returns the document of a window. If the workspace is not empty, it counts that workspace only.
func (p period) ref(db *firestore.Client, t tenant.ID, w tenant.WorkspaceID, begin time.Time) *firestore.DocumentRef {
	id := begin.Format(p.format)
	if w != "" {
		id += "." + string(w)
	}
	return db.Collection("tenants").Doc(string(t)).Collection(p.collection).Doc(id)
}
