package exports_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

// attempt is a request that a URL must not permit.
type attempt struct{ method, address string }

// attempts are what somebody may try with the URL of the first of some files.
func attempts(t *testing.T, tn *cloudtest.Tenant, id string, files []cloudtest.ExportFile, foreign string) map[string]attempt {
	t.Helper()
	mine := files[0].URL
	with := func(path string) string {
		changed := parse(t, mine)
		changed.Path, changed.RawPath = path, ""
		return changed.String()
	}
	later := parse(t, mine)
	query := later.Query()
	query.Set("X-Goog-Expires", "4500")
	later.RawQuery = query.Encode()
	return map[string]attempt{
		"another file of the export":     {http.MethodGet, with("/" + tn.ExportsBucket + "/" + id + "/" + files[1].Name)},
		"a file of another tenant":       {http.MethodGet, with(parse(t, foreign).Path)},
		"the output itself":              {http.MethodGet, with("/" + tn.OutputsBucket + "/" + strings.TrimPrefix(files[0].Name, "parts/"))},
		"the list of the bucket":         {http.MethodGet, with("/" + tn.ExportsBucket)},
		"the list of the export":         {http.MethodGet, with("/"+tn.ExportsBucket) + "&prefix=" + id},
		"the list, as a query parameter": {http.MethodGet, mine + "&list-type=2"},
		"another method: DELETE":         {http.MethodDelete, mine},
		"another method: PUT":            {http.MethodPut, mine},
		"an end that is an hour later":   {http.MethodGet, later.String()},
	}
}

// A URL opens one file, for 15 minutes, with GET, and lists nothing. That holds for the
// files that the platform writes, and for copies of output.
func TestReadURLsOpenOneFile(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn, other := c.Tenant(t), c.Tenant(t)
	for _, stores := range []*cloudtest.Tenant{tn, other} {
		stores.Store(t, cloudtest.NewRun(t), "out.log", []byte("first"), []byte("second"))
	}
	var tries []attempt
	for _, row := range []struct{ kind, prefix string }{{"metadata", ""}, {"outputs", "parts/"}} {
		request := map[string]any{"kinds": []string{row.kind}}
		e, theirs := tn.CreateExport(t, request), other.CreateExport(t, request)
		c.FinishExports(t)
		files, foreign := filesOf(t, tn, e.ID, row.prefix), filesOf(t, other, theirs.ID, row.prefix)
		if got := status(t, http.MethodGet, files[0].URL); got != http.StatusOK {
			t.Fatalf("%s: the URL itself: %d", row.kind, got)
		}
		for name, try := range attempts(t, tn, e.ID, files, foreign[0].URL) {
			if got := status(t, try.method, try.address); got < 400 {
				t.Errorf("%s: %s: status %d", row.kind, name, got)
			}
		}
		tries = append(tries, attempt{http.MethodGet, filesOf(t, tn, e.ID, row.prefix)[0].URL})
		other.Do(t, "auditor", http.MethodGet, "/v1/exports/"+e.ID+"/files", nil).Want(t, http.StatusNotFound)
		tn.Do(t, "auditor", http.MethodGet, "/v1/exports/"+e.ID+"/files?pageToken=AAAA", nil).Want(t, http.StatusBadRequest)
	}
	const early = 5 * time.Minute // the test takes less
	c.Clock.Advance(15*time.Minute - early)
	for _, try := range tries {
		if got := status(t, try.method, try.address); got != http.StatusOK {
			t.Errorf("before 15 minutes are over: status %d", got)
		}
	}
	c.Clock.Advance(early)
	for _, try := range tries {
		if got := status(t, try.method, try.address); got != http.StatusBadRequest {
			t.Errorf("after 15 minutes: status %d", got)
		}
	}
}

// filesOf returns the files of an export whose names have a prefix.
func filesOf(t *testing.T, tn *cloudtest.Tenant, id, prefix string) (files []cloudtest.ExportFile) {
	t.Helper()
	for _, f := range tn.ExportFiles(t, id) {
		if strings.HasPrefix(f.Name, prefix) {
			files = append(files, f)
		}
	}
	if len(files) < 2 {
		t.Fatalf("the export has the files %v with the prefix %q, want two", files, prefix)
	}
	return files
}
