// Package quarantine keeps the records of messages that functions refused for
// good, so that somebody can look into them and have them sent again.
package quarantine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// Record is of a message that was refused for good: references and
// codes, no data and no free text. It rests in the platform's own database, at
// quarantine/{function}-{message}.
type Record struct {
	Function   string            `firestore:"function" class:"operational"`
	Message    string            `firestore:"message" class:"operational"`    // Pub/Sub's id
	Code       string            `firestore:"code" class:"operational"`       // why, as event.Refuse had it
	References map[string]string `firestore:"references" class:"operational"` // those of the attributes that name something
	Published  time.Time         `firestore:"published" class:"operational"`
	Found      time.Time         `firestore:"found" class:"operational"`
}

var _ = dataclass.Stored[Record]("quarantine/{record}")

// Keeper puts what a function refuses for good on record, before it is
// acknowledged.
type Keeper struct {
	Function   string
	References []string // names of the attributes that are kept
	Clients    *gcp.Clients
	Now        func() time.Time
}

// Guard is handle with its refusals on record, and those of malformed messages,
// which handle does not see. A refusal that cannot be recorded is a fault that
// may pass: the message is delivered again.
func (k Keeper) Guard(handle event.Handler) event.Handler {
	return func(ctx context.Context, m event.Message) error {
		err := m.Malformed
		if err == nil {
			err = handle(ctx, m)
		}
		if !event.IsPermanent(err) {
			return err
		}
		if failed := k.put(ctx, m, event.Code(err)); failed != nil {
			return fmt.Errorf("record a refusal: %w", failed)
		}
		return err
	}
}

func (k Keeper) put(ctx context.Context, m event.Message, code string) error {
	db, err := k.Clients.Default(ctx)
	if err != nil {
		return err
	}
	refused := Record{
		Function: k.Function, Message: m.ID, Code: code, References: map[string]string{},
		Published: m.Published, Found: k.Now(),
	}
	for _, name := range k.References {
		if value, ok := m.Attributes[name]; ok && len(value) <= maxReference {
			refused.References[name] = value
		}
	}
	// Set, not Create: a message that comes again is the same record.
	_, err = collection(db).Doc(refused.id()).Set(ctx, refused)
	return err
}

// maxReference bounds one reference, in bytes; the longest that means anything
// is an object's name: cloud.google.com/storage/docs/objects#naming.
const maxReference = 1024

var plainID = regexp.MustCompile(`^[A-Za-z0-9-]{1,128}$`)

// id names the record. Pub/Sub's ids are decimal, but nothing promises it.
func (r Record) id() string {
	if plainID.MatchString(r.Message) {
		return r.Function + "-" + r.Message
	}
	sum := sha256.Sum256([]byte(r.Message))
	return r.Function + "-" + hex.EncodeToString(sum[:])
}

// Filter narrows records. Empty fields narrow nothing.
type Filter struct {
	Function string
	Code     string
	Before   time.Time // found earlier than then
}

// Find finds records, the oldest first; db is the platform's own database.
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

// Decode reads what Find found.
func Decode(doc *firestore.DocumentSnapshot) (Record, error) {
	var r Record
	if err := doc.DataTo(&r); err != nil {
		return Record{}, fmt.Errorf("read quarantine: %w", err)
	}
	return r, nil
}

func collection(db *firestore.Client) *firestore.CollectionRef { return db.Collection("quarantine") }
