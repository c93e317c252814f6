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

	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/tenant"
	"github.com/strongroom-dev/strongroom/shared/tilelog"
)

// Log appends entries, each sealed under the platform's audit key. It cannot open
// them: its account may only encrypt with the key. It is safe for concurrent use.
type Log struct {
	sealer *keys.EnvelopeSealer
	now    func() time.Time
	hourly recordedIDs
}

// Reader opens entries. Its account may decrypt with the audit key. It is safe for
// concurrent use.
type Reader struct {
	opener *keys.EnvelopeOpener
}

// Config names the platform's audit key.
type Config struct {
	AuditKeyName string `env:"STRONGROOM_AUDIT_KEY,required,notEmpty"` // projects/…/cryptoKeys/…
}

// Open returns the log of config's key. It does not call KMS yet.
func Open(ctx context.Context, config Config, clients *gcp.Clients, now func() time.Time) (*Log, error) {
	kms, err := clients.KMS(ctx)
	if err != nil {
		return nil, err
	}
	sealer := keys.NewEnvelopeSealer(keys.EnvelopeConfig{KeyName: config.AuditKeyName, KMS: kms, Now: now})
	return &Log{sealer: sealer, now: now}, nil
}

// OpenReader returns the reader of the entries that were sealed under config's key.
// It does not call KMS yet.
func OpenReader(ctx context.Context, config Config, clients *gcp.Clients, now func() time.Time) (*Reader, error) {
	kms, err := clients.KMS(ctx)
	if err != nil {
		return nil, err
	}
	return &Reader{opener: keys.NewEnvelopeOpener(keys.EnvelopeConfig{KeyName: config.AuditKeyName, KMS: kms, Now: now})}, nil
}

// document is a stored entry, at tenants/{t}/audit/{id}. A new entry is pending.
// Once the integrator assigns it an index, it is not pending any more. Leaf is the
// entry; the other fields are what a search needs, and are in the leaf too.
type document struct {
	Time      time.Time          `firestore:"time" class:"operational"`
	Leaf      []byte             `firestore:"leaf" class:"audit"` // sealed canonical bytes
	Pending   bool               `firestore:"pending" class:"operational"`
	Index     *int64             `firestore:"index" class:"operational"`      // nil: none yet
	Unread    bool               `firestore:"unreadable" class:"operational"` // it cannot be opened, and has no index
	Actor     string             `firestore:"actor" class:"operational"`      // ActorKey
	Action    Action             `firestore:"action" class:"operational"`
	Outcome   Outcome            `firestore:"outcome" class:"operational"`
	Workspace tenant.WorkspaceID `firestore:"workspace" class:"operational"`
	Resource  string             `firestore:"resource" class:"operational"` // a path of IDs
	Run       string             `firestore:"run" class:"operational"`      // of Resource, if it is a run or below one

	ExpireTime time.Time `firestore:"expireTime" class:"operational"` // Firestore deletes the document some time after that; zero: never
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
	ID     string
	ref    *firestore.DocumentRef
	fields map[string]any
}

// Prepare sets the ID and the time of an entry, and seals it. It may call Cloud
// KMS, so call it before a transaction and not in it.
func (l *Log) Prepare(ctx context.Context, db *firestore.Client, e Entry) (Prepared, error) {
	id, err := NewID()
	if err != nil {
		return Prepared{}, err
	}
	e.ID = id
	return l.seal(ctx, db, e)
}

// NewID returns the ID of a new entry.
func NewID() (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("create ID of audit entry: %w", err)
	}
	return id.String(), nil
}

// PrepareAs is Prepare for an entry that has its ID, of NewID. It is for a transaction
// that finds out what the entry says. Call Warm before the transaction, so that PrepareAs
// does not call Cloud KMS in it. Write the entry only if the transaction finds that it
// does not exist: a published entry must not change.
func (l *Log) PrepareAs(ctx context.Context, db *firestore.Client, e Entry) (Prepared, error) {
	return l.seal(ctx, db, e)
}

// Warm makes sure that the next Prepare does not call Cloud KMS, unless the data key
// expires before.
func (l *Log) Warm(ctx context.Context) error {
	if _, err := l.sealer.Seal(ctx, nil, nil); err != nil {
		return fmt.Errorf("prepare to seal audit entries: %w", err)
	}
	return nil
}

// seal sets the time of an entry that has its ID, and seals it.
func (l *Log) seal(ctx context.Context, db *firestore.Client, e Entry) (Prepared, error) {
	e.Time = l.now().UTC().Truncate(time.Microsecond)
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

// Write adds the entry to tx, so it is recorded if and only if the action is.
func (p Prepared) Write(tx *firestore.Transaction) error {
	// Set, not Create: a transaction that is run again after a lost reply
	// writes the same entry, whose random id nobody else has.
	if err := tx.Set(p.ref, p.fields, firestore.MergeAll); err != nil {
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
	// Set, not Create, as in Write.
	if _, err := p.ref.Set(ctx, p.fields, firestore.MergeAll); err != nil {
		return "", fmt.Errorf("append audit entry: %w", err)
	}
	p.Committed(ctx)
	return p.ID, nil
}

// AppendOnce writes an entry that has its ID, of NewID, unless the log has it already. So
// several processes that see the same end of an action record it once.
func (l *Log) AppendOnce(ctx context.Context, db *firestore.Client, e Entry) error {
	p, err := l.PrepareAs(ctx, db, e)
	if err != nil {
		return err
	}
	return gcp.Transact(ctx, db, func(_ context.Context, tx *firestore.Transaction) error {
		docs, err := tx.GetAll([]*firestore.DocumentRef{p.ref})
		if err != nil {
			return fmt.Errorf("read audit entry: %w", err)
		}
		if docs[0].Exists() {
			return nil
		}
		return p.Write(tx)
	})
}

// Entries iterates over a tenant's log, oldest entry first.
func (r *Reader) Entries(ctx context.Context, db *firestore.Client, t tenant.ID) iter.Seq2[Entry, error] {
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
				e, err = r.open(ctx, doc)
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

func (r *Reader) open(ctx context.Context, doc *firestore.DocumentSnapshot) (Entry, error) {
	stored, err := r.openLeaf(ctx, doc)
	if err != nil {
		return Entry{}, err
	}
	return stored.Entry()
}

// collection returns a tenant's log. An entry without a tenant, such as a denial of
// platform staff, is in the platform's log.
func collection(db *firestore.Client, t tenant.ID) *firestore.CollectionRef {
	if t == "" {
		return db.Collection("platform").Doc("audit").Collection("audit")
	}
	return db.Collection("tenants").Doc(string(t)).Collection("audit")
}
