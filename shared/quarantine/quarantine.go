// Package quarantine records the messages that functions permanently reject, so
// that the platform's staff can find out why and send them again.
package quarantine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
)

// Record describes a permanently rejected message. It has references and codes, and
// neither data nor free text. It is in the platform's database, at
// quarantine/{function}-{message}.
type Record struct {
	Function   string            `firestore:"function" class:"operational"`
	Message    string            `firestore:"message" class:"operational"`    // ID that Pub/Sub set
	Code       string            `firestore:"code" class:"operational"`       // reason, as passed to event.Refuse
	References map[string]string `firestore:"references" class:"operational"` // the attributes that identify something
	Published  time.Time         `firestore:"published" class:"operational"`
	Found      time.Time         `firestore:"found,omitempty" class:"operational"`   // zero: the message was replayed
	Expires    time.Time         `firestore:"expires,omitempty" class:"operational"` // Firestore deletes the record after it; zero: never
}

// keepReplayed is how long the record of a replayed message is kept. Firestore deletes
// it up to a day later: cloud.google.com/firestore/docs/ttl.
const keepReplayed = 24 * time.Hour

// MarkReplayed takes at most 500 records out of the quarantine in one commit: Find
// does not find them any more.
func MarkReplayed(ctx context.Context, db *firestore.Client, records []*firestore.DocumentRef, now time.Time) error {
	err := db.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		for _, ref := range records {
			err := tx.Set(ref, map[string]any{"found": firestore.Delete, "expires": now.Add(keepReplayed)}, firestore.MergeAll)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("mark messages as replayed: %w", err)
	}
	return nil
}

var _ = dataclass.Stored[Record]("quarantine/{record}")

// Recorder records the messages that a function permanently rejects, before they
// are acknowledged.
type Recorder struct {
	Function   string
	References []string // names of the attributes to record
	Clients    *gcp.Clients
	Now        func() time.Time
}

// Wrap returns a handler that calls handle and records the messages that it rejects.
// It also records malformed messages, without calling handle. If a rejection cannot
// be recorded, the error is transient, so the message is redelivered.
func (r Recorder) Wrap(handle event.Handler) event.Handler {
	return func(ctx context.Context, m event.Message) error {
		err := m.Malformed
		if err == nil {
			err = handle(ctx, m)
		}
		if !event.IsPermanent(err) {
			return err
		}
		if failed := r.write(ctx, m, event.Code(err)); failed != nil {
			return fmt.Errorf("record rejected message: %w", failed)
		}
		return err
	}
}

func (r Recorder) write(ctx context.Context, m event.Message, code string) error {
	db, err := r.Clients.Default(ctx)
	if err != nil {
		return err
	}
	record := Record{
		Function:   r.Function,
		Message:    m.ID,
		Code:       code,
		References: map[string]string{},
		Published:  m.Published,
		Found:      r.Now(),
	}
	for _, name := range r.References {
		if value, ok := m.Attributes[name]; ok && len(value) <= maxReference {
			record.References[name] = value
		}
	}
	// Set and not Create: a redelivered message has the same record.
	_, err = collection(db).Doc(record.id()).Set(ctx, record)
	return err
}

// maxReference limits one reference, in bytes. The longest one is the name of an
// object: cloud.google.com/storage/docs/objects#naming.
const maxReference = 1024

var plainID = lazyregexp.New(`^[A-Za-z0-9-]{1,128}$`)

// id returns the ID of the record's document. The message IDs of Pub/Sub are
// decimal numbers, but that is not documented.
func (r Record) id() string {
	if plainID.MatchString(r.Message) {
		return r.Function + "-" + r.Message
	}
	sum := sha256.Sum256([]byte(r.Message))
	return r.Function + "-" + hex.EncodeToString(sum[:])
}

// Filter selects records. An empty field selects all.
type Filter struct {
	Function string
	Code     string
	Before   time.Time // found before this time
}

// Find returns the query for records, oldest first. db is the platform's database.
func Find(db *firestore.Client, f Filter) firestore.Query {
	query := collection(db).Query
	if f.Function != "" {
		query = query.Where("function", "==", f.Function)
	}
	if f.Code != "" {
		query = query.Where("code", "==", f.Code)
	}
	if !f.Before.IsZero() {
		query = query.Where("found", "<", f.Before)
	}
	return query.OrderBy("found", firestore.Asc).OrderBy(firestore.DocumentID, firestore.Asc)
}

// Decode decodes a result of Find.
func Decode(doc *firestore.DocumentSnapshot) (Record, error) {
	var r Record
	if err := doc.DataTo(&r); err != nil {
		return Record{}, fmt.Errorf("read quarantine record: %w", err)
	}
	return r, nil
}

func collection(db *firestore.Client) *firestore.CollectionRef { return db.Collection("quarantine") }
