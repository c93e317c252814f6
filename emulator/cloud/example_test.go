package cloud_test

import (
	"context"
	"fmt"
	"log"

	"github.com/strongroom-dev/strongroom/emulator/cloud"
	"github.com/strongroom-dev/strongroom/emulator/iam"
)

// A program under test runs as a service account, with the roles that it has in
// production and no others.
func Example() {
	ctx := context.Background()
	c, err := cloud.Start(ctx, cloud.Options{ProjectID: "bookshop"})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	account := cloud.Account(c.ProjectID, "orders")
	if err := c.IAM.CreateServiceAccount(account); err != nil {
		log.Fatal(err)
	}
	db, err := c.Clients(account).Default(ctx) // a *firestore.Client of Google's
	if err != nil {
		log.Fatal(err)
	}

	order := db.Doc("orders/1")
	_, err = order.Set(ctx, map[string]any{"title": "The Go Programming Language"})
	fmt.Println("without a role:", err)

	err = c.IAM.Bind(iam.Binding{Member: account, Role: "roles/datastore.user", Resource: "projects/bookshop/databases/(default)"})
	if err != nil {
		log.Fatal(err)
	}
	_, err = order.Set(ctx, map[string]any{"title": "The Go Programming Language"})
	fmt.Println("with a role:", err)
	// Output:
	// without a role: rpc error: code = PermissionDenied desc = Missing or insufficient permissions.
	// with a role: <nil>
}
