package directory_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/emulator/clock"
	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
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

// That a workspace exists is cached for as long as a record. That it does not exist, and who
// its members are, is never cached.
func TestAMembershipLastsAsLongAsItsWorkspace(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	now := &clock.Clock{}
	d := directory.New(c.Operator, now.Now)
	db, err := d.Client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const issuer, subject = "https://issuer.example", "somebody"
	member := func(w tenant.WorkspaceID, want bool, when string) {
		t.Helper()
		if got, err := d.IsMember(t.Context(), tn.ID, w, issuer, subject); err != nil || got != want {
			t.Errorf("%s: membership of %s is %t, %v; want %t", when, w, got, err, want)
		}
	}
	join := func(w tenant.WorkspaceID) {
		t.Helper()
		if _, err := directory.Member(db, tn.ID, w, issuer, subject).Set(t.Context(), directory.Membership{Issuer: issuer, Subject: subject}); err != nil {
			t.Fatal(err)
		}
	}
	removed, never := tn.Workspace, tenant.WorkspaceID("never")
	member(removed, false, "before the user is a member")
	join(removed)
	join(never)
	member(removed, true, "at once")
	member(never, false, "of a workspace that never existed")
	member(never, false, "of a workspace that never existed, again")
	if _, err := directory.Workspace(db, tn.ID, removed).Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	now.Advance(directory.MaxAge / 2)
	member(removed, true, "half a minute after its end")
	now.Advance(directory.MaxAge / 2)
	member(removed, false, "a minute after its end")
	if _, err := directory.Workspace(db, tn.ID, never).Set(t.Context(), map[string]any{}); err != nil {
		t.Fatal(err)
	}
	member(never, true, "once the workspace exists")
	if _, err := directory.Member(db, tn.ID, never, issuer, subject).Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	member(never, false, "as soon as the membership has ended")
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

func TestATenantIsFoundByItsClientID(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn, other := c.Tenant(t), c.Tenant(t)
	issuer, clientID := tn.Trust[0].Issuer, tn.Trust[0].ClientIDs[0]
	record, err := directory.New(c.Operator, c.Clock.Now).TenantOfClient(t.Context(), issuer, clientID)
	if err != nil || record.ID != tn.ID {
		t.Errorf("the client is of %q, %v", record.ID, err)
	}
	for _, pair := range [][2]string{{issuer, "another"}, {"https://elsewhere.example", clientID}, {issuer + "\x00" + clientID, ""}} {
		if _, err := directory.New(c.Operator, c.Clock.Now).TenantOfClient(t.Context(), pair[0], pair[1]); !errors.Is(err, tenant.ErrNotFound) {
			t.Errorf("%q is some tenant's client: %v", pair, err)
		}
	}

	twice := other.Record
	twice.Trust = append(slices.Clone(twice.Trust), tn.Trust...)
	twice.Clients = tenant.ClientKeys(twice.Trust)
	if err := c.Directory.Put(t.Context(), twice); err != nil {
		t.Fatal(err)
	}
	record, err = directory.New(c.Operator, c.Clock.Now).TenantOfClient(t.Context(), issuer, clientID)
	if err == nil || errors.Is(err, tenant.ErrNotFound) {
		t.Errorf("a client of two tenants opens %q, %v", record.ID, err)
	}
}

func TestARecordHasTheKeysOfItsClientIDs(t *testing.T) {
	t.Parallel()
	record := cloudtest.Shared(t).Tenant(t).Record
	record.Clients = append(record.Clients, tenant.ClientKey("https://elsewhere.example", "another"))
	if err := record.Validate(); err == nil {
		t.Error("a record with the key of a client ID that its trust does not list is valid")
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

// TestABucketIsFoundRightAfterTheStorageHasChanged asks with a record from before the change.
func TestABucketIsFoundRightAfterTheStorageHasChanged(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn, bucket := c.Tenant(t), "customers"
	d := directory.New(c.Operator, c.Clock.Now)
	before, err := d.Tenant(t.Context(), tn.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.SetStorage(t.Context(), tn.ID, tenant.Exports, bucket); err != nil {
		t.Fatal(err)
	}
	for remembered, isCustomers := range map[string]bool{tn.ExportsBucket: false, bucket: true} {
		name, customers, err := d.BucketOf(t.Context(), before, tenant.Exports, remembered)
		if name != remembered || customers != isCustomers || err != nil {
			t.Errorf("the bucket that remembers %s is %s, of the customer: %t (%v)", remembered, name, customers, err)
		}
	}
	if _, _, err := d.BucketOf(t.Context(), before, tenant.Outputs, bucket); !errors.Is(err, tenant.ErrForeignBucket) {
		t.Errorf("the bucket of exports is found as one of outputs: %v", err)
	}
}
