package outputs_test

import (
	"bytes"
	"net/http"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
)

func TestMain(m *testing.M) { cloudtest.Main(m) }

const maxResponse = 8 << 20

// fixture is one run of a tenant of its own.
type fixture struct {
	*cloudtest.Tenant
	run string
}

func newFixture(t testing.TB) fixture {
	t.Helper()
	return fixture{cloudtest.Shared(t).Tenant(t), cloudtest.NewRun(t)}
}

// part is a part that the runner uploads. uncounted means that the runner does not
// declare the number of lines.
type part struct {
	output    string
	number    int
	data      []byte
	uncounted bool
}

func counted(output string, number int, data []byte) part {
	return part{output: output, number: number, data: data}
}

func uncounted(output string, number int, data []byte) part {
	return part{output: output, number: number, data: data, uncounted: true}
}

// put uploads parts and waits until their grants are stored.
func (f fixture) put(t testing.TB, parts ...part) {
	t.Helper()
	requested := make([]cloudtest.Part, len(parts))
	for i, p := range parts {
		requested[i] = cloudtest.PartOf(p.output, p.number, p.data)
		if p.uncounted {
			requested[i].Lines = nil
		}
	}
	for i, u := range f.Mint(t, f.run, requested...) {
		u.Put(t, parts[i].data).Want(t, http.StatusOK)
	}
	f.Cloud.Drain(t)
}

// report ends the run. The claims are pairs of an output and its number of parts.
func (f fixture) report(t testing.TB, claims ...any) {
	t.Helper()
	outputs := []map[string]any{}
	for i := 0; i < len(claims); i += 2 {
		outputs = append(outputs, map[string]any{"name": claims[i], "parts": claims[i+1]})
	}
	f.Do(t, "runner", http.MethodPost, f.RunPath(f.run)+"/report", map[string]any{
		"end": time.Now().UTC(), "outcome": "success", "exitCode": 0, "outputs": outputs,
	}).Want(t, http.StatusOK)
}

// read reads an output as the viewer. A query starts with a question mark.
func (f fixture) read(t testing.TB, output, query string, header ...string) cloudtest.Response {
	t.Helper()
	return f.Do(t, "viewer", http.MethodGet, f.path(output)+query, nil, header...)
}

func (f fixture) path(output string) string { return f.RunPath(f.run) + "/outputs/" + output }

// audited returns the tenant's audit entries with one of the actions, in order.
func (f fixture) audited(t testing.TB, actions ...auditlog.Action) []auditlog.Entry {
	t.Helper()
	log, err := auditlog.OpenReader(t.Context(), auditConfig, f.Cloud.Operator, f.Cloud.Clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	db, err := f.Cloud.Directory.Database(t.Context(), f.Record)
	if err != nil {
		t.Fatal(err)
	}
	var found []auditlog.Entry
	for entry, err := range log.Entries(t.Context(), db, f.ID) {
		if err != nil {
			t.Fatal(err)
		}
		for _, action := range actions {
			if entry.Action == action {
				found = append(found, entry)
			}
		}
	}
	return found
}

var auditConfig = auditlog.Config{
	AuditKeyName: "projects/" + suite.ProjectID + "/locations/" + suite.Location + "/keyRings/platform/cryptoKeys/audit",
}

// fill returns n bytes of numbered lines.
func fill(n int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < n; i++ {
		b.WriteString(time.Duration(i).String())
		b.WriteString(" is in this line\n")
	}
	return b.Bytes()[:n]
}

// wantBody fails the test unless the response has the body want.
func wantBody(t testing.TB, got cloudtest.Response, want []byte) {
	t.Helper()
	if !bytes.Equal(got.Body, want) {
		t.Fatalf("got %d bytes (%.60q), want %d (%.60q)", len(got.Body), got.Body, len(want), want)
	}
}

// wantHeader fails the test unless the response has the headers, given as pairs of name and value.
func wantHeader(t testing.TB, got cloudtest.Response, pairs ...string) {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if value := got.Header.Get(pairs[i]); value != pairs[i+1] {
			t.Errorf("%s is %q, want %q", pairs[i], value, pairs[i+1])
		}
	}
}
