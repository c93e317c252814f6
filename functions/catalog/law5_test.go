package catalog_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/catalog"
	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/halves"
)

// process is the function in one process after another, each behind a proxy
// that makes calls fail: call n of all processes meets plan[n].
type process struct {
	*fixture
	plan    map[int]faults.Fault
	proxy   *faults.Proxy
	clients *gcp.Clients
	handler http.Handler

	mu    sync.Mutex
	calls int
}

func (p *process) fault(string) faults.Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	return p.plan[p.calls-1]
}

// start starts a process, unless one is alive.
func (p *process) start(t *testing.T) {
	t.Helper()
	if p.proxy != nil && p.proxy.Dead().Err() == nil {
		return
	}
	p.stop()
	config := p.Cloud.As(suite.FunctionAccount("catalog"))
	var err error
	if p.proxy, err = faults.New(config.FirestoreHost, p.fault); err != nil {
		t.Fatal(err)
	}
	config.FirestoreHost, config.KMSHost = p.proxy.Addr(), p.proxy.Addr()
	p.clients = gcp.NewClients(config)
	p.handler, err = catalog.New(t.Context(), catalog.Config{
		Access: access.Config{Audience: suite.Audience, Config: auditlog.Config{AuditKeyName: auditKeyName}},
		Model:  halves.Config{KeyName: p.Cloud.PlatformKey("consent")},
	}, function.Deps{Clients: p.clients, Now: p.Cloud.Clock.Now, After: time.After, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
}

func (p *process) stop() {
	if p.proxy != nil {
		_, _ = p.clients.Close(), p.proxy.Close() // its connections may be broken
	}
}

// retry sends a request of platform staff until the answer is 200, as a client
// does.
func (p *process) retry(t *testing.T, method, path string, body any) {
	t.Helper()
	defer p.stop()
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	token := p.staffToken(t)
	for range 20 {
		p.start(t)
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(p.proxy.Dead(), method, path, bytes.NewReader(raw))
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		p.handler.ServeHTTP(w, r)
		alive := p.proxy.Dead().Err() == nil
		if w.Code == http.StatusOK && alive {
			return
		}
		if w.Code != http.StatusServiceUnavailable && alive {
			t.Fatalf("%v: answered %d %s", p.plan, w.Code, w.Body)
		}
	}
	t.Errorf("%v: never answered with 200", p.plan)
}

// change is a change of the catalog by platform staff.
type change struct {
	method, path string
	action       auditlog.Action
	body         map[string]any
	want         []string // names of the tasks afterwards
}

var changes = map[string]change{
	"upload tasks": {
		method: http.MethodPut, path: "/v1/catalog/tasks", action: auditlog.WriteCatalog,
		body: map[string]any{"tasks": tasks("Zebra New|x|t"), "edition": "two"},
		want: []string{"Zebra New", "Zebra Old"},
	},
	"prune tasks": {
		method: http.MethodPost, path: "/v1/catalog/prune", action: auditlog.PruneCatalog,
		body: map[string]any{"source": "https://example.com/", "edition": "two"},
		want: []string{"Zebra New"},
	},
}

// make makes a change over a wire with a plan, and wants it made once and once
// in the audit log. It returns the number of calls. The catalog has one task of
// the edition "one", and for a prune one of "two" too.
func (c change) make(t *testing.T, f *fixture, plan map[int]faults.Fault) int {
	t.Helper()
	f.emptyCatalog(t)
	f.putTasks(t, map[string]any{"tasks": tasks("Zebra Old|x|t"), "edition": "one"}).Want(t, http.StatusOK)
	if c.action == auditlog.PruneCatalog {
		f.putTasks(t, changes["upload tasks"].body).Want(t, http.StatusOK)
	}
	before := len(f.taskCounts(t, "", c.action))
	p := &process{fixture: f, plan: plan}
	p.retry(t, c.method, c.path, c.body)
	if got := f.storedNames(t); fmt.Sprint(got) != fmt.Sprint(c.want) {
		t.Errorf("%v: the catalog has %q, want %q", plan, got, c.want)
	}
	if n := len(f.taskCounts(t, "", c.action)) - before; n != 1 {
		t.Errorf("%v: %d times in the audit log", plan, n)
	}
	return p.calls
}

// Law 5: a change of the catalog is made once, and is once in the audit log,
// whichever of its calls meets whichever fault.
func TestLaw5EachCallOfAChangeMeetsEachFault(t *testing.T) {
	t.Parallel()
	tried, number := cloudtest.Sampled(1), 0
	for name, c := range changes {
		for _, fault := range faults.All {
			if number++; !tried(number) {
				continue
			}
			t.Run(fmt.Sprint(name, ", a call that is ", fault), func(t *testing.T) {
				t.Parallel()
				f := newFixture(t)
				calls := c.make(t, f, nil)
				for n := range calls {
					c.make(t, f, map[int]faults.Fault{n: fault})
				}
			})
		}
	}
}

// emptyCatalog removes all entries.
func (f *fixture) emptyCatalog(t *testing.T) {
	t.Helper()
	docs, err := f.db.Collection("catalog").Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range docs {
		if _, err := doc.Ref.Delete(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// storedNames are the sorted names of the entries.
func (f *fixture) storedNames(t *testing.T) (names []string) {
	t.Helper()
	docs, err := f.db.Collection("catalog").OrderBy("name", 1).Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range docs {
		name, _ := doc.DataAt("name")
		names = append(names, fmt.Sprint(name))
	}
	return names
}
