package command_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// exporter is an auditor of a tenant of its own cloud, which has runs.
type exporter struct {
	*program
	cloud *cloudtest.Cloud
	keys  string // file of verifier keys
}

func newExporter(t *testing.T, config faults.HTTPConfig) *exporter {
	t.Helper()
	cloud := cloudtest.New(t, suite.Options{})
	p := programOf(t, cloud.Tenant(t), "auditor")
	p.recordRuns(t, 3)
	e := &exporter{program: p.proxied(t, config), cloud: cloud, keys: filepath.Join(t.TempDir(), "keys.txt")}
	writeFile(t, e.keys, p.tenant.ExportKeyFile(t))
	return e
}

// create creates an export and waits until it is done.
func (e *exporter) create(t *testing.T, args ...string) (id string) {
	t.Helper()
	id = decode[api.Export](t, e.program, append([]string{"exports", "create", "--json"}, args...)...).ID
	e.cloud.FinishExports(t)
	return id
}

func (e *exporter) pull(t *testing.T, id, dir string, args ...string) result {
	t.Helper()
	return e.run(t, append([]string{"exports", "pull", id, dir, "--keys", e.keys, "--backoff", "5ms"}, args...)...)
}

// isBucket reports whether a request is for an object.
func isBucket(r *http.Request) bool { return r.URL.Query().Has("X-Goog-Signature") }

func TestAnExportIsCreatedPulledAndVerified(t *testing.T) {
	t.Parallel()
	fetched := 0
	unavailable := everyOther(faults.Unavailable)
	e := newExporter(t, faults.HTTPConfig{Fault: func(r *http.Request) faults.Fault {
		if isBucket(r) {
			fetched++
		}
		return unavailable(r)
	}})
	id := e.create(t, "--kind", "audit,metadata", "--kind", "inventory")
	dir := filepath.Join(t.TempDir(), "export")
	if r := e.run(t, "exports", "wait", id, "--interval", "100ms"); r.code != 0 || !strings.Contains(r.stderr, "done: ") {
		t.Errorf("%+v", r)
	}
	if r := e.pull(t, id, dir, "--parallel", "1"); r.code != 0 || !strings.Contains(r.stderr, "is complete; fetched ") {
		t.Fatalf("%+v", r)
	}
	once := fetched
	if r := e.pull(t, id, dir); r.code != 0 || fetched != once || !strings.Contains(r.stderr, "nothing was fetched") {
		t.Errorf("the second pull fetched %d files: %+v", fetched-once, r)
	}
	delete(e.env, "STRONGROOM_TOKEN")
	e.env["STRONGROOM_URL"] = "http://127.0.0.1:1"
	if r := e.run(t, "exports", "verify", dir); r.code != 0 || !strings.HasSuffix(r.stdout, "OK\n") {
		t.Errorf("%+v", r)
	}
	var report struct {
		OK     bool
		Export string
	}
	r := e.run(t, "exports", "verify", dir, "--keys", e.keys, "--json").want(t)
	if err := json.Unmarshal([]byte(r.stdout), &report); err != nil || !report.OK || report.Export != id {
		t.Errorf("%v: %s", err, r.stdout)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) < 5 {
		t.Errorf("%v, %v", entries, err)
	}
}
