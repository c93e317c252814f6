package auditintegrator_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

func TestEntriesArePublishedOnceAndInOrder(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	a, b := newFixture(t, c.Tenant(t)), newFixture(t, c.Tenant(t))
	var want []string
	for _, n := range []int{1, 2, 300, 0, 250} {
		want = append(want, a.append(t, n)...)
		other := b.append(t, 1)
		if err := c.Scheduler.RunNow(t.Context(), "audit-integrator"); err != nil {
			t.Fatal(err)
		}
		got := a.read(t, t.Context())
		if diff := cmp.Diff(want, got.ids); diff != "" {
			t.Fatalf("after %d more: %s", n, diff)
		}
		if got := b.read(t, t.Context()); got.ids[len(got.ids)-1] != other[0] {
			t.Error("the other tenant's log lacks its newest entry")
		}
	}
}

// A minute in which nothing happened costs the same however many tenants a database
// has: three queries that find nothing, and the directory's records.
func TestAnIdleMinuteReadsNothingOfALog(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	const tenants = 5
	var last fixture
	for range tenants {
		last = newFixture(t, c.Tenant(t))
		last.append(t, 2)
	}
	for range 2 {
		if err := c.Scheduler.RunNow(t.Context(), "audit-integrator"); err != nil {
			t.Fatal(err)
		}
	}
	before := c.Firestore.Counts()
	signed := c.KMS.Counts().Sign
	if err := c.Scheduler.RunNow(t.Context(), "audit-integrator"); err != nil {
		t.Fatal(err)
	}
	after := c.Firestore.Counts()
	const queries = 3
	if reads, writes := after.Reads-before.Reads, after.Writes-before.Writes; reads != queries+tenants || writes != 0 {
		t.Errorf("%d reads and %d writes, want %d and none", reads, writes, queries+tenants)
	}
	if n := c.KMS.Counts().Sign - signed; n != 0 {
		t.Errorf("%d signatures in an idle minute", n)
	}
}
