package keys_test

import (
	"errors"
	"fmt"
	"testing"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/emulator/cloud"
	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

var lines = keys.Field{Group: "sightings", Name: "line"}

// place is the nth document of a tenant, in one of three workspaces.
func place(db *firestore.Client, id tenant.ID, n int) *firestore.DocumentRef {
	return db.Doc(fmt.Sprintf("tenants/%s/workspaces/w%d/runs/r%d/sightings/%05d", id, n%3, n/7, n))
}

// fill writes documents with sealed lines.
func fill(t *testing.T, c *cloudtest.Cloud, k *keys.Tenant, id tenant.ID, from, to int) {
	t.Helper()
	db := database(t, c)
	for n := from; n < to; n++ {
		ref := place(db, id, n)
		value := map[string]any{"line": seal(t, k, fmt.Sprint("line ", n), keys.RelativePath(ref)), "number": n}
		if _, err := ref.Set(t.Context(), value); err != nil {
			t.Fatal(err)
		}
	}
}

// wantEpochs fails the test unless all documents open, and so many are of each epoch.
func wantEpochs(t *testing.T, c *cloudtest.Cloud, k *keys.Tenant, id tenant.ID, total int, want map[int]int) {
	t.Helper()
	db := database(t, c)
	got := map[int]int{}
	for n := range total {
		doc, err := place(db, id, n).Get(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		sealed, _ := doc.Data()["line"].([]byte)
		got[epochOf(sealed)]++
		wantOpen(t, k, sealed, fmt.Sprint("line ", n), keys.RelativePath(doc.Ref))
		if doc.Data()["number"] != int64(n) {
			t.Errorf("document %d lost its other field", n)
		}
	}
	for epoch, n := range want {
		if got[epoch] != n {
			t.Errorf("%d documents are of epoch %d, want %d", got[epoch], epoch, n)
		}
	}
}

// reseal fails the test unless Reseal says done as wanted.
func reseal(t *testing.T, k *keys.Tenant, pages int, want bool) {
	t.Helper()
	done, err := k.Reseal(t.Context(), lines, pages)
	if err != nil || done != want {
		t.Fatalf("done %v with %v, want %v", done, err, want)
	}
}

func TestResealGoesOnWhereItWasStopped(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, cloud.Options{})
	acme := c.Tenant(t)
	next, err := c.AddTenant(t.Context(), acme.ID+"-2", "prod") // its name begins with the other's
	if err != nil {
		t.Fatal(err)
	}
	k, other := process(t, c, acme.Record), process(t, c, next)
	fill(t, c, k, acme.ID, 0, 40)
	fill(t, c, other, next.ID, 0, 5)
	reseal(t, k, 10, true) // there is one epoch only

	c.Clock.Advance(91 * day)
	fill(t, c, k, acme.ID, 40, 45)
	reseal(t, k, 10, false) // others may still seal under the old key
	wantEpochs(t, c, k, acme.ID, 45, map[int]int{1: 40, 2: 5})

	c.Clock.Advance(day)
	reseal(t, k, 1, false)
	reseal(t, process(t, c, acme.Record), 1, false) // the first process was stopped
	reseal(t, process(t, c, acme.Record), 5, true)
	reseal(t, k, 5, true)
	wantEpochs(t, c, k, acme.ID, 45, map[int]int{2: 45})
	wantEpochs(t, c, other, next.ID, 5, map[int]int{1: 5})
}

func TestResealPassesOverWhatWillNeverOpen(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, cloud.Options{})
	acme := c.Tenant(t)
	k, db := process(t, c, acme.Record), database(t, c)
	fill(t, c, k, acme.ID, 0, 20)
	moved := seal(t, k, "moved", "elsewhere")
	for n, value := range map[int]any{20: moved, 21: []byte("x"), 22: "a text", 23: nil} {
		if _, err := place(db, acme.ID, n).Set(t.Context(), map[string]any{"line": value}); err != nil {
			t.Fatal(err)
		}
	}
	c.Clock.Advance(91 * day)
	seal(t, k, "begins the epoch", "a")
	c.Clock.Advance(day)
	done, err := k.Reseal(t.Context(), lines, 10)
	if !done || !errors.Is(err, keys.ErrSealed) {
		t.Errorf("done %v with %v, want done, and the fault of one", done, err)
	}
	wantEpochs(t, c, k, acme.ID, 20, map[int]int{2: 20})
}

func TestResealOfADestroyedKeyStops(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, cloud.Options{})
	acme := c.Tenant(t)
	k := process(t, c, acme.Record)
	fill(t, c, k, acme.ID, 0, 3)
	c.Clock.Advance(91 * day)
	seal(t, k, "begins the epoch", "a")
	destroy(t, c, acme.Record)
	if done, err := k.Reseal(t.Context(), lines, 10); done || !errors.Is(err, keys.ErrKeyUnavailable) {
		t.Errorf("done %v with %v", done, err)
	}
}
