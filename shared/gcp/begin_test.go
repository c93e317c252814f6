package gcp_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
	"google.golang.org/api/iterator"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/gcp"
)

func TestMain(m *testing.M) { cloudtest.Main(m) }

// countedDB is a database whose calls are recorded.
type countedDB struct {
	*firestore.Client
	mu    sync.Mutex
	calls []string
	fault map[string]faults.Fault // of the next call of a method
}

func newCountedDB(t *testing.T) *countedDB {
	t.Helper()
	config := cloudtest.Shared(t).As(suite.OperatorAccount)
	db := &countedDB{fault: map[string]faults.Fault{}}
	proxy, err := faults.New(config.FirestoreHost, func(method string) faults.Fault {
		db.mu.Lock()
		defer db.mu.Unlock()
		db.calls = append(db.calls, method)
		f := db.fault[method]
		delete(db.fault, method)
		return f
	})
	if err != nil {
		t.Fatal(err)
	}
	config.FirestoreHost = proxy.Addr()
	clients := gcp.NewClients(config)
	t.Cleanup(func() { _ = errors.Join(clients.Close(), proxy.Close()) })
	if db.Client, err = clients.Firestore(t.Context(), config.ProjectID, "begin-"+cloudtest.NewRun(t)); err != nil {
		t.Fatal(err)
	}
	return db
}

// taken returns the calls since it was called last.
func (db *countedDB) taken() []string {
	db.mu.Lock()
	defer db.mu.Unlock()
	calls := db.calls
	db.calls = nil
	return calls
}

type counter struct{ N int }

// add reads a counter with read and writes it.
func (db *countedDB) add(ctx context.Context, read func(*firestore.Transaction, *firestore.DocumentRef) (*firestore.DocumentSnapshot, error)) error {
	ref := db.Doc("counters/a")
	return gcp.Transact(ctx, db.Client, func(_ context.Context, tx *firestore.Transaction) error {
		doc, err := read(tx, ref)
		var c counter
		if err == nil {
			err = doc.DataTo(&c)
		}
		if err != nil && status.Code(err) != codes.NotFound && !errors.Is(err, iterator.Done) {
			return err
		}
		c.N++
		return tx.Set(ref, c)
	})
}

func get(tx *firestore.Transaction, ref *firestore.DocumentRef) (*firestore.DocumentSnapshot, error) {
	return tx.Get(ref)
}

func query(tx *firestore.Transaction, ref *firestore.DocumentRef) (*firestore.DocumentSnapshot, error) {
	docs := tx.Documents(ref.Parent)
	defer docs.Stop()
	return docs.Next()
}

// beginnings are transactions and the calls that each makes.
var beginnings = map[string]struct {
	work  func(*countedDB, context.Context) error
	calls []string
}{
	"that gets a document": {
		func(db *countedDB, ctx context.Context) error { return db.add(ctx, get) },
		[]string{"BatchGetDocuments", "Commit"},
	},
	"that queries": {
		func(db *countedDB, ctx context.Context) error { return db.add(ctx, query) },
		[]string{"RunQuery", "Commit"},
	},
	"that reads twice": {
		func(db *countedDB, ctx context.Context) error {
			return db.add(ctx, func(tx *firestore.Transaction, ref *firestore.DocumentRef) (*firestore.DocumentSnapshot, error) {
				if _, err := query(tx, ref); err != nil && !errors.Is(err, iterator.Done) {
					return nil, err
				}
				return tx.Get(ref)
			})
		},
		[]string{"RunQuery", "BatchGetDocuments", "Commit"},
	},
	"that only writes": {
		func(db *countedDB, ctx context.Context) error {
			return gcp.Transact(ctx, db.Client, func(_ context.Context, tx *firestore.Transaction) error {
				return tx.Set(db.Doc("counters/a"), counter{1})
			})
		},
		[]string{"BeginTransaction", "Commit"},
	},
	"that only writes what can be repeated, and never begins": {
		func(db *countedDB, ctx context.Context) error {
			return gcp.Write(ctx, db.Client, func(tx *firestore.Transaction) error { return tx.Set(db.Doc("counters/a"), counter{1}) })
		},
		[]string{"Commit"},
	},
	"that fails before it reads": {
		func(db *countedDB, ctx context.Context) error {
			if err := gcp.Transact(ctx, db.Client, func(context.Context, *firestore.Transaction) error { return errors.ErrUnsupported }); !errors.Is(err, errors.ErrUnsupported) {
				return err
			}
			return nil
		},
		nil,
	},
	"that fails after it has read": {
		func(db *countedDB, ctx context.Context) error {
			err := gcp.Transact(ctx, db.Client, func(_ context.Context, tx *firestore.Transaction) error {
				_, err := tx.GetAll([]*firestore.DocumentRef{db.Doc("counters/a")})
				return errors.Join(err, errors.ErrUnsupported)
			})
			if !errors.Is(err, errors.ErrUnsupported) {
				return err
			}
			return nil
		},
		[]string{"BatchGetDocuments", "Rollback"},
	},
	"that only reads": {
		func(db *countedDB, ctx context.Context) error {
			return db.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
				_, err := tx.GetAll([]*firestore.DocumentRef{db.Doc("counters/a")})
				return err
			}, firestore.ReadOnly)
		},
		[]string{"BatchGetDocuments", "Commit"},
	},
	"that stops its first query before the first result": {
		func(db *countedDB, ctx context.Context) error {
			return db.add(ctx, func(tx *firestore.Transaction, ref *firestore.DocumentRef) (*firestore.DocumentSnapshot, error) {
				tx.Documents(ref.Parent).Stop()
				return tx.Get(ref)
			})
		},
		[]string{"BatchGetDocuments", "Commit"},
	},
}

func TestATransactionBeginsWithItsFirstRead(t *testing.T) {
	t.Parallel()
	for name, test := range beginnings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := newCountedDB(t)
			if err := test.work(db, t.Context()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.calls, db.taken()); diff != "" {
				t.Errorf("the calls (-want +got):\n%s", diff)
			}
		})
	}
}

// Every fault of the first read leaves the transaction whole: the work is done once.
func TestATransactionSurvivesTheFaultsOfItsFirstRead(t *testing.T) {
	t.Parallel()
	for _, fault := range []faults.Fault{faults.Lost, faults.ReplyLost, faults.Twice, faults.Late, faults.Aborted, faults.Exhausted} {
		for name, read := range map[string]func(*firestore.Transaction, *firestore.DocumentRef) (*firestore.DocumentSnapshot, error){"BatchGetDocuments": get, "RunQuery": query} {
			t.Run(name+" is "+string(fault), func(t *testing.T) {
				t.Parallel()
				db := newCountedDB(t)
				db.fault[name] = fault
				for range 2 {
					if err := db.add(t.Context(), read); err != nil {
						t.Fatal(err)
					}
				}
				doc, err := db.Doc("counters/a").Get(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				var c counter
				if err := doc.DataTo(&c); err != nil || c.N != 2 {
					t.Errorf("the counter is %d, want 2; %v", c.N, err)
				}
			})
		}
	}
}

// Transactions that conflict are tried again, and their reads may be concurrent.
func TestTransactionsThatConflictAreTriedAgain(t *testing.T) {
	t.Parallel()
	db := newCountedDB(t)
	var group errgroup.Group
	const writers = 8
	for range writers {
		group.Go(func() error {
			for {
				err := db.add(t.Context(), func(tx *firestore.Transaction, ref *firestore.DocumentRef) (*firestore.DocumentSnapshot, error) {
					var reads errgroup.Group
					for range 3 {
						reads.Go(func() error { _, err := tx.GetAll([]*firestore.DocumentRef{ref}); return err })
					}
					if err := reads.Wait(); err != nil {
						return nil, err
					}
					return tx.Get(ref)
				})
				if status.Code(err) != codes.Aborted {
					return err
				}
			}
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	doc, err := db.Doc("counters/a").Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var c counter
	if err := doc.DataTo(&c); err != nil || c.N != writers {
		t.Errorf("the counter is %d, want %d; %v", c.N, writers, err)
	}
	if slices.Contains(db.taken(), "BeginTransaction") {
		t.Error("a transaction that reads begins with a call of its own")
	}
}
