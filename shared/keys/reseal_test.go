package keys_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/issue"
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
	seals(t, k, database(t, c), id, from, to)
}

// seals writes them to a database.
func seals(t *testing.T, k *keys.Tenant, db *firestore.Client, id tenant.ID, from, to int) {
	t.Helper()
	for n := from; n < to; n++ {
		ref := place(db, id, n)
		value := map[string]any{"line": seal(t, k, fmt.Sprint("line ", n), keys.RelativePath(ref)), "number": n}
		if _, err := ref.Set(t.Context(), value); err != nil {
			t.Fatal(err)
		}
	}
}

// wantEpochs fails the test unless all documents open, and want has the number of each epoch.
func wantEpochs(t *testing.T, c *cloudtest.Cloud, k *keys.Tenant, id tenant.ID, total int, want map[int]int) {
	t.Helper()
	wantEpochsIn(t, database(t, c), k, id, total, want)
}

func wantEpochsIn(t *testing.T, db *firestore.Client, k *keys.Tenant, id tenant.ID, total int, want map[int]int) {
	t.Helper()
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

// reseal fails the test unless Reseal does what is wanted.
func reseal(t *testing.T, k *keys.Tenant, pages int, want keys.Progress) {
	t.Helper()
	got, err := k.Reseal(t.Context(), lines, pages)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("wanted (-) and done (+) differ:\n%s", diff)
	}
}

// nextEpoch has the tenants' next epoch begun, and known to all.
func nextEpoch(t *testing.T, c *cloudtest.Cloud, all ...*keys.Tenant) {
	t.Helper()
	c.Clock.Advance(91 * day)
	for _, k := range all {
		seal(t, k, "begins the epoch", "a")
	}
	c.Clock.Advance(time.Hour)
}

func TestResealGoesOnWhereItWasStopped(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	acme := c.Tenant(t)
	k := process(t, c, acme.Record)
	fill(t, c, k, acme.ID, 0, 40)
	reseal(t, k, 10, keys.Progress{Done: true}) // there is one epoch only

	c.Clock.Advance(91 * day)
	fill(t, c, k, acme.ID, 40, 45)
	reseal(t, k, 10, keys.Progress{Waiting: true}) // others may still seal under the old key
	wantEpochs(t, c, k, acme.ID, 45, map[int]int{1: 40, 2: 5})

	c.Clock.Advance(day)
	reseal(t, k, 0, keys.Progress{})
	reseal(t, k, 1, keys.Progress{Resealed: 15})
	reseal(t, process(t, c, acme.Record), 1, keys.Progress{Resealed: 14}) // the first process was stopped
	reseal(t, process(t, c, acme.Record), 5, keys.Progress{Resealed: 11, Done: true})
	reseal(t, k, 5, keys.Progress{Done: true})
	wantEpochs(t, c, k, acme.ID, 45, map[int]int{2: 45})
}

func TestResealBeginsAnewWithANewEpoch(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	acme := c.Tenant(t)
	k := process(t, c, acme.Record)
	fill(t, c, k, acme.ID, 0, 40)
	nextEpoch(t, c, k)
	reseal(t, k, 1, keys.Progress{Resealed: 16})
	nextEpoch(t, c, k)
	wantEpochs(t, c, k, acme.ID, 40, map[int]int{1: 24, 2: 16})
	reseal(t, k, 10, keys.Progress{Resealed: 40, Done: true})
	nextEpoch(t, c, k)
	reseal(t, k, 10, keys.Progress{Resealed: 40, Done: true})
	wantEpochs(t, c, k, acme.ID, 40, map[int]int{4: 40})
}

// A process may know the last key for five minutes after the next was made, and
// write for five more what it sealed under it.
func TestResealLeavesNothingBehindThatOthersWriteLate(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	acme := c.Tenant(t)
	late := process(t, c, acme.Record)
	seal(t, late, "begins the first epoch", "a")
	c.Clock.Advance(90*day - time.Minute)
	ref := place(database(t, c), acme.ID, 0)
	sealed := func() []byte { return seal(t, late, "line 0", keys.RelativePath(ref)) }
	sealed() // reads the old key again
	c.Clock.Advance(2 * time.Minute)
	k := process(t, c, acme.Record)
	reseal(t, k, 10, keys.Progress{Waiting: true}) // and begins the epoch
	c.Clock.Advance(2 * time.Minute)
	old := sealed()
	if got := epochOf(old); got != 1 {
		t.Fatalf("the other process seals in epoch %d, want 1", got)
	}
	c.Clock.Advance(5 * time.Minute)
	reseal(t, k, 10, keys.Progress{Waiting: true})
	if _, err := ref.Set(t.Context(), map[string]any{"line": old, "number": 0}); err != nil {
		t.Fatal(err)
	}
	c.Clock.Advance(3 * time.Minute)
	reseal(t, k, 10, keys.Progress{Resealed: 1, Done: true})
	wantEpochs(t, c, k, acme.ID, 1, map[int]int{2: 1})
}

func TestResealTouchesNoOtherTenant(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	record, all := c.Tenant(t).Record, map[tenant.ID]*keys.Tenant{}
	for _, id := range []tenant.ID{"t", "t-", "t-0", "t-1", "t-1-", "t-1-0", "t-10", "t-2", "t1", "s", "u"} {
		record.ID = id
		all[id] = process(t, c, record)
		fill(t, c, all[id], id, 0, 3)
	}
	nextEpoch(t, c, slices.Collect(maps.Values(all))...)
	reseal(t, all["t-1"], 10, keys.Progress{Resealed: 3, Done: true})
	for id, k := range all {
		want := 1
		if id == "t-1" {
			want = 2
		}
		wantEpochs(t, c, k, id, 3, map[int]int{want: 3})
	}
}

// A database may have any name of 4 to 63 characters, that of a part of every
// path too.
func TestResealInTheTenantsOwnDatabase(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	for _, name := range []string{"acmes-own", "documents"} {
		record := c.Tenant(t).Record
		record.DatabaseID = name
		db, err := c.Directory.Database(t.Context(), record)
		if err != nil {
			t.Fatal(err)
		}
		k, err := keys.NewTenants(c.Operator, c.Clock.Now).Of(t.Context(), record, db)
		if err != nil {
			t.Fatal(err)
		}
		seals(t, k, db, record.ID, 0, 20)
		nextEpoch(t, c, k)
		reseal(t, k, 1, keys.Progress{Resealed: 16})
		reseal(t, k, 2, keys.Progress{Resealed: 4, Done: true})
		wantEpochsIn(t, db, k, record.ID, 20, map[int]int{2: 20})
	}
}

// A page of the largest values fits into a commit.
func TestResealOfTheLargestValues(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	acme := c.Tenant(t)
	k, db := process(t, c, acme.Record), database(t, c)
	const documents = 33
	largest := strings.Repeat("x", issue.MaxLineBytes+2<<10) // of an issue: a line, its title and what says how long that is
	for n := range documents {
		ref := place(db, acme.ID, n)
		if _, err := ref.Set(t.Context(), map[string]any{"line": seal(t, k, largest, keys.RelativePath(ref))}); err != nil {
			t.Fatal(err)
		}
	}
	nextEpoch(t, c, k)
	reseal(t, k, 3, keys.Progress{Resealed: documents, Done: true})
	for n := range documents {
		doc, err := place(db, acme.ID, n).Get(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		sealed, _ := doc.Data()["line"].([]byte)
		if plain, err := k.Open(t.Context(), sealed, []byte(keys.RelativePath(doc.Ref))); string(plain) != largest || epochOf(sealed) != 2 {
			t.Errorf("document %d has %d bytes of epoch %d, %v", n, len(plain), epochOf(sealed), err)
		}
	}
}

func TestResealPassesOverWhatWillNeverOpen(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	acme := c.Tenant(t)
	k, db := process(t, c, acme.Record), database(t, c)
	fill(t, c, k, acme.ID, 0, 20)
	moved := seal(t, k, "moved", "elsewhere")
	for n, value := range map[int]any{20: moved, 21: []byte("x"), 22: "a text", 23: nil} {
		if _, err := place(db, acme.ID, n).Set(t.Context(), map[string]any{"line": value}); err != nil {
			t.Fatal(err)
		}
	}
	nextEpoch(t, c, k)
	reseal(t, k, 10, keys.Progress{Resealed: 20, Done: true, Unreadable: []string{keys.RelativePath(place(db, acme.ID, 20))}})
	reseal(t, k, 10, keys.Progress{Done: true}) // it is reported once
	wantEpochs(t, c, k, acme.ID, 20, map[int]int{2: 20})
}

func TestResealOfADestroyedKeyStops(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	acme := c.Tenant(t)
	k := process(t, c, acme.Record)
	fill(t, c, k, acme.ID, 0, 3)
	c.Clock.Advance(91 * day)
	seal(t, k, "begins the epoch", "a")
	destroy(t, c, acme.Record)
	if got, err := k.Reseal(t.Context(), lines, 10); got.Done || !errors.Is(err, keys.ErrKeyUnavailable) {
		t.Errorf("%+v with %v", got, err)
	}
}
