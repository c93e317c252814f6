package reseal_test

import (
	"encoding/binary"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/reseal"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

func TestMain(m *testing.M) { cloudtest.Main(m) }

const day = 24 * time.Hour

// fixture is a cloud of its own for each test, because tests advance its clock.
type fixture struct {
	*cloudtest.Cloud
	db *firestore.Client
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	c := cloudtest.New(t, suite.Options{})
	db, err := c.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return fixture{c, db}
}

// handler returns the function as a new process with its own account. change can
// replace the addresses of the cloud.
func (f fixture) handler(t *testing.T, change ...func(*gcp.Config)) *reseal.Handler {
	t.Helper()
	config := f.As(suite.FunctionAccount("reseal"))
	for _, c := range change {
		c(&config)
	}
	clients := gcp.NewClients(config)
	t.Cleanup(func() { _ = clients.Close() })
	return reseal.New(function.Deps{Clients: clients, Now: f.Clock.Now, Log: slog.New(slog.NewTextHandler(f.Log, nil))})
}

func call(t *testing.T, h http.Handler) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil))
	return w
}

// reseal fails the test unless the status is 200.
func (f fixture) reseal(t *testing.T, h http.Handler) (result reseal.Result) {
	t.Helper()
	w := call(t, h)
	if w.Code != http.StatusOK {
		t.Fatalf("%d: %s\n%s", w.Code, w.Body, f.Log)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &result); err != nil {
		t.Fatal(err)
	}
	return result
}

// replaceDataKeys advances the clock until the tenants' next data keys are due, starts
// them, and advances the clock until every process uses them.
func (f fixture) replaceDataKeys(t *testing.T) {
	t.Helper()
	f.Clock.Advance(91 * day)
	f.reseal(t, f.handler(t))
	f.Clock.Advance(time.Hour)
}

// write writes every kind of free text of a tenant through the functions. Each run
// reports two issues.
func (f fixture) write(t *testing.T, tn *cloudtest.Tenant, runs int) {
	t.Helper()
	for range runs {
		id, now := cloudtest.NewRun(t), f.Clock.Now().UTC()
		tn.Do(t, "runner", http.MethodPut, tn.RunPath(id), map[string]any{"task": "dns-check", "start": now}).Want(t, http.StatusOK)
		tn.Do(t, "runner", http.MethodPost, tn.RunPath(id)+"/report", map[string]any{
			"end": now, "outcome": "failure", "exitCode": 1, "issues": []map[string]string{
				{"line": `{"severity":2,"title":"The disk is full","fingerprint":"` + id + `"}`},
				{"line": `{"severity":3,"title":"DNS is slow","details":"üß\u0000"}`},
			},
		}).Want(t, http.StatusOK)
	}
	f.Drain(t)
	tn.Do(t, "admin", http.MethodPut, "/v1/workspaces/"+string(tn.Workspace)+"/assistants/a", map[string]any{"name": "Ada"}).Want(t, http.StatusOK)
}

// newPair returns a cloud with the texts of two tenants under an old data key.
func newPair(t *testing.T, runs int) (f fixture, acme, other *cloudtest.Tenant) {
	t.Helper()
	f = newFixture(t)
	acme, other = f.Tenant(t), f.Tenant(t)
	f.write(t, acme, runs)
	f.write(t, other, runs)
	f.replaceDataKeys(t)
	return f, acme, other
}

// keys returns a tenant's keys as a new process reads them.
func (f fixture) keys(t *testing.T, record tenant.Record) *keys.Tenant {
	t.Helper()
	k, err := keys.NewTenants(f.Operator, f.Clock.Now).Of(t.Context(), record, f.db)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// text is a sealed value: its field, the epoch of its data key and its plaintext.
type text struct {
	Field string // collection and name
	Epoch int
	Plain string
}

// notSealed are the byte fields that are not sealed under a tenant's data key: the
// audit log is under the platform's key, keys are wrapped by Cloud KMS, and the
// history of runs consists of packed times and hashes.
var notSealed = map[string]bool{
	"audit.leaf": true, "deks.wrapped": true, "macs.wrapped": true, "checks.recent": true, "issues.history.starts": true,
}

// texts returns all sealed values of a tenant, by document and field. A byte value
// that is neither sealed nor in notSealed fails the test.
func (f fixture) texts(t *testing.T, record tenant.Record) map[string]text {
	t.Helper()
	k, found := f.keys(t, record), map[string]text{}
	walk(t, f.db.Collection("tenants").Doc(string(record.ID)), func(at *firestore.DocumentRef, name string, value []byte) {
		field := at.Parent.ID + "." + name
		place := keys.RelativePath(at)
		plain, err := k.Open(t.Context(), value, []byte(place))
		if notSealed[field] != (err != nil) {
			t.Errorf("open %s of %s: %v; is the field sealed or not?", name, place, err)
		}
		if err == nil {
			found[place+" "+name] = text{field, int(binary.BigEndian.Uint32(value[1:5])), string(plain)}
		}
	})
	return found
}

// walk visits every byte value in a document and in all documents below it.
func walk(t *testing.T, at *firestore.DocumentRef, visit func(*firestore.DocumentRef, string, []byte)) {
	t.Helper()
	doc, err := at.Get(t.Context())
	if err == nil {
		visitBytes("", doc.Data(), func(name string, value []byte) { visit(at, name, value) })
	}
	below, err := at.Collections(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, collection := range below {
		docs, err := collection.DocumentRefs(t.Context()).GetAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, doc := range docs {
			walk(t, doc, visit)
		}
	}
}

func visitBytes(name string, value any, visit func(string, []byte)) {
	switch v := value.(type) {
	case []byte:
		visit(strings.TrimPrefix(name, "."), v)
	case map[string]any:
		for key, inner := range v {
			visitBytes(name+"."+key, inner, visit)
		}
	case []any:
		for _, inner := range v {
			visitBytes(name+"[]", inner, visit)
		}
	}
}

// epochs counts texts by field and by the epoch of their data key.
func epochs(texts map[string]text) map[string]map[int]int {
	counts := map[string]map[int]int{}
	for _, v := range texts {
		if counts[v.Field] == nil {
			counts[v.Field] = map[int]int{}
		}
		counts[v.Field][v.Epoch]++
	}
	return counts
}

// plain returns only the plaintexts.
func plain(texts map[string]text) map[string]string {
	all := map[string]string{}
	for at, v := range texts {
		all[at] = v.Plain
	}
	return all
}

// deleteDataKeys deletes the data keys before an epoch, which never happens in
// production. A text that still opens is not sealed under any of them.
func (f fixture) deleteDataKeys(t *testing.T, record tenant.Record, before string) {
	t.Helper()
	all, err := f.db.Collection("tenants/" + string(record.ID) + "/deks").DocumentRefs(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range all {
		if path.Base(key.Path) < before {
			if _, err := key.Delete(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
}
