package exportworker_test

import (
	"context"
	"testing"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/tilelog"
)

// An export has the same audit entries before and after their documents have expired.
func TestExpiredAuditEntriesAreExported(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	db, err := c.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const total = tilelog.TileWidth + 20
	tn.AppendAuditEntries(t, total)
	c.RunScheduled(t, "audit-integrator")
	export := func() []map[string]any {
		t.Helper()
		e := tn.CreateExport(t, map[string]any{"kinds": []string{"audit"}})
		c.FinishExports(t)
		pulled, _ := verified(t, tn, e.ID)
		return rowsOf(t, pulled, "audit")
	}
	before := export()
	expire(t, db, tn)
	after := export()
	if len(before) < total || len(after) < len(before) {
		t.Fatalf("%d rows before the expiry, and %d after it, of at least %d", len(before), len(after), total)
	}
	if diff := cmp.Diff(before, after[:len(before)]); diff != "" {
		t.Errorf("the rows before (-) and after (+) the expiry differ:\n%s", diff)
	}
}

// expire deletes the documents of the first bundle, as Firestore does after weeks: no URL is signed by
// a clock that is weeks ahead.
func expire(t *testing.T, db *firestore.Client, tn *cloudtest.Tenant) {
	t.Helper()
	err := db.RunTransaction(t.Context(), func(_ context.Context, tx *firestore.Transaction) error {
		return auditlog.MarkExpired(tx, db, tn.ID, tilelog.TileWidth-1)
	})
	if err != nil {
		t.Fatal(err)
	}
	docs, err := db.Collection("tenants/"+string(tn.ID)+"/audit").Where("index", "<", tilelog.TileWidth).Documents(t.Context()).GetAll()
	if err != nil || len(docs) != tilelog.TileWidth {
		t.Fatalf("%d documents, %v", len(docs), err)
	}
	for _, doc := range docs {
		if _, err := doc.Ref.Delete(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
