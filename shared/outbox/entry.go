// Package outbox publishes a message if and only if a commit succeeds. Each message
// is published at least once, so a receiver must expect duplicates.
//
// For example, a run ends:
//
//  1. The transaction that records the end also writes an entry, with Write. If the
//     transaction fails, there is no entry, so nothing is published.
//  2. After the commit, the function calls Publish. It publishes the message and
//     marks the entry as published: the entry is not Pending any more, and Firestore
//     deletes it a day later (TTL). So no function needs permission to delete.
//  3. If the function crashes between the two, or Pub/Sub does not respond, the
//     entry stays pending. Each minute, the function sweep finds such entries with Pending
//     and publishes them with Relay.
//
// The message of a run that has ended is published with Notify, which does not mark the
// entry. The commit that folds the run marks it, with WriteFolded, so that the runner
// does not wait for that. Until then, the entry is pending.
//
// A crash between publishing and marking publishes the message twice, and so does a receiver
// that is slow. The opposite order would lose it. A message has references only, so it can be published again
// at any time without being out of date.
//
// infra/adr/0007-runs-are-folded.md says what receives these messages.
package outbox

import (
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Collection is the name of the collection, and of the collection group, of entries.
const Collection = "outbox"

// The topics of messages.
const (
	RunEvents    = "run-events"    // of runs
	ExportParts  = "export-parts"  // of parts of exports that are to be written
	ConfigEvents = "config-events" // of configurations
)

// RunEnded is the kind of the event that both the start and the end of a run are
// known.
const RunEnded = "run.ended"

// ConfigMoved is the kind of the event that another commit is in effect.
const ConfigMoved = "config.moved"

// Entry is a message that is to be published. It has references and no data.
type Entry struct {
	ID        string             `firestore:"-"`                         // document ID, unique within the tenant
	Topic     string             `firestore:"topic" class:"operational"` // ID of a topic in the platform's project
	Tenant    tenant.ID          `firestore:"tenant" class:"operational"`
	Workspace tenant.WorkspaceID `firestore:"workspace" class:"operational"`
	Run       run.ID             `firestore:"run" class:"operational"`
	Kind      string             `firestore:"kind" class:"operational"`
	Check     string             `firestore:"-"`                                     // of the run, if the publisher knows it; it saves the receiver a read
	Export    export.ID          `firestore:"export" class:"operational"`            // of a part; otherwise empty
	Part      string             `firestore:"part" class:"operational"`              // ID of a part; otherwise empty
	Created   time.Time          `firestore:"created,omitempty" class:"operational"` // zero: the message is published
	Expires   time.Time          `firestore:"expires,omitempty" class:"operational"` // Firestore deletes the entry after it; zero: never
}

// keepPublished is how long the entry of a published message is kept. Firestore
// deletes it up to a day later: cloud.google.com/firestore/docs/ttl.
const keepPublished = 24 * time.Hour

// partAttributes are all that a message of ExportParts carries. It has no data.
type partAttributes struct {
	Tenant tenant.ID `attribute:"tenant" class:"operational"`
	Export export.ID `attribute:"export" class:"operational"`
	Part   string    `attribute:"part" class:"operational"`
	Entry  string    `attribute:"entry" class:"operational"`
}

// configAttributes are all that a message of ConfigEvents carries. It has no data.
type configAttributes struct {
	Tenant    tenant.ID          `attribute:"tenant" class:"operational"`
	Workspace tenant.WorkspaceID `attribute:"workspace" class:"operational"`
	Kind      string             `attribute:"kind" class:"operational"`
	Entry     string             `attribute:"entry" class:"operational"`
}

// attributes are all that a message of RunEvents carries. It has no data.
type attributes struct {
	Tenant    tenant.ID          `attribute:"tenant" class:"operational"`
	Workspace tenant.WorkspaceID `attribute:"workspace" class:"operational"`
	Run       run.ID             `attribute:"run" class:"operational"`
	Kind      string             `attribute:"kind" class:"operational"`
	Entry     string             `attribute:"entry" class:"operational"`
	Check     string             `attribute:"check" class:"operational"` // absent: a relay published the message
}

var (
	_ = dataclass.Stored[Entry]("tenants/{tenant}/outbox/{entry}")
	_ = dataclass.Published[attributes](RunEvents, dataclass.Attribute)
	_ = dataclass.Published[partAttributes](ExportParts, dataclass.Attribute)
	_ = dataclass.Published[configAttributes](ConfigEvents, dataclass.Attribute)
)

// NewRunEnded returns the entry of a run whose start and end are known.
func NewRunEnded(t tenant.ID, w tenant.WorkspaceID, id run.ID, now time.Time) Entry {
	return Entry{
		ID:        RunEnded + "-" + string(id),
		Topic:     RunEvents,
		Tenant:    t,
		Workspace: w,
		Run:       id,
		Kind:      RunEnded,
		Created:   now,
	}
}

// NewExportPart returns the entry of a part of an export that is to be written.
func NewExportPart(t tenant.ID, id export.ID, part string, now time.Time) Entry {
	return Entry{
		ID:      "export-part-" + string(id) + "-" + part,
		Topic:   ExportParts,
		Tenant:  t,
		Export:  id,
		Part:    part,
		Created: now,
	}
}

// NewConfigMoved returns the entry of a configuration of which another commit is in effect.
func NewConfigMoved(t tenant.ID, w tenant.WorkspaceID, commit string, now time.Time) Entry {
	return Entry{
		ID:        ConfigMoved + "-" + string(w) + "-" + commit,
		Topic:     ConfigEvents,
		Tenant:    t,
		Workspace: w,
		Kind:      ConfigMoved,
		Created:   now,
	}
}

// Write adds the entry to tx, so it is published if and only if tx commits.
func (e Entry) Write(tx *firestore.Transaction, db *firestore.Client) error {
	if err := tx.Set(e.ref(db), e); err != nil {
		return fmt.Errorf("write outbox entry: %w", err)
	}
	return nil
}

// markPublished adds to tx that the message of the entry is published.
func (e Entry) markPublished(tx *firestore.Transaction, db *firestore.Client) error {
	return tx.Set(e.ref(db), map[string]any{"created": firestore.Delete, "expires": e.Created.Add(keepPublished)}, firestore.MergeAll)
}

// WriteFolded adds to tx that a run is folded, so that the message of its end need not be
// published again.
func WriteFolded(tx *firestore.Transaction, db *firestore.Client, t tenant.ID, w tenant.WorkspaceID, id run.ID, now time.Time) error {
	if err := NewRunEnded(t, w, id, now).markPublished(tx, db); err != nil {
		return fmt.Errorf("mark outbox entry of a folded run: %w", err)
	}
	return nil
}

// Pending returns the query for the entries that are not published and were created
// before a time, oldest first.
func Pending(db *firestore.Client, before time.Time) firestore.Query {
	return db.CollectionGroup(Collection).Where("created", "<", before).OrderBy("created", firestore.Asc)
}

func (e Entry) ref(db *firestore.Client) *firestore.DocumentRef {
	return db.Collection("tenants").Doc(string(e.Tenant)).Collection(Collection).Doc(e.ID)
}

// attributes returns the fields of the type of the topic's attributes by name.
func (e Entry) attributes() map[string]string {
	switch e.Topic {
	case ExportParts:
		return map[string]string{"tenant": string(e.Tenant), "export": string(e.Export), "part": e.Part, "entry": e.ID}
	case ConfigEvents:
		return map[string]string{"tenant": string(e.Tenant), "workspace": string(e.Workspace), "kind": e.Kind, "entry": e.ID}
	}
	all := map[string]string{
		"tenant": string(e.Tenant), "workspace": string(e.Workspace), "run": string(e.Run),
		"kind": e.Kind, "entry": e.ID,
	}
	if e.Check != "" {
		all["check"] = e.Check
	}
	return all
}

func decode(doc *firestore.DocumentSnapshot) (Entry, error) {
	var e Entry
	if err := doc.DataTo(&e); err != nil {
		return Entry{}, fmt.Errorf("read outbox entry: %w", err)
	}
	e.ID = doc.Ref.ID
	if e.Topic == "" || doc.Ref.Parent.Parent.ID != string(e.Tenant) {
		return Entry{}, fmt.Errorf("read outbox entry: it has no topic, or the ID of another tenant")
	}
	return e, nil
}
