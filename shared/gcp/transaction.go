package gcp

import (
	"context"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Transact runs do in a transaction of db. Where a commit's reply is lost, the
// client repeats the commit, and is told that its transaction is over
// (InvalidArgument): then do runs once more, to see whether it was done. So do
// must be repeatable, and write the same where it meets its own work.
func Transact(ctx context.Context, db *firestore.Client, do func(context.Context, *firestore.Transaction) error) error {
	err := db.RunTransaction(ctx, do)
	if status.Code(err) == codes.InvalidArgument {
		err = db.RunTransaction(ctx, do)
	}
	return err
}
