package audit_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/tilelog"
)

// appendMixed records n entries that filters tell apart, minutes from each other, and publishes them.
func (f fixture) appendMixed(t *testing.T, n int) []string {
	t.Helper()
	ids := make([]string, n)
	for i := range ids {
		e := auditlog.Entry{Actor: alice, Action: auditlog.ReadRun, Outcome: auditlog.Allowed, Workspace: "prod"}
		if i%2 == 1 {
			e.Actor, e.Action = auditlog.Actor{Subject: "bob"}, auditlog.StartRun
		}
		if i%3 == 0 {
			e.Outcome, e.Workspace = auditlog.Denied, "test"
		}
		e.Resource = fmt.Sprintf("runs/0198c2b4-5d1e-7c3a-9f00-%012d/outputs/a", i%5)
		ids[i] = f.appendEntry(t, e)
		f.Cloud.Clock.Advance(time.Minute)
	}
	f.integrate(t)
	return ids
}

// Nobody who reads the log notices that documents have expired: the bundles in the audit bucket have
// the same entries, and are read with the same filters, orders, pages and proofs.
func TestExpiredEntriesAreReadFromTheirBundles(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	began := f.Cloud.Clock.Now()
	const total, inBundles = 2*tilelog.TileWidth + 20, 2 * tilelog.TileWidth
	ids := f.appendMixed(t, total)
	at := func(d time.Duration) string { return began.Add(d).UTC().Format(time.RFC3339Nano) }
	end := at(total * time.Minute) // what is read later is recorded later
	queries := map[string][]string{
		"everything":                         {"limit", "1000"},
		"pages across the boundary":          {"limit", "500"},
		"small pages":                        {"limit", "77"},
		"an actor":                           {"actor", auditlog.ActorKey(alice)},
		"an action and an outcome":           {"action", "runs.start", "outcome", "denied"},
		"a workspace":                        {"workspace", "test", "limit", "50"},
		"a run and what is below it":         {"run", "0198c2b4-5d1e-7c3a-9f00-000000000003"},
		"a resource, exactly":                {"resource", "runs/0198c2b4-5d1e-7c3a-9f00-000000000004/outputs/a"},
		"a run that nothing is about":        {"run", "0198c2b4-5d1e-7c3a-9f00-000000000009"},
		"after an index in the old part":     {"after", "200"},
		"after an index in the new part":     {"after", "515"},
		"from a time in the old part":        {"from", at(100 * time.Minute)},
		"from and to, in the old part":       {"from", at(100 * time.Minute), "to", at(120 * time.Minute)},
		"to a time in the old part":          {"to", at(30 * time.Minute), "actor", auditlog.ActorKey(alice)},
		"from a time in the new part":        {"from", at((inBundles + 5) * time.Minute)},
		"a time that nothing happened in":    {"from", at(-time.Hour), "to", at(-time.Minute)},
		"from the old part to the new part ": {"from", at((inBundles - 3) * time.Minute), "limit", "2"},
	}
	read := func() map[string][]string {
		got := map[string][]string{}
		for name, query := range queries {
			for _, order := range []string{"oldest", "newest"} {
				query := append([]string{"to", end, "order", order}, query...)
				got[name+", "+order+" first"], _ = f.listAll(t, query...)
			}
		}
		return got
	}
	entry := func(id string) string {
		t.Helper()
		return string(f.Do(t, "auditor", http.MethodGet, "/v1/audit/entries/"+id, nil).Want(t, http.StatusOK).Body)
	}
	before, first, last := read(), entry(ids[0]), entry(ids[total-1])

	if deleted := f.ExpireAuditEntries(t); deleted < inBundles {
		t.Fatalf("%d documents have expired, want %d", deleted, inBundles)
	}
	if _, err := f.reader.ReadEntry(t.Context(), f.db, f.ID, ids[0]); err == nil {
		t.Error("the document of the first entry is still there")
	}
	if diff := cmp.Diff(before, read()); diff != "" {
		t.Errorf("the lists before (-) and after (+) the expiry differ:\n%s", diff)
	}
	if got := entry(ids[0]); got != first {
		t.Errorf("the first entry was %s and is %s", first, got)
	}
	if got := entry(ids[total-1]); got != last {
		t.Errorf("the last entry was %s and is %s", last, got)
	}
	for _, id := range []string{ids[0], ids[inBundles/2+3], ids[inBundles-1], ids[inBundles]} {
		if got := entry(id); !strings.Contains(got, `"id":"`+id+`"`) {
			t.Errorf("the entry %s is %s", id, got)
		}
		f.Do(t, "auditor", http.MethodGet, "/v1/audit/entries/"+id+"/proof", nil).Want(t, http.StatusOK)
	}
	for name, id := range map[string]string{
		"an ID of the time of the old part": ids[3][:13] + "-7000-8000-000000000000",
		"an ID from before the log":         "00000000-0001-7000-8000-000000000000",
		"an ID of the future":               cloudtest.NewRun(t),
	} {
		if got := f.Do(t, "auditor", http.MethodGet, "/v1/audit/entries/"+id, nil); got.Status != http.StatusNotFound {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
}

// An entry that is missing in the database and in the bucket is an error, and never left out.
func TestABundleThatIsMissingIsNotLeftOut(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.appendMixed(t, tilelog.TileWidth+1)
	tree := auditlog.TreeRef(f.db, f.ID)
	if _, err := tree.Update(t.Context(), []firestore.Update{{Path: "expired", Value: 2 * tilelog.TileWidth}}); err != nil { // the second bundle is not full
		t.Fatal(err)
	}
	if got := f.Do(t, "auditor", http.MethodGet, "/v1/audit/entries", nil); got.Status != http.StatusInternalServerError {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}
