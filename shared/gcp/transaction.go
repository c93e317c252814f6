package gcp

import (
	"context"
	"fmt"

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

// Delete deletes at most 500 documents in one commit. A document that no longer
// exists is not an error.
func Delete(ctx context.Context, db *firestore.Client, refs []*firestore.DocumentRef) error {
	err := db.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		for _, ref := range refs {
			if err := tx.Delete(ref); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("delete documents: %w", err)
	}
	return nil
}
