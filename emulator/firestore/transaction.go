package firestore

import (
	"crypto/rand"
	"maps"
	"slices"
	"sync"
	"time"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// transactionLifetime is from firebase.google.com/docs/firestore/quotas.
const transactionLifetime = 270 * time.Second

// transaction is optimistic: it reads from one view, and its commit checks that what
// it read has not changed.
type transaction struct {
	id       string
	readOnly bool
	expires  time.Time
	done     bool // committed, aborted or rolled back; guarded by database.mu

	mu      sync.Mutex
	view    view // zero until the first read
	reads   map[string]*document
	queries []queryRecord
}

// queryRecord is the result of a query or a list, and how to run it again.
type queryRecord struct {
	collection string // ID; "" if any collection may change the result
	items      []resultItem
	run        func(*state) []resultItem
}

// resultItem is a document in a result. A list also has the names of missing documents.
type resultItem struct {
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
	db.forgetExpired(now)
	tx.expires = now.Add(transactionLifetime)
	db.transactions[tx.id] = tx
	return tx, nil
}

// forgetExpired removes transactions that have expired, at most once a second, because it
// looks at all of them. The caller holds mu.
func (db *database) forgetExpired(now time.Time) {
	if now.Sub(db.forgotten).Abs() < time.Second {
		return
	}
	db.forgotten = now
	maps.DeleteFunc(db.transactions, func(_ string, old *transaction) bool { return now.After(old.expires) })
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

// finish ends the transaction, whether or not its commit succeeds. The caller holds mu.
func (db *database) finish(tx *transaction) error {
	if tx.done {
		return errFinished
	}
	tx.done = true
	return nil
}

// rollback does nothing if the transaction has ended.
func (db *database) rollback(id []byte) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	tx := db.transactions[string(id)]
	if tx == nil || db.clock.Now().After(tx.expires) {
		return invalid("Invalid transaction.")
	}
	tx.done = true
	tx.forget()
	return nil
}

// read returns the transaction's view, which its first read takes.
func (tx *transaction) read(db *database) view {
	tx.mu.Lock()
	taken := tx.view
	tx.mu.Unlock()
	if taken.state != nil {
		return taken
	}
	now := db.now() // without tx.mu, because a holder of db.mu, such as rollback, may wait for it
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.view.state == nil {
		tx.view = now
	}
	return tx.view
}

// forget releases everything that the transaction recorded.
func (tx *transaction) forget() {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.view, tx.reads, tx.queries = view{}, map[string]*document{}, nil
}

func (tx *transaction) recordDocument(key string, d *document) {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.reads[key] = d
}

func (tx *transaction) recordQuery(o queryRecord) {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.queries = append(tx.queries, o)
}

var errConflict = status.Error(codes.Aborted, "Too much contention on these documents. Please try again.")

// validate checks that what the transaction read has not changed. Without writes, the
// reads remain valid as of their own time. The caller holds db.mu.
func (tx *transaction) validate(db *database, writes bool) error {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.readOnly && writes {
		return invalid("Cannot modify entities in a read-only transaction.")
	}
	if !writes || tx.view.time > db.committed {
		return nil
	}
	for key, read := range tx.reads {
		if db.live.get(key) != read {
			return errConflict
		}
	}
	for _, o := range tx.queries {
		if db.changed[o.collection] <= tx.view.time {
			continue
		}
		if !slices.Equal(o.run(db.latest()), o.items) {
			return errConflict
		}
	}
	return nil
}
