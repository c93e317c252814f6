package firestore

import (
	"crypto/rand"
	"slices"
	"sync"
	"time"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// transactionLifetime is Firestore's: firebase.google.com/docs/firestore/quotas.
const transactionLifetime = 270 * time.Second

// transaction is optimistic: it reads from one view, and its commit looks
// whether all that it read is still so.
type transaction struct {
	id       string
	readOnly bool
	expires  time.Time
	done     bool // committed, aborted or rolled back; guarded by database.mu

	mu      sync.Mutex
	view    view // the zero view until the first read
	reads   map[string]*document
	queries []observed
}

// observed is what a query or a list gave, and how to ask again.
type observed struct {
	collection string // id; "" where any collection may change it
	saw        []sighting
	again      func(*state) []sighting
}

// sighting is a document in an answer; a list also shows the names of missing ones.
type sighting struct {
	key      string
	document *document
}

func (db *database) begin(options *pb.TransactionOptions) (*transaction, error) {
	tx := &transaction{id: rand.Text(), reads: map[string]*document{}}
	if ro := options.GetReadOnly(); ro != nil {
		tx.readOnly = true
		if ro.GetReadTime() != nil {
			v, err := db.at(fromProto(ro.GetReadTime()))
			if err != nil {
				return nil, err
			}
			tx.view = v
		}
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	now := db.clock.Now()
	for id, old := range db.transactions {
		if now.After(old.expires) {
			delete(db.transactions, id)
		}
	}
	tx.expires = now.Add(transactionLifetime)
	db.transactions[tx.id] = tx
	return tx, nil
}

func (db *database) transaction(id []byte) (*transaction, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	tx := db.transactions[string(id)]
	if tx == nil || tx.done || db.clock.Now().After(tx.expires) {
		return nil, errFinished
	}
	return tx, nil
}

var errFinished = status.Error(codes.InvalidArgument, "The referenced transaction has expired or is no longer valid.")

// finish ends the transaction, whatever becomes of it. Caller holds mu.
func (db *database) finish(tx *transaction) error {
	if tx.done {
		return errFinished
	}
	tx.done = true
	return nil
}

// rollback is idempotent.
func (db *database) rollback(id []byte) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	tx := db.transactions[string(id)]
	if tx == nil {
		return invalid("Invalid transaction.")
	}
	tx.done = true
	tx.forget()
	return nil
}

// read gives the transaction's view, which its first read takes.
func (tx *transaction) read(db *database) view {
	tx.mu.Lock()
	taken := tx.view
	tx.mu.Unlock()
	if taken.state != nil {
		return taken
	}
	now := db.now() // tx.mu is not held: whoever holds db.mu, as rollback does, may wait for it
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.view.state == nil {
		tx.view = now
	}
	return tx.view
}

// forget lets go of all that the transaction saw.
func (tx *transaction) forget() {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.view, tx.reads, tx.queries = view{}, map[string]*document{}, nil
}

func (tx *transaction) sawDocument(key string, d *document) {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.reads[key] = d
}

func (tx *transaction) sawQuery(o observed) {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.queries = append(tx.queries, o)
}

var errConflict = status.Error(codes.Aborted, "Too much contention on these documents. Please try again.")

// validate looks whether all that was read is as it was. Without writes the
// reads stand as of their own time. Caller holds db.mu.
func (tx *transaction) validate(db *database, writes bool) error {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.readOnly && writes {
		return invalid("Cannot modify entities in a read-only transaction.")
	}
	if !writes || tx.view.time > db.committed {
		return nil
	}
	for key, saw := range tx.reads {
		if db.live.get(key) != saw {
			return errConflict
		}
	}
	for _, o := range tx.queries {
		if db.changed[o.collection] <= tx.view.time {
			continue
		}
		if !slices.Equal(o.again(db.latest()), o.saw) {
			return errConflict
		}
	}
	return nil
}
