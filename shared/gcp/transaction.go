package gcp

import (
	"context"
	"fmt"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Attempts bounds how often a transaction is begun anew because the reply of
// its commit was lost.
const Attempts = 5

// Transact runs do in a transaction of db. Where a commit's reply is lost, the
// client repeats the commit, and is told that its transaction is over
// (InvalidArgument): then do runs again, to see whether it was done. So do must
// be repeatable, and write the same where it meets its own work.
func Transact(ctx context.Context, db *firestore.Client, do func(context.Context, *firestore.Transaction) error) error {
	var err error
	for range Attempts {
		if err = db.RunTransaction(ctx, do); status.Code(err) != codes.InvalidArgument {
			return err
		}
	}
	return err
}

// Delete deletes documents by one commit, which has at most 500. Those that are
// gone already do no harm.
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
