package exportworker_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/sli"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// workspaces are those of each tenant. The names sort next to each other, and one is
// the beginning of another.
var workspaces = []tenant.WorkspaceID{"prod", "prod-2", "prod2"}

// tables are those whose rows are documents.
var tables = []export.Table{
	export.RunsTable, export.SamplesTable, export.SightingsTable, export.IssuesTable,
	export.SLIsTable, export.AssistantsTable, export.GrantsTable, export.ConfigsTable, export.ReviewsTable,
}

// maxDocuments is how many documents a tenant has at a time, about.
const maxDocuments = 16

// write commits changes of some documents: new ones, new versions, and deletions,
// which the product does not make.
func (h *history) write(t *testing.T, r *rand.Rand) {
	t.Helper()
	changed, deleted := map[key]int{}, []key(nil)
	for range 1 + r.IntN(5) {
		changed[h.newKey(t, r)] = h.number()
	}
	for i, k := range h.model.pick(r, 2+max(0, len(h.model.now)-maxDocuments)) {
		if h.deletesNone || i < 2 && r.IntN(4) > 0 {
			changed[k] = h.number()
		} else {
			deleted = append(deleted, k)
		}
	}
	h.commit(t, changed, deleted)
}

func (h *history) number() int {
	h.numbers++
	return h.numbers
}

// newKey names a document that does not exist: at a random place between the others.
func (h *history) newKey(t *testing.T, r *rand.Rand) key {
	t.Helper()
	k := key{h.tables[r.IntN(len(h.tables))], workspaces[r.IntN(len(workspaces))], cloudtest.NewRun(t)}
	switch {
	case k.table == export.ConfigsTable: // a workspace has one
		k.id = "main"
	case r.IntN(2) == 0:
		k.id = fmt.Sprintf("%08x-0000-7000-8000-%012x", r.Uint32(), h.number())
	}
	return k
}

// commit writes documents and an audit entry in one transaction.
func (h *history) commit(t *testing.T, changed map[key]int, deleted []key) {
	t.Helper()
	entry, err := h.log.Prepare(t.Context(), h.db, auditlog.Entry{Tenant: h.ID, Actor: auditlog.Actor{Subject: "a"}, Action: auditlog.StartRun})
	if err != nil {
		t.Fatal(err)
	}
	var response firestore.CommitResponse
	err = h.db.RunTransaction(t.Context(), func(ctx context.Context, tx *firestore.Transaction) error {
		for k, number := range changed {
			ref, value := h.document(t, k, number)
			if err := tx.Set(ref, value); err != nil {
				return err
			}
		}
		for _, k := range deleted {
			ref, _ := h.document(t, k, 0)
			if err := tx.Delete(ref); err != nil {
				return err
			}
		}
		return entry.Write(tx)
	}, firestore.WithCommitResponseTo(&response))
	if err != nil {
		t.Fatal(err)
	}
	h.model.add(response.CommitTime(), changed, deleted, h.published)
}

// document returns the document of a key, with a number that its row shows.
func (h *history) document(t *testing.T, k key, number int) (*firestore.DocumentRef, any) {
	t.Helper()
	id, of := run.ID(k.id), records.Workspace(h.db, h.ID, k.workspace)
	text := fmt.Sprint(number)
	switch k.table {
	case export.RunsTable:
		return of.Collection(records.RunsCollection).Doc(k.id), run.Run{ID: id, State: run.Running, Start: run.Start{Task: text}}
	case export.SamplesTable:
		series, err := sli.NewSeries("latency", id, "", []sli.Sample{{Time: time.Unix(1, 0), Value: float64(number)}})
		if err != nil {
			t.Fatal(err)
		}
		return records.SeriesRef(h.db, h.ID, k.workspace, id, "latency"), series
	case export.SightingsTable:
		ref := records.SightingRef(of.Collection(records.RunsCollection).Doc(k.id), 1)
		return ref, issue.Record{Number: 1, Run: id, Line: h.sealed(t, ref, text)}
	case export.IssuesTable:
		ref := of.Collection(records.IssuesCollection).Doc(k.id)
		sealed, err := records.SealIssueText(t.Context(), h.keys.Seal, ref, records.IssueText{Title: text})
		if err != nil {
			t.Fatal(err)
		}
		return ref, issue.Issue{ID: issue.ID(k.id), ResolvedAt: issue.Unresolved, Text: sealed}
	case export.SLIsTable:
		return records.SLIRef(h.db, h.ID, k.workspace, k.id), sli.SLI{Name: k.id, SLX: text}
	case export.AssistantsTable:
		ref := of.Collection(records.AssistantsCollection).Doc(k.id)
		return ref, records.Assistant{Name: h.sealed(t, ref, text)}
	case export.ConfigsTable:
		return records.ConfigRef(h.db, h.ID, k.workspace), h.configuration(t, k.workspace, number)
	case export.ReviewsTable:
		ref := of.Collection(records.ConfigReviewsCollection).Doc(k.id)
		return ref, map[string]any{"digest": k.id, "files": number, "waivers": h.sealed(t, ref, `[{"rule":"email","reason":"a team"}]`)}
	default:
		g := grant.Grant{Workspace: k.workspace, Run: id, Output: "out", Part: 1, State: grant.Pending, Declared: grant.Declared{ContentType: text}}
		if number%2 == 1 {
			g.State, g.Stored = grant.Stored, h.object(t, g.Object())
		}
		return records.GrantRef(h.db, h.ID, g.Object()), g
	}
}

// object returns the object of a grant, which it creates once. Its content is its name.
func (h *history) object(t *testing.T, o grant.Object) *grant.Finalized {
	t.Helper()
	at := h.storage.Bucket(h.OutputsBucket).Object(o.Name())
	if err := bucket.Create(t.Context(), at, "text/plain", []byte(o.Name())); err != nil {
		t.Fatal(err)
	}
	a, err := at.Attrs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return &grant.Finalized{Generation: a.Generation, Size: a.Size, CRC32C: a.CRC32C, ContentType: a.ContentType, Time: a.Created}
}

func (h *history) sealed(t *testing.T, ref *firestore.DocumentRef, text string) []byte {
	t.Helper()
	sealed, err := records.CryptFunc(h.keys.Seal).Apply(t.Context(), ref, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

// shown are the fields of a row with the ID and the number of its document.
var shown = map[export.Table][2]string{
	export.RunsTable: {"run", "task"}, export.SightingsTable: {"run", "line"}, export.IssuesTable: {"issue", "title"},
	export.SLIsTable: {"name", "slx"}, export.AssistantsTable: {"assistant", "name"}, export.GrantsTable: {"run", "contentType"},
	export.PartsTable: {"run", "contentType"}, export.ReviewsTable: {"digest", "files"},
}

// nameRow names a row as the model does.
func nameRow(table export.Table, row map[string]any) string {
	if table == export.SamplesTable {
		return fmt.Sprint(row["workspace"], " ", row["run"], " version ", row["samples"].([]any)[0].(map[string]any)["value"])
	}
	if table == export.ConfigsTable {
		updated, _ := time.Parse(time.RFC3339, fmt.Sprint(row["updated"]))
		return fmt.Sprint(row["workspace"], " main version ", updated.Unix())
	}
	f := shown[table]
	return fmt.Sprint(row["workspace"], " ", row[f[0]], " version ", strings.TrimSpace(fmt.Sprint(row[f[1]])))
}
