// Package outbox sees to it that what a commit decided is published: an entry
// is written in the same commit, published after it, and deleted once Pub/Sub
// has it. What a crash leaves is published by a relay. So each entry is
// published at least once, and whoever receives it must expect it twice.
package outbox

import (
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Collection is the name of the collection of entries, also as a group.
const Collection = "outbox"

// RunEvents is the topic of what happened to runs.
const RunEvents = "run-events"

// RunEnded is the kind of the event that a run's start and end are both known.
const RunEnded = "run.ended"

// Entry is a message to be published: references, never data. It rests at
// tenants/{t}/outbox/{id}.
type Entry struct {
	ID        string             `firestore:"-"`                         // document id, unique within the tenant
	Topic     string             `firestore:"topic" class:"operational"` // id of a topic in the platform's project
	Tenant    tenant.ID          `firestore:"tenant" class:"operational"`
	Workspace tenant.WorkspaceID `firestore:"workspace" class:"operational"`
	Run       run.ID             `firestore:"run" class:"operational"`
	Kind      string             `firestore:"kind" class:"operational"`
	Created   time.Time          `firestore:"created" class:"operational"`
}

// attributes are all that a message carries. It has no data.
type attributes struct {
	Tenant    tenant.ID          `attribute:"tenant" class:"operational"`
	Workspace tenant.WorkspaceID `attribute:"workspace" class:"operational"`
	Run       run.ID             `attribute:"run" class:"operational"`
	Kind      string             `attribute:"kind" class:"operational"`
	Entry     string             `attribute:"entry" class:"operational"`
}

var (
	_ = dataclass.Stored[Entry]("tenants/{tenant}/outbox/{entry}")
	_ = dataclass.Published[attributes](RunEvents, dataclass.Attribute)
)

// Ended is the event of a run whose start and end are known.
func Ended(t tenant.ID, w tenant.WorkspaceID, id run.ID, now time.Time) Entry {
	return Entry{ID: RunEnded + "-" + string(id), Topic: RunEvents, Tenant: t, Workspace: w, Run: id, Kind: RunEnded, Created: now}
}

// Write puts the entry into tx: it will be published if and only if tx commits.
func (e Entry) Write(tx *firestore.Transaction, db *firestore.Client) error {
	if err := tx.Set(e.ref(db), e); err != nil {
		return fmt.Errorf("write outbox entry: %w", err)
	}
	return nil
}

// Waiting finds the entries that were created before a time, oldest first.
func Waiting(db *firestore.Client, before time.Time) firestore.Query {
	return db.CollectionGroup(Collection).Where("created", "<", before).OrderBy("created", firestore.Asc)
}

func (e Entry) ref(db *firestore.Client) *firestore.DocumentRef {
	return db.Collection("tenants").Doc(string(e.Tenant)).Collection(Collection).Doc(e.ID)
}

// attributes returns the fields of the type attributes by name.
func (e Entry) attributes() map[string]string {
	return map[string]string{
		"tenant": string(e.Tenant), "workspace": string(e.Workspace), "run": string(e.Run),
		"kind": e.Kind, "entry": e.ID,
	}
}

func decode(doc *firestore.DocumentSnapshot) (Entry, error) {
	var e Entry
	if err := doc.DataTo(&e); err != nil {
		return Entry{}, fmt.Errorf("read outbox entry: %w", err)
	}
	e.ID = doc.Ref.ID
	if e.Topic == "" || doc.Ref.Parent.Parent.ID != string(e.Tenant) {
		return Entry{}, fmt.Errorf("read outbox entry: it names no topic, or another tenant")
	}
	return e, nil
}
