package directory_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/emulator/clock"
	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

func TestMain(m *testing.M) { cloudtest.Main(m) }

func TestARecordIsAMinuteOldAtMost(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	now := &clock.Clock{}
	d := directory.New(c.Operator, now.Now)
	state := func() tenant.State {
		t.Helper()
		record, err := d.Tenant(t.Context(), tn.ID)
		if err != nil {
			t.Fatal(err)
		}
		return record.State
	}
	if got := state(); got != tenant.Active {
		t.Fatalf("the tenant is %s", got)
	}
	tn.Record.State = tenant.Suspended
	if err := c.Directory.Put(t.Context(), tn.Record); err != nil {
		t.Fatal(err)
	}
	if got := state(); got != tenant.Active {
		t.Errorf("the record was read again at once: %s", got)
	}
	now.Advance(time.Minute)
	if got := state(); got != tenant.Suspended {
		t.Errorf("after a minute the tenant is still %s", got)
	}
}

func TestATenantIsFoundByItsBucket(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	d := directory.New(c.Operator, c.Clock.Now)
	record, err := d.TenantOfBucket(t.Context(), tn.OutputsBucket)
	if err != nil || record.ID != tn.ID {
		t.Errorf("%s is the bucket of %q, %v", tn.OutputsBucket, record.ID, err)
	}
	for _, bucket := range []string{tn.ExportsBucket, "no-such-bucket"} {
		if _, err := d.TenantOfBucket(t.Context(), bucket); !errors.Is(err, tenant.ErrNotFound) {
			t.Errorf("%s is some tenant's bucket: %v", bucket, err)
		}
	}
}

func TestANewTenantIsFoundSoonAfterItWasNot(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	now := &clock.Clock{}
	d := directory.New(c.Operator, now.Now)
	id := tenant.ID("t-" + uuid.NewString()[:8])
	if _, err := d.Tenant(t.Context(), id); !errors.Is(err, tenant.ErrNotFound) {
		t.Fatalf("%s is there: %v", id, err)
	}
	if _, err := c.AddTenant(t.Context(), id, "prod"); err != nil {
		t.Fatal(err)
	}
	now.Advance(5 * time.Second)
	if _, err := d.Tenant(t.Context(), id); err != nil {
		t.Errorf("five seconds later it is still not found: %v", err)
	}
}
