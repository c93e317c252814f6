// Package quarantine keeps the records of messages that functions refused for
// good, so that somebody can look into them and publish them again.
package quarantine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/iterator"

	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// Record is of a message that was refused for good: references and
// codes, no data and no free text. It rests in the platform's own database, at
// quarantine/{function}-{message}.
type Record struct {
	Function   string            `firestore:"function"`
	Message    string            `firestore:"message"`    // Pub/Sub's id
	Code       string            `firestore:"code"`       // why, as event.Refuse had it
	References map[string]string `firestore:"references"` // those of the attributes that name something
	Published  time.Time         `firestore:"published"`
	Found      time.Time         `firestore:"found"`
}

// Keeper puts what a function refuses for good on record, before it is
// acknowledged.
type Keeper struct {
	Function   string
	References []string // names of the attributes that are kept
	Clients    *gcp.Clients
	Now        func() time.Time
}

// Guard is handle with its refusals on record, and those of malformed messages,
// which handle does not see. A refusal that cannot be
// recorded is a fault that may pass: the message is delivered again.
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

// Delete takes a record away, after its message was published again.
func (r Record) Delete(ctx context.Context, db *firestore.Client) error {
	if _, err := collection(db).Doc(r.id()).Delete(ctx); err != nil {
		return fmt.Errorf("delete from quarantine: %w", err)
	}
	return nil
}

// Of gives what a function refused, oldest first; db is the platform's
// own database.
func Of(ctx context.Context, db *firestore.Client, function string) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		docs := collection(db).Where("function", "==", function).OrderBy("found", firestore.Asc).Documents(ctx)
		defer docs.Stop()
		for {
			doc, err := docs.Next()
			if errors.Is(err, iterator.Done) {
				return
			}
			var r Record
			if err == nil {
				err = doc.DataTo(&r)
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

func collection(db *firestore.Client) *firestore.CollectionRef { return db.Collection("quarantine") }
