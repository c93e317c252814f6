package auditintegrator_test

import (
	"fmt"
	"testing"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"github.com/google/go-cmp/cmp"
	formats "github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/note"

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

// The newest version of the log key signs, and what the older one signed still
// verifies with the older one.
func TestANewVersionOfTheLogKeySigns(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	f := newFixture(t, c.Tenant(t))
	publish := func() {
		f.append(t, 1)
		if err := c.Scheduler.RunNow(t.Context(), "audit-integrator"); err != nil {
			t.Fatal(err)
		}
	}
	publish()
	old := f.key(t)
	client, err := c.Operator.KMS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateCryptoKeyVersion(t.Context(), &kmspb.CreateCryptoKeyVersionRequest{Parent: logKey, CryptoKeyVersion: &kmspb.CryptoKeyVersion{}}); err != nil {
		t.Fatal(err)
	}
	if f.key(t).VersionName == old.VersionName {
		t.Fatal("there is no new version")
	}
	c.Clock.Advance(11 * time.Minute)
	publish()
	if got := f.read(t, t.Context()); got.size != 2 { // verifies with the new version
		t.Errorf("the log has %d entries, want 2", got.size)
	}
	text, err := old.VerifierKey(f.origin())
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(text)
	if err != nil {
		t.Fatal(err)
	}
	for size, want := range map[int]bool{1: true, 2: false} {
		_, _, _, err := formats.ParseCheckpoint(f.object(t, t.Context(), fmt.Sprintf("checkpoint/%d", size)), f.origin(), verifier)
		if (err == nil) != want {
			t.Errorf("the old version verifies checkpoint/%d: %v, want %v", size, err == nil, want)
		}
	}
}
