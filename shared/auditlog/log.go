package auditlog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/uuid"
	"google.golang.org/api/iterator"

	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/tenant"
	"github.com/strongroom-dev/strongroom/shared/tilelog"
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

// document is a stored entry, at tenants/{t}/audit/{id}. A new entry is pending.
// Once the integrator gives it an index, it is not pending any more. Leaf is the
// entry; the other fields are what a search needs, and are in the leaf too.
type document struct {
	Time      time.Time          `firestore:"time"`
	Leaf      []byte             `firestore:"leaf"` // sealed canonical bytes
	Pending   bool               `firestore:"pending"`
	Index     *int64             `firestore:"index"` // nil: none yet
	Actor     string             `firestore:"actor"` // ActorKey
	Action    Action             `firestore:"action"`
	Outcome   Outcome            `firestore:"outcome"`
	Workspace tenant.WorkspaceID `firestore:"workspace"`
	Resource  string             `firestore:"resource"`
	Run       string             `firestore:"run"` // of Resource, if it is a run or below one
}

// Prepared is an entry that is ready to be written, in a transaction or alone.
type Prepared struct {
	ID     string
	ref    *firestore.DocumentRef
	fields map[string]any
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
	if len(leaf) > tilelog.MaxEntrySize {
		return Prepared{}, fmt.Errorf("append audit entry: it has %d bytes, more than %d", len(leaf), tilelog.MaxEntrySize)
	}
	ref := collection(db, e.Tenant).Doc(e.ID)
	sealed, err := l.sealer.Seal(ctx, leaf, []byte(keys.RelativePath(ref)))
	if err != nil {
		return Prepared{}, fmt.Errorf("seal audit entry: %w", err)
	}
	return Prepared{e.ID, ref, newFields(e, sealed)}, nil
}

// newFields are the fields of a new entry's document. They are merged into the
// document, not set in its place: a commit that is sent again after its reply
// was lost must not take away the index that the entry has received since.
func newFields(e Entry, sealed []byte) map[string]any {
	return map[string]any{
		"time": e.Time, "leaf": sealed, "pending": true,
		"actor": ActorKey(e.Actor), "action": e.Action, "outcome": e.Outcome,
		"workspace": e.Workspace, "resource": e.Resource, "run": runOf(e.Resource),
	}
}

// ActorKey is what entries of an actor are found by: a hash, because an index
// needs no plain subjects.
func ActorKey(a Actor) string {
	sum := sha256.Sum256([]byte(a.Issuer + "\x00" + a.Subject))
	return hex.EncodeToString(sum[:16])
}

// runOf returns the run of a resource such as runs/ID/outputs/NAME, or nothing.
func runOf(resource string) string {
	below, ok := strings.CutPrefix(resource, "runs/")
	if !ok {
		return ""
	}
	run, _, _ := strings.Cut(below, "/")
	return run
}

// Write puts the entry into tx: on record if and when the act is.
func (p Prepared) Write(tx *firestore.Transaction) error {
	// Set, not Create: a transaction that is run again after a lost reply
	// writes the same entry, whose random id nobody else has.
	if err := tx.Set(p.ref, p.fields, firestore.MergeAll); err != nil {
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
	if _, err := p.ref.Set(ctx, p.fields, firestore.MergeAll); err != nil {
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
	stored, err := l.openLeaf(ctx, doc)
	if err != nil {
		return Entry{}, err
	}
	return stored.Entry()
}

// collection is a tenant's log; what platform staff are denied has no tenant,
// and is on the platform's own.
func collection(db *firestore.Client, t tenant.ID) *firestore.CollectionRef {
	if t == "" {
		return db.Collection("platform").Doc("audit").Collection("audit")
	}
	return db.Collection("tenants").Doc(string(t)).Collection("audit")
}
