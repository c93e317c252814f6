package exportworker_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/records"
)

// An export with a part that can never be written fails: it names the part and the reason,
// and has no manifest.
func TestAnExportThatCannotBeCompleteFailsAndNamesThePart(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	db, err := c.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	below := func(tn *cloudtest.Tenant, collection string) *firestore.DocumentSnapshot {
		docs, err := db.Collection("tenants").Doc(string(tn.ID)).Collection(collection).Limit(1).Documents(t.Context()).GetAll()
		if err != nil || len(docs) != 1 {
			t.Fatalf("%d documents of %s: %v", len(docs), collection, err)
		}
		return docs[0]
	}
	change := func(ref *firestore.DocumentRef, path string, value any) {
		if _, err := ref.Update(t.Context(), []firestore.Update{{Path: path, Value: value}}); err != nil {
			t.Fatal(err)
		}
	}
	for name, row := range map[string]struct {
		kind, reason string
		damage       func(tn *cloudtest.Tenant, run string)
	}{
		"a sealed text that does not open": {"metadata", "unreadable-data", func(tn *cloudtest.Tenant, run string) {
			ref := records.SightingRef(records.Workspace(db, tn.ID, "prod").Collection(records.RunsCollection).Doc(run), 1)
			change(ref, "line", []byte("this is not sealed"))
		}},
		"a document that cannot be decoded": {"inventory", "unreadable-data", func(tn *cloudtest.Tenant, run string) {
			docs, err := records.Workspace(db, tn.ID, "prod").Collection(records.GrantsCollection).Documents(t.Context()).GetAll()
			if err != nil || len(docs) != 1 {
				t.Fatalf("%d grants: %v", len(docs), err)
			}
			change(docs[0].Ref, "part", "one")
		}},
		"an audit entry that is missing": {"audit", "missing-entry", func(tn *cloudtest.Tenant, _ string) {
			c.RunScheduled(t, "audit-integrator")
			if _, err := below(tn, "audit").Ref.Delete(t.Context()); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		tn := c.Tenant(t)
		row.damage(tn, seed(t, tn))
		e := tn.CreateExport(t, map[string]any{"kinds": []string{row.kind}})
		c.FinishExports(t)
		got := tn.Export(t, e.ID)
		if got.State != "failed" || got.Reason != row.reason || !strings.HasPrefix(got.FailedPart, "rows-") {
			t.Errorf("%s: the export is %+v\n%s", name, got, c.Log)
		}
		tn.Do(t, "auditor", http.MethodGet, "/v1/exports/"+e.ID+"/files", nil).Want(t, http.StatusConflict)
		if names := objectsOf(t, tn, e.ID); strings.Contains(names, "manifest-") {
			t.Errorf("%s: the export has the objects\n%s", name, names)
		}
		if !strings.Contains(c.Log.String(), got.FailedPart) {
			t.Errorf("%s: the log does not name the part", name)
		}
	}
	if strings.Contains(c.Log.String(), "DNS is slow") {
		t.Error("the log has a text of the tenant")
	}
}

// objectsOf returns the names of the objects of an export, one on each line.
func objectsOf(t *testing.T, tn *cloudtest.Tenant, id string) (names string) {
	t.Helper()
	client, err := bucket.NewClient(t.Context(), tn.Cloud.As(suite.OperatorAccount))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	found := client.Bucket(tn.ExportsBucket).Objects(t.Context(), &storage.Query{Prefix: id + "/"})
	for {
		o, err := found.Next()
		if errors.Is(err, iterator.Done) {
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		names += o.Name + "\n"
	}
}
