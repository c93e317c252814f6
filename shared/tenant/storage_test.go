package tenant_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/shared/tenant"
)

func TestARunHasTheBucketThatItRemembers(t *testing.T) {
	t.Parallel()
	r := tenant.Record{
		ID: "acme", OutputsBucket: "third", EarlierOutputsBuckets: []string{"first", "second"}, CustomerBuckets: []string{"second", "third"},
		ConfigsBucket: "configs", ExportsBucket: "exports", KeyName: "platform-key", StorageKeyName: "customer-key",
	}
	for remembered, want := range map[string]string{"": "first", "first": "first", "second": "second", "third": "third"} {
		if got, err := r.BucketOfRun(remembered); got != want || err != nil {
			t.Errorf("a run that remembers %q has the bucket %q (%v), want %q", remembered, got, err, want)
		}
	}
	if _, err := r.BucketOfRun("exports"); !errors.Is(err, tenant.ErrForeignBucket) {
		t.Errorf("a run in a bucket that has no outputs: %v", err)
	}
	if diff := cmp.Diff([]string{"first", "configs", "exports"}, r.ManagedBuckets()); diff != "" {
		t.Errorf("the buckets that the platform manages: %s", diff)
	}
	if got := r.KeyOfStorage(); got != "customer-key" {
		t.Errorf("the key of new output is %s", got)
	}
	before := tenant.Record{OutputsBucket: "only", KeyName: "platform-key"}
	if got, err := before.BucketOfRun(""); got != "only" || err != nil || before.KeyOfStorage() != "platform-key" {
		t.Errorf("without a change, a run has the bucket %q (%v) under %s", got, err, before.KeyOfStorage())
	}
}

func TestAStorageWithTwoMeaningsIsInvalid(t *testing.T) {
	t.Parallel()
	many := make([]string, tenant.MaxEarlierBuckets+1)
	for i := range many {
		many[i] = fmt.Sprintf("bucket-%d", i)
	}
	for name, change := range map[string]func(*tenant.Record){
		"the present bucket is an earlier one":     func(r *tenant.Record) { r.EarlierOutputsBuckets = []string{r.OutputsBucket} },
		"an earlier bucket is there twice":         func(r *tenant.Record) { r.EarlierOutputsBuckets = []string{"old", "old"} },
		"a name is no name":                        func(r *tenant.Record) { r.EarlierOutputsBuckets = []string{"Old/../x"} },
		"too many":                                 func(r *tenant.Record) { r.EarlierOutputsBuckets = many },
		"a customer's bucket is of nobody":         func(r *tenant.Record) { r.CustomerBuckets = []string{"other"} },
		"a key without a bucket of the customer's": func(r *tenant.Record) { r.StorageKeyName = "key" },
	} {
		r := tenant.Record{
			ID: "acme", State: tenant.Active, ProjectID: "p", Location: "l", OutputsBucket: "now", KeyName: "k", SigningAccount: "s",
		}
		if err := r.Validate(); err != nil {
			t.Fatal(err)
		}
		change(&r)
		if r.Validate() == nil {
			t.Errorf("%s: the record is valid", name)
		}
	}
}
