package auditlog

import (
	"context"
	"sync"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/gcp"
)

type receiptKey struct{}

// WithReceipt returns a context in which receive is called with the ID of the
// first entry that is recorded: a request has one receipt, for the entry that
// records the request itself. Entries of a request that follow, such as the end
// of a read, are not received.
func WithReceipt(ctx context.Context, receive func(id string)) context.Context {
	var once sync.Once
	return context.WithValue(ctx, receiptKey{}, func(id string) { once.Do(func() { receive(id) }) })
}

// Commit runs work in a transaction, as gcp.Transact does. If work reports that it
// acts, the transaction also writes the entry, so the entry is recorded if and
// only if the action happens. A transaction that finds its action done records
// nothing, and has no receipt.
func (p Prepared) Commit(ctx context.Context, db *firestore.Client, work func(*firestore.Transaction) (acts bool, err error)) error {
	acted := false
	err := gcp.Transact(ctx, db, func(_ context.Context, tx *firestore.Transaction) (err error) {
		if acted, err = work(tx); err != nil || !acted {
			return err
		}
		return p.Write(tx)
	})
	if err == nil && acted {
		p.Committed(ctx)
	}
	return err
}

// Committed passes the entry's ID to the receiver of WithReceipt. Who commits an entry
// with Write, and not with Commit, calls it after the transaction.
func (p Prepared) Committed(ctx context.Context) { receive(ctx, p.ID) }

// Receive passes the ID of a committed entry of PrepareAs to the receiver of
// WithReceipt.
func Receive(ctx context.Context, id string) { receive(ctx, id) }

func receive(ctx context.Context, id string) {
	if f, ok := ctx.Value(receiptKey{}).(func(string)); ok {
		f(id)
	}
}
