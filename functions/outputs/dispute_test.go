package outputs_test

import (
	"net/http"
	"testing"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// change changes the grant of part 1 of stdout.log.
func (f fixture) change(t *testing.T, change func(*grant.Grant)) {
	t.Helper()
	ref := f.grantRef(t)
	g := f.grant(t)
	change(&g)
	if _, err := ref.Set(t.Context(), g); err != nil {
		t.Fatal(err)
	}
}

func (f fixture) grantRef(t *testing.T) *firestore.DocumentRef {
	t.Helper()
	db, err := f.Cloud.Directory.Database(t.Context(), f.Record)
	if err != nil {
		t.Fatal(err)
	}
	return records.GrantRef(db, f.ID, grant.Object{Workspace: f.Workspace, Run: run.ID(f.run), Output: "stdout.log", Part: 1})
}

func (f fixture) grant(t *testing.T) grant.Grant {
	t.Helper()
	doc, err := f.grantRef(t).Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	g, err := records.Decode[grant.Grant](doc)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestADisputedPartIsReadAsTheBucketHasIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		forged  func(*grant.Grant)
		adopted int
	}{
		"another generation was forged": {func(g *grant.Grant) { g.Stored.Generation = 777 }, 1},
		"another size was forged":       {func(g *grant.Grant) { g.Stored.Size = 0 }, 1},
		"another sum was forged":        {func(g *grant.Grant) { g.Stored.CRC32C = 7 }, 1},
		"the record is right":           {func(*grant.Grant) {}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.Mint(t, f.run, cloudtest.Part{Output: "stdout.log", Part: 1, ContentType: "text/plain"})[0].Put(t, []byte("genuine")).Want(t, http.StatusOK)
			f.Cloud.Drain(t)
			genuine := f.grant(t)
			f.change(t, func(g *grant.Grant) { c.forged(g); g.Disputed = true })
			for range 2 {
				wantBody(t, f.read(t, "stdout.log", "").Want(t, http.StatusOK), []byte("genuine"))
			}
			if g := f.grant(t); g.Disputed || !g.Stored.Equal(*genuine.Stored) {
				t.Errorf("the grant is %+v of %+v", g, g.Stored)
			}
			if got := f.audited(t, auditlog.AdoptObject); len(got) != c.adopted {
				t.Errorf("the audit log has %+v, want %d entries", got, c.adopted)
			}
		})
	}
}

func TestADisputedObjectThatDoesNotMatchItsGrantIsQuarantined(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.put(t, counted("stdout.log", 1, []byte("not as granted")))
	size := int64(3)
	f.change(t, func(g *grant.Grant) { g.Disputed, g.Stored.Generation, g.Declared.Size = true, 777, &size })
	wantBody(t, f.read(t, "stdout.log", "").Want(t, http.StatusOK), nil)
	if g := f.grant(t); g.State != grant.Quarantined || g.Disputed {
		t.Errorf("the grant is %+v", g)
	}
}

func TestADisputeWithoutAnObjectStaysOpen(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.Mint(t, f.run, partOf("stdout.log", "text/plain", 4))
	f.change(t, func(g *grant.Grant) {
		g.State, g.Disputed, g.Stored = grant.Stored, true, &grant.Finalized{Generation: 777, Size: 4, ContentType: "text/plain"}
	})
	f.read(t, "stdout.log", "").Want(t, http.StatusGone)
	if g := f.grant(t); !g.Disputed {
		t.Errorf("the grant is %+v", g)
	}
}

func TestAnObjectOfAnotherSizeIsNotServed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.put(t, counted("stdout.log", 1, []byte("genuine")))
	f.change(t, func(g *grant.Grant) { g.Stored.Size = 3 })
	f.read(t, "stdout.log", "").Want(t, http.StatusGone)
}
