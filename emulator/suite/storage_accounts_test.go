package suite_test

import (
	"slices"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// TestACustomersBucketAllowsEachAccountItsUse tries each permission of each account of the
// platform on a customer's buckets.
func TestACustomersBucketAllowsEachAccountItsUse(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	signing, reader := tn.SigningAccount, suite.Account("export-reader")
	accounts := []string{signing, reader}
	for name := range c.Suite.Functions {
		accounts = append(accounts, suite.FunctionAccount(name))
	}
	of := suite.FunctionAccount
	for component, allowed := range map[tenant.Component]map[string][]string{
		tenant.Outputs: {
			"storage.buckets.get": {of("tenants")}, "storage.objects.create": {signing}, "storage.objects.get": {of("outputs"), of("export-worker")},
		},
		tenant.Exports: {
			"storage.buckets.get": {of("tenants")}, "storage.objects.create": {of("export-worker")}, "storage.objects.get": {reader},
		},
	} {
		bucket := "allows-" + string(component) + "-" + string(tn.ID)
		if err := c.CreateCustomerBucket(tn.Record, component, bucket, nil); err != nil {
			t.Fatal(err)
		}
		for _, permission := range []string{
			"storage.buckets.get", "storage.objects.create", "storage.objects.get", "storage.objects.list", "storage.objects.update", "storage.objects.delete",
		} {
			for _, account := range accounts {
				want := slices.Contains(allowed[permission], account)
				if got := c.IAM.Allowed(account, permission, "buckets/"+bucket); got != want {
					t.Errorf("%s may use %s on the customer's bucket for %s: %t, want %t", account, permission, component, got, want)
				}
			}
		}
	}
}
