package gcp

import (
	"context"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Attempts limits how often a transaction starts again because the reply of its
// commit was lost.
const Attempts = 5

// Transact runs work in a transaction of db. If the reply of a commit is lost, the
// client commits again, and Firestore answers that the transaction has ended
// (InvalidArgument). Transact then runs work again, which finds out whether the
// first commit was applied. So work must be repeatable, and must write the same if
// it finds its own writes.
func Transact(ctx context.Context, db *firestore.Client, work func(context.Context, *firestore.Transaction) error) error {
	var err error
	for range Attempts {
		if err = db.RunTransaction(ctx, work); status.Code(err) != codes.InvalidArgument {
			return err
		}
	}
	return err
}

// repeatable marks the context of Write.
type repeatable struct{}

// Write commits the writes of work in one call, without a transaction. It is for writes that
// depend on no read and change nothing if they are repeated: if the reply is lost, they are.
func Write(ctx context.Context, db *firestore.Client, work func(*firestore.Transaction) error) error {
	return db.RunTransaction(context.WithValue(ctx, repeatable{}, true), func(_ context.Context, tx *firestore.Transaction) error { return work(tx) })
}
