package cloudtest

import (
	"net/http"
	"testing"
	"testing/fstest"
	"time"

	"github.com/strongroom-dev/strongroom/shared/manifest"
)

// Export is an export as the API shows it.
type Export struct {
	ID         string    `json:"id"`
	State      string    `json:"state"`
	Reason     string    `json:"reason"`
	FailedPart string    `json:"failedPart"`
	ReadTime   time.Time `json:"readTime"`
	Parts      int64     `json:"parts"`
	PartsDone  int64     `json:"partsDone"`
	Rows       int64     `json:"rows"`
}

// CreateExport creates an export as the tenant's auditor.
func (tn *Tenant) CreateExport(t testing.TB, request any) Export {
	t.Helper()
	var e Export
	tn.Do(t, "auditor", http.MethodPut, "/v1/exports/"+NewRun(t), request).Want(t, http.StatusOK).JSON(t, &e)
	return e
}

// Export returns the state of an export.
func (tn *Tenant) Export(t testing.TB, id string) Export {
	t.Helper()
	var e Export
	tn.Do(t, "auditor", http.MethodGet, "/v1/exports/"+id, nil).Want(t, http.StatusOK).JSON(t, &e)
	return e
}

// FinishExports publishes the audit log, moves the clock past the next whole minute,
// and waits until the parts of all exports are written. The cloud belongs to the test.
func (c *Cloud) FinishExports(t testing.TB) {
	t.Helper()
	c.RunScheduled(t, "audit-integrator")
	c.Clock.Advance(time.Minute)
	c.Drain(t)
}

// RunScheduled calls a scheduled function.
func (c *Cloud) RunScheduled(t testing.TB, function string) {
	t.Helper()
	if err := c.Scheduler.RunNow(t.Context(), function); err != nil {
		t.Fatal(err)
	}
}

// DeleteExpired deletes the documents whose time has come, as Firestore does by itself, and
// returns how many.
func (c *Cloud) DeleteExpired(t testing.TB) int {
	t.Helper()
	if c.Firestore == nil {
		t.Skip("skipped: Google's Firestore emulator has no TTL policies")
	}
	n, err := c.Cloud.DeleteExpired()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// ExportFile is a file of an export, with its URL.
type ExportFile struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// ExportFiles returns all files of an export.
func (tn *Tenant) ExportFiles(t testing.TB, id string) (files []ExportFile) {
	t.Helper()
	for token := ""; ; {
		var page struct {
			Files         []ExportFile
			NextPageToken string
		}
		tn.Do(t, "auditor", http.MethodGet, "/v1/exports/"+id+"/files?pageSize=7&pageToken="+token, nil).Want(t, http.StatusOK).JSON(t, &page)
		files = append(files, page.Files...)
		if token = page.NextPageToken; token == "" {
			return files
		}
	}
}

// PullExport downloads an export that is done.
func (tn *Tenant) PullExport(t testing.TB, id string) fstest.MapFS {
	t.Helper()
	pulled := fstest.MapFS{}
	for _, f := range tn.ExportFiles(t, id) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		pulled[f.Name] = &fstest.MapFile{Data: Send(t, r).Want(t, http.StatusOK).Body}
	}
	return pulled
}

// ExportKeys returns the verifier keys of the tenant's exports.
func (tn *Tenant) ExportKeys(t testing.TB) manifest.Keys {
	t.Helper()
	keys, err := manifest.ParseKeys(tn.ExportKeyFile(t))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// ExportKeyFile returns the verifier keys of the tenant's exports, one on each line, as
// the platform publishes them.
func (tn *Tenant) ExportKeyFile(t testing.TB) string {
	t.Helper()
	return string(tn.Do(t, "auditor", http.MethodGet, "/v1/tenants/"+string(tn.ID)+"/audit/log/keys", nil).Want(t, http.StatusOK).Body)
}
