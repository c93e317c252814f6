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

// Open returns the log whose data keys are in the platform's database. It does not
// read anything yet.
func Open(ctx context.Context, config Config, clients *gcp.Clients, now func() time.Time) (*Log, error) {
	db, err := clients.Default(ctx)
	if err != nil {
		return nil, err
	}
	kms, err := clients.KMS(ctx)
	if err != nil {
		return nil, err
	}
	sealer := keys.NewSealer(keys.Config{
		Collection: DataKeys(db),
		KeyName:    config.AuditKeyName,
		KMS:        kms,
		Now:        now,
	})
	return &Log{sealer: sealer, now: now}, nil
}

// DataKeys returns the collection of the data keys of the platform's audit key. It
// is in the platform's database.
func DataKeys(db *firestore.Client) *firestore.CollectionRef {
	return db.Collection("platform").Doc("audit").Collection("deks")
}

// document is a stored entry.
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

// Prepared is a sealed entry that is ready to be written. The zero Prepared cannot
// be written.
type Prepared struct {
	ID  string
	ref *firestore.DocumentRef
	doc document
}

// Prepare sets the ID and the time of an entry, and seals it. It may call Cloud
// KMS, so call it before a transaction and not in it.
func (l *Log) Prepare(ctx context.Context, db *firestore.Client, e Entry) (Prepared, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Prepared{}, fmt.Errorf("create ID of audit entry: %w", err)
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
	return Prepared{ID: e.ID, ref: ref, doc: document{Time: e.Time, Leaf: sealed}}, nil
}

// Write adds the entry to tx, so it is recorded if and only if the action is.
func (p Prepared) Write(tx *firestore.Transaction) error {
	// Set and not Create: if the reply of a commit is lost, the transaction runs
	// again and writes the same entry. No other entry has its random ID.
	if err := tx.Set(p.ref, p.doc); err != nil {
		return fmt.Errorf("append audit entry: %w", err)
	}
	return nil
}

// Append writes one entry in a commit of its own and returns its ID.
func (l *Log) Append(ctx context.Context, db *firestore.Client, e Entry) (string, error) {
	p, err := l.Prepare(ctx, db, e)
	if err != nil {
		return "", err
	}
	// Set and not Create, as in Write.
	if _, err := p.ref.Set(ctx, p.doc); err != nil {
		return "", fmt.Errorf("append audit entry: %w", err)
	}
	return p.ID, nil
}

// Entries iterates over a tenant's log, oldest entry first.
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

// collection returns a tenant's log. An entry without a tenant, such as a denial of
// platform staff, is in the platform's log.
func collection(db *firestore.Client, t tenant.ID) *firestore.CollectionRef {
	if t == "" {
		return db.Collection("platform").Doc("audit").Collection("audit")
	}
	return db.Collection("tenants").Doc(string(t)).Collection("audit")
}
