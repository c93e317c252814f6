package tenant_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/shared/tenant"
)

func TestARunAndAnExportHaveTheBucketThatTheyRemember(t *testing.T) {
	t.Parallel()
	r := tenant.Record{
		ID: "acme", OutputsBucket: "third", EarlierOutputsBuckets: []string{"first", "second"}, CustomerBuckets: []string{"second", "third", "exports-2"},
		ConfigsBucket: "configs", ExportsBucket: "exports-2", EarlierExportsBuckets: []string{"exports"}, KeyName: "platform-key", StorageKeyName: "customer-key",
	}
	for remembered, want := range map[string]string{"": "first", "first": "first", "second": "second", "third": "third"} {
		if got, err := r.BucketOf(tenant.Outputs, remembered); got != want || err != nil {
			t.Errorf("a run that remembers %q has the bucket %q (%v), want %q", remembered, got, err, want)
		}
	}
	for remembered, want := range map[string]string{"": "exports", "exports": "exports", "exports-2": "exports-2"} {
		if got, err := r.BucketOf(tenant.Exports, remembered); got != want || err != nil {
			t.Errorf("an export that remembers %q has the bucket %q (%v), want %q", remembered, got, err, want)
		}
	}
	for of, bucket := range map[tenant.Component]string{tenant.Outputs: "exports", tenant.Exports: "third"} {
		if _, err := r.BucketOf(of, bucket); !errors.Is(err, tenant.ErrForeignBucket) {
			t.Errorf("%s in the bucket %s, which has others: %v", of, bucket, err)
		}
	}
	if diff := cmp.Diff([]string{"first", "configs", "exports"}, r.ManagedBuckets()); diff != "" {
		t.Errorf("the buckets that the platform manages: %s", diff)
	}
	for _, of := range []tenant.Component{tenant.Outputs, tenant.Exports} {
		if got := r.KeyOf(of); got != "customer-key" {
			t.Errorf("the key of new %s is %s", of, got)
		}
	}
	before := tenant.Record{OutputsBucket: "only", KeyName: "platform-key"}
	if got, err := before.BucketOf(tenant.Outputs, ""); got != "only" || err != nil || before.KeyOf(tenant.Outputs) != "platform-key" {
		t.Errorf("without a change, a run has the bucket %q (%v) under %s", got, err, before.KeyOf(tenant.Outputs))
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
		"the present exports bucket is an earlier": func(r *tenant.Record) { r.EarlierExportsBuckets = []string{r.ExportsBucket} },
		"an earlier exports bucket is no name":     func(r *tenant.Record) { r.EarlierExportsBuckets = []string{"Old/../x"} },
		"one bucket for outputs and exports": func(r *tenant.Record) {
			r.CustomerBuckets, r.ExportsBucket = []string{r.OutputsBucket}, r.OutputsBucket
		},
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
