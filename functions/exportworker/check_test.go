package exportworker_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cloud.google.com/go/storage"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/api/iterator"

	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/gitbundle"
	"github.com/strongroom-dev/strongroom/shared/manifest"
)

// check compares an export that has ended with the model, and returns the rows of its
// documents.
func (h *history) check(t *testing.T, wanted request, about any) (rows map[export.Table][]string) {
	t.Helper()
	e := h.exported(t, wanted.ID)
	if e.State != export.Done {
		t.Fatalf("%v: the export is %+v", about, e)
	}
	stored := h.objects(t, e)
	report, err := manifest.Verify(stored, h.verifiers, checkBundles)
	if err != nil || len(report.Problems) > 0 {
		t.Fatalf("%v: verified with %v, %+v", about, err, report.Problems)
	}
	want, rows := wanted.before.rows(wanted.Request), map[export.Table][]string{}
	for _, table := range wanted.Request.Tables() {
		if table == export.AuditTable {
			h.checkAudit(t, wanted, stored, report.Manifest.Log, about)
			continue
		}
		var got []string
		for _, row := range rowsOf(t, stored, string(table)) {
			got = append(got, nameRow(table, row))
			h.checkCopy(t, table, row, stored, about)
			checkBundle(t, table, row, stored, about)
		}
		slices.Sort(got)
		if diff := cmp.Diff(want[table], got); diff != "" {
			t.Fatalf("%v: %s of %+v does not have every row once: %s", about, table, wanted.Request, diff)
		}
		rows[table] = got
	}
	return rows
}

// checkCopy compares the copy of a part of an output with the object.
func (h *history) checkCopy(t *testing.T, table export.Table, row map[string]any, stored fstest.MapFS, about any) {
	t.Helper()
	if table != export.PartsTable {
		return
	}
	name, copied := row["file"].(string)
	if copied != (row["state"] == "stored") {
		t.Fatalf("%v: the row %v", about, row)
	}
	if !copied {
		return
	}
	want := fmt.Sprint(row["workspace"], "/", row["run"], "/", row["output"])
	if f := stored[name]; f == nil || !strings.HasPrefix(string(f.Data), want) {
		t.Fatalf("%v: the copy of %s is %v", about, want, f)
	}
}

// checkBundle compares the bundle of a configuration with what was pushed.
func checkBundle(t *testing.T, table export.Table, row map[string]any, stored fstest.MapFS, about any) {
	t.Helper()
	if table != export.ConfigsTable {
		return
	}
	updated, err := time.Parse(time.RFC3339, fmt.Sprint(row["updated"]))
	if err != nil {
		t.Fatal(err)
	}
	_, want := gitHistory(t, int(updated.Unix()))
	name, _ := row["file"].(string)
	if row["state"] != "exported" || row["path"] != fmt.Sprintf("configuration/%s.bundle", row["workspace"]) || stored[name] == nil {
		t.Fatalf("%v: the row %v", about, row)
	}
	got, err := gitbundle.Read(bytes.NewReader(stored[name].Data))
	if err != nil {
		t.Fatalf("%v: %s: %v", about, name, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%v: the bundle %s: %s", about, name, diff)
	}
}

// wantNoReads fails the test if a worker sent a request for a tenant's output other than
// one that copies an object, or one for a configuration other than one that reads a pack in
// effect.
func (h *history) wantNoReads(t *testing.T, sent []string) {
	t.Helper()
	for _, request := range sent {
		copies := strings.HasPrefix(request, "POST /storage/v1/b/") && strings.Contains(request, "/rewriteTo/b/")
		if strings.Contains(request, h.OutputsBucket) && !copies {
			t.Errorf("a worker sent %s", request)
		}
		reads := strings.HasPrefix(request, "GET ") && strings.HasSuffix(request, ".pack") && !strings.Contains(request, "_held")
		if strings.Contains(request, h.ConfigsBucket) && !reads {
			t.Errorf("a worker sent %s", request)
		}
	}
}

// checkAudit compares the audit entries with those that were published by the read
// time, and after the time From.
func (h *history) checkAudit(t *testing.T, wanted request, stored fstest.MapFS, log manifest.Log, about any) {
	t.Helper()
	begin, end := wanted.from.audit, wanted.before.audit
	if log.Begin != begin || log.End != end {
		t.Fatalf("%v: the manifest says entries [%d, %d), want [%d, %d)", about, log.Begin, log.End, begin, end)
	}
	var got []int64
	for _, row := range rowsOf(t, stored, string(export.AuditTable)) {
		got = append(got, int64(row["index"].(float64)))
	}
	slices.Sort(got)
	var want []int64
	for i := begin; i < end; i++ {
		want = append(want, i)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%v: the audit log does not have every entry once: %s", about, diff)
	}
}

// objects returns all objects of an export, as they are in the bucket, without the
// manifests that the export's record does not name: two workers that write the
// manifest at once write different ones, and one of them counts.
func (h *history) objects(t *testing.T, e export.Export) fstest.MapFS {
	t.Helper()
	files, prefix := fstest.MapFS{}, string(e.ID)+"/"
	text, note := manifest.Names(e.Digest)
	found := h.exportsBucket().Objects(t.Context(), &storage.Query{Prefix: prefix})
	for {
		o, err := found.Next()
		if errors.Is(err, iterator.Done) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(o.Name, prefix)
		if strings.HasPrefix(name, "manifest-") && name != text && name != note {
			continue
		}
		data, err := bucket.Read(t.Context(), h.exportsBucket().Object(o.Name), 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: data}
	}
}
