package event

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

	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// Refused is the record of a message that was refused for good: references and
// codes, no data and no free text. It rests in the platform's own database, at
// quarantine/{function}-{message}.
type Refused struct {
	Function   string            `firestore:"function"`
	Message    string            `firestore:"message"`    // Pub/Sub's id
	Code       string            `firestore:"code"`       // why, as Refuse had it
	References map[string]string `firestore:"references"` // those of the attributes that name something
	Published  time.Time         `firestore:"published"`
	Found      time.Time         `firestore:"found"`
}

// refusal is a permanent fault that has a code.
type refusal struct {
	permanent
	code string
}

// Refuse is Permanent with a code, which the record of the message has: a few
// lower-case words joined by dashes.
func Refuse(code string, err error) error { return refusal{permanent{err}, code} }

// Unwrap gives the mark, and the fault below it.
func (r refusal) Unwrap() error { return r.permanent }

// codeOf is the code of a permanent fault.
func codeOf(err error) string {
	var r refusal
	if errors.As(err, &r) {
		return r.code
	}
	return "permanent"
}

// Quarantine puts what a function refuses for good on record, before it is
// acknowledged.
type Quarantine struct {
	Function   string
	References []string // names of the attributes that are kept
	Clients    *gcp.Clients
	Now        func() time.Time
}

// Guard is handle with its refusals on record. A refusal that cannot be
// recorded is a fault that may pass: the message is delivered again.
func (q Quarantine) Guard(handle Handler) Handler {
	return func(ctx context.Context, m Message) error {
		err := handle(ctx, m)
		if !IsPermanent(err) {
			return err
		}
		if failed := q.put(ctx, m, codeOf(err)); failed != nil {
			return fmt.Errorf("record a refusal: %w", failed)
		}
		return err
	}
}

func (q Quarantine) put(ctx context.Context, m Message, code string) error {
	db, err := q.Clients.Default(ctx)
	if err != nil {
		return err
	}
	refused := Refused{
		Function: q.Function, Message: m.ID, Code: code, References: map[string]string{},
		Published: m.Published, Found: q.Now(),
	}
	for _, name := range q.References {
		if value, ok := m.Attributes[name]; ok && len(value) <= maxReference {
			refused.References[name] = value
		}
	}
	// Set, not Create: a message that comes again is the same record.
	_, err = quarantine(db).Doc(refused.id()).Set(ctx, refused)
	return err
}

// maxReference bounds one reference, in bytes; the longest that means anything
// is an object's name: cloud.google.com/storage/docs/objects#naming.
const maxReference = 1024

var plainID = regexp.MustCompile(`^[A-Za-z0-9-]{1,128}$`)

// id names the record. Pub/Sub's ids are decimal, but nothing promises it.
func (r Refused) id() string {
	if plainID.MatchString(r.Message) {
		return r.Function + "-" + r.Message
	}
	sum := sha256.Sum256([]byte(r.Message))
	return r.Function + "-" + hex.EncodeToString(sum[:])
}

// Delete takes a record away, after its message was published again.
func (r Refused) Delete(ctx context.Context, db *firestore.Client) error {
	if _, err := quarantine(db).Doc(r.id()).Delete(ctx); err != nil {
		return fmt.Errorf("delete from quarantine: %w", err)
	}
	return nil
}

// Quarantined gives what a function refused, oldest first; db is the platform's
// own database.
func Quarantined(ctx context.Context, db *firestore.Client, function string) iter.Seq2[Refused, error] {
	return func(yield func(Refused, error) bool) {
		docs := quarantine(db).Where("function", "==", function).OrderBy("found", firestore.Asc).Documents(ctx)
		defer docs.Stop()
		for {
			doc, err := docs.Next()
			if errors.Is(err, iterator.Done) {
				return
			}
			var r Refused
			if err == nil {
				err = doc.DataTo(&r)
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

func quarantine(db *firestore.Client) *firestore.CollectionRef { return db.Collection("quarantine") }
