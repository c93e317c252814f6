package keys_test

import (
	"context"
	"fmt"
	"log"

	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/keys"
)

// A value opens only in the document that it was sealed for.
func ExampleTenants() {
	ctx := context.Background()
	c, err := suite.Start(ctx, suite.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	record, err := c.AddTenant(ctx, "acme", "prod")
	if err != nil {
		log.Fatal(err)
	}
	db, err := c.Operator.Default(ctx)
	if err != nil {
		log.Fatal(err)
	}
	tenant, err := keys.NewTenants(c.Operator, c.Clock.Now).Of(ctx, record, db)
	if err != nil {
		log.Fatal(err)
	}

	issues := db.Collection("tenants/acme/workspaces/prod/issues")
	disk, dns := keys.RelativePath(issues.Doc("disk")), keys.RelativePath(issues.Doc("dns"))
	sealed, err := tenant.Seal(ctx, []byte("The disk is full"), []byte(disk))
	if err != nil {
		log.Fatal(err)
	}
	text, err := tenant.Open(ctx, sealed, []byte(disk))
	fmt.Printf("%s: %q, %v\n", disk, text, err)
	_, err = tenant.Open(ctx, sealed, []byte(dns))
	fmt.Printf("%s: %v\n", dns, err)
	// Output:
	// tenants/acme/workspaces/prod/issues/disk: "The disk is full", <nil>
	// tenants/acme/workspaces/prod/issues/dns: sealed value cannot be opened
}
