package offboarding_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/certificate"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/offboard"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// TestACustomersBucketRemainsAndTheCertificateSaysSo offboards a tenant that has changed its
// storage: the platform's bucket is emptied, and the customer's stays.
func TestACustomersBucketRemainsAndTheCertificateSaysSo(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	f := newFixture(t, c)
	platform, bucket := f.OutputsBucket, "customer-"+string(f.ID)
	if err := c.CreateCustomerBucket(f.Record, tenant.Outputs, bucket, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := c.SetStorage(t.Context(), f.ID, tenant.Outputs, bucket); err != nil {
		t.Fatal(err)
	}
	platformExports, exports := f.ExportsBucket, "customer-exports-"+string(f.ID)
	if err := c.CreateCustomerBucket(f.Record, tenant.Exports, exports, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := c.SetStorage(t.Context(), f.ID, tenant.Exports, exports); err != nil {
		t.Fatal(err)
	}
	c.Clock.Advance(directory.MaxAge)
	f.Store(t, cloudtest.NewRun(t), "stdout.log", []byte("in the customer's bucket"))
	f.start(t)
	for _, d := range []time.Duration{0, 16 * time.Minute, 30 * day, 25 * time.Hour, time.Hour, 99 * day} {
		f.after(t, d)
	}
	f.want(t, time.Hour, offboard.Done, "")
	final, found, foundExports := f.certificate(t, certificate.Final), false, false
	for _, s := range final.Stores {
		found = found || s.Name == platform && s.Found == 1 && s.Present == 0
		foundExports = foundExports || s.Name == platformExports && s.What == "exports" && s.Present == 0
		if s.Name == bucket || s.Name == exports {
			t.Errorf("the certificate lists the customer's bucket as a store that was erased: %+v", s)
		}
	}
	if !found || !foundExports {
		t.Errorf("the certificate does not say that the earlier buckets are empty: %+v", final.Stores)
	}
	for name, what := range map[string]string{bucket: "output of runs", exports: "exports"} {
		if !slices.ContainsFunc(final.Remains, func(left certificate.Left) bool {
			return strings.Contains(left.What, name) && strings.HasSuffix(left.What, what) && strings.Contains(left.Why, "whoever administers")
		}) {
			t.Errorf("the certificate does not say that the customer's bucket with %s remains: %+v", what, final.Remains)
		}
	}
}
