package outbox_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/outbox"
)

// An entry is written in the transaction that decides, and published after it. An
// entry that remains because the process crashed is published by Relay.
func ExampleEntry() {
	ctx := context.Background()
	c, err := suite.Start(ctx, suite.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	db, err := c.Operator.Default(ctx)
	if err != nil {
		log.Fatal(err)
	}

	entry := outbox.NewRunEnded("acme", "prod", "0196f5a0-0000-7000-8000-000000000001", c.Clock.Now())
	err = db.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		// The same transaction writes the end of the run.
		return entry.Write(tx, db)
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := outbox.NewPublisher(c.Operator).Publish(ctx, db, entry); err != nil {
		log.Fatal(err)
	}
	left, err := outbox.Pending(db, c.Clock.Now().Add(time.Hour)).Documents(ctx).GetAll()
	fmt.Println(entry.ID, "is published; entries that remain:", len(left), err)
	// Output:
	// run.ended-0196f5a0-0000-7000-8000-000000000001 is published; entries that remain: 0 <nil>
}
