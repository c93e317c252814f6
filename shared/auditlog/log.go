package auditlog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/uuid"
	"google.golang.org/api/iterator"

	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Log appends entries, each sealed under the platform's audit key. It is safe
// for concurrent use.
type Log struct {
	sealer *keys.Sealer
	now    func() time.Time
}

// Config names the platform's audit key.
type Config struct {
	AuditKeyName string `env:"STRONGROOM_AUDIT_KEY,required,notEmpty"` // projects/…/cryptoKeys/…
}

// Open gives the log whose data keys rest in the platform's own database. It
// reads nothing yet.
func Open(ctx context.Context, config Config, clients *gcp.Clients, now func() time.Time) (*Log, error) {
	db, err := clients.Default(ctx)
	if err != nil {
		return nil, err
	}
	kms, err := clients.KMS(ctx)
	if err != nil {
		return nil, err
	}
	return &Log{keys.NewSealer(keys.Config{
		Collection: DataKeys(db), KeyName: config.AuditKeyName, KMS: kms, Now: now,
	}), now}, nil
}

// DataKeys is where the data keys of the platform's audit key rest, in the
// platform's own database.
func DataKeys(db *firestore.Client) *firestore.CollectionRef {
	return db.Collection("platform").Doc("audit").Collection("deks")
}

// document is an entry as it rests at tenants/{t}/audit/{id}.
type document struct {
	Time time.Time `firestore:"time" class:"operational"`
	Leaf []byte    `firestore:"leaf" class:"audit"` // sealed canonical bytes
}

// A tenant's entries are in its log. What platform staff are denied belongs to no
// tenant, so it is in the platform's own log.
var (
	_ = dataclass.Stored[document]("tenants/{tenant}/audit/{entry}")
	_ = dataclass.Stored[document]("platform/audit/audit/{entry}")
)

// Prepared is an entry that is ready to be written, in a transaction or alone.
type Prepared struct {
	ID  string
	ref *firestore.DocumentRef
	doc document
}

// Prepare gives the entry its id and time, and seals it. It may call Cloud KMS,
// so it comes before a transaction, not in it.
func (l *Log) Prepare(ctx context.Context, db *firestore.Client, e Entry) (Prepared, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Prepared{}, fmt.Errorf("name audit entry: %w", err)
	}
	e.ID, e.Time = id.String(), l.now().UTC().Truncate(time.Microsecond)
	leaf, err := e.Canonical()
	if err != nil {
		return Prepared{}, err
	}
	ref := collection(db, e.Tenant).Doc(e.ID)
	sealed, err := l.sealer.Seal(ctx, leaf, []byte(keys.RelativePath(ref)))
	if err != nil {
		return Prepared{}, fmt.Errorf("seal audit entry: %w", err)
	}
	return Prepared{e.ID, ref, document{e.Time, sealed}}, nil
}

// Write puts the entry into tx: on record if and when the act is.
func (p Prepared) Write(tx *firestore.Transaction) error {
	// Set, not Create: a transaction that is run again after a lost reply
	// writes the same entry, whose random id nobody else has.
	if err := tx.Set(p.ref, p.doc); err != nil {
		return fmt.Errorf("append audit entry: %w", err)
	}
	return nil
}

// Append puts one entry on record by itself and gives its id.
func (l *Log) Append(ctx context.Context, db *firestore.Client, e Entry) (string, error) {
	p, err := l.Prepare(ctx, db, e)
	if err != nil {
		return "", err
	}
	// Set, not Create, as in Write.
	if _, err := p.ref.Set(ctx, p.doc); err != nil {
		return "", fmt.Errorf("append audit entry: %w", err)
	}
	return p.ID, nil
}

// Entries gives a tenant's log in the order of time.
func (l *Log) Entries(ctx context.Context, db *firestore.Client, t tenant.ID) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		docs := collection(db, t).OrderBy(firestore.DocumentID, firestore.Asc).Documents(ctx)
		defer docs.Stop()
		for {
			doc, err := docs.Next()
			if errors.Is(err, iterator.Done) {
				return
			}
			var e Entry
			if err == nil {
				e, err = l.open(ctx, doc)
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

func (l *Log) open(ctx context.Context, doc *firestore.DocumentSnapshot) (Entry, error) {
	var d document
	if err := doc.DataTo(&d); err != nil {
		return Entry{}, fmt.Errorf("read audit entry: %w", err)
	}
	leaf, err := l.sealer.Open(ctx, d.Leaf, []byte(keys.RelativePath(doc.Ref)))
	if err != nil {
		return Entry{}, fmt.Errorf("open audit entry: %w", err)
	}
	var e Entry
	if err := json.Unmarshal(leaf, &e); err != nil {
		return Entry{}, fmt.Errorf("decode audit entry: %w", err)
	}
	return e, nil
}

// collection is a tenant's log; what platform staff are denied has no tenant,
// and is on the platform's own.
func collection(db *firestore.Client, t tenant.ID) *firestore.CollectionRef {
	if t == "" {
		return db.Collection("platform").Doc("audit").Collection("audit")
	}
	return db.Collection("tenants").Doc(string(t)).Collection("audit")
}
