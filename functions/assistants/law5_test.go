package assistants_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/assistants"
	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/halves"
)

// operation is a request that writes, and a check that it was done.
type operation struct {
	persona, method string
	action          auditlog.Action
	request         func(f *fixture) (path string, body any)
	isDone          func(t *testing.T, f *fixture) bool
}

var operations = map[string]operation{
	"investigate": {
		persona: "viewer", method: http.MethodPost, action: auditlog.InvestigateIssue,
		request: func(f *fixture) (string, any) {
			return f.base + "/issues/" + issueFixture{name: "a"}.id() + "/investigate", nil
		},
		isDone: func(t *testing.T, f *fixture) bool { return f.getIssue(t, "a").State == "investigated" },
	},
	"ignore": {
		persona: "viewer", method: http.MethodPost, action: auditlog.IgnoreIssue,
		request: func(f *fixture) (string, any) {
			return f.base + "/issues/" + issueFixture{name: "a"}.id() + "/ignore", until(noon.Add(300 * 24 * time.Hour))
		},
		isDone: func(t *testing.T, f *fixture) bool { return f.getIssue(t, "a").Ignored != nil },
	},
	"set an SLI": {
		persona: "admin", method: http.MethodPut, action: auditlog.SetSLI,
		request: func(f *fixture) (string, any) { return f.base + "/slis/latency", objective(100, 0.99) },
		isDone: func(t *testing.T, f *fixture) bool {
			return f.Do(t, "viewer", http.MethodGet, f.base+"/slis/latency", nil).Status == http.StatusOK
		},
	},
	"set an assistant": {
		persona: "admin", method: http.MethodPut, action: auditlog.SetAssistant,
		request: func(f *fixture) (string, any) { return f.base + "/assistants/edgar", map[string]any{"name": "Edgar"} },
		isDone:  func(t *testing.T, f *fixture) bool { return f.askEdgar(t).Name == "Edgar" },
	},
}

// process is the function in one process after another, each behind a proxy that makes
// calls fail: call n of all processes meets plan[n].
type process struct {
	*fixture
	plan  map[int]faults.Fault
	calls int
	mu    sync.Mutex

	proxy   *faults.Proxy
	clients *gcp.Clients
	handler http.Handler
}

func (p *process) fault(string) faults.Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	return p.plan[p.calls-1]
}

func (p *process) start(t *testing.T) {
	t.Helper()
	if p.proxy != nil && p.proxy.Dead().Err() == nil {
		return
	}
	p.stop()
	client := p.Cloud.As(suite.FunctionAccount("assistants"))
	var err error
	if p.proxy, err = faults.New(client.FirestoreHost, p.fault); err != nil {
		t.Fatal(err)
	}
	client.FirestoreHost, client.KMSHost = p.proxy.Addr(), p.proxy.Addr()
	p.clients = gcp.NewClients(client)
	config := assistants.Config{
		Access: access.Config{Audience: suite.Audience, Config: auditlog.Config{AuditKeyName: auditKeyName}},
		Model:  halves.Config{KeyName: p.Cloud.PlatformKey("consent")},
	}
	p.handler, err = assistants.New(t.Context(), config,
		function.Deps{Clients: p.clients, Now: p.Cloud.Clock.Now, After: time.After, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
}

func (p *process) stop() {
	if p.proxy != nil {
		_, _ = p.clients.Close(), p.proxy.Close() // its connections may be broken
	}
}

// retry sends the request until the answer is 200, as a client does.
func (p *process) retry(t *testing.T, o operation) {
	t.Helper()
	defer p.stop()
	path, body := o.request(p.fixture)
	text := ""
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		text = string(raw)
	}
	for range 20 {
		p.start(t)
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(p.proxy.Dead(), o.method, path, strings.NewReader(text))
		r.Header.Set("Authorization", "Bearer "+p.Token(t, o.persona))
		if text != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		p.handler.ServeHTTP(w, r)
		if w.Code == http.StatusOK && p.proxy.Dead().Err() == nil {
			return
		}
		if w.Code != http.StatusServiceUnavailable && p.proxy.Dead().Err() == nil {
			t.Fatalf("%v: answered %d %s", p.plan, w.Code, w.Body)
		}
	}
	t.Errorf("%v: never answered with 200", p.plan)
}

// perform performs the operation for a new tenant with a plan of faults, and wants it
// done once, and once in the audit log. It returns the number of calls.
func (o operation) perform(t *testing.T, cloud *cloudtest.Cloud, plan map[int]faults.Fault) int {
	t.Helper()
	p := &process{fixture: newFixture(t, cloud), plan: plan}
	p.storeIssues(t, issueFixture{name: "a", severity: 1})
	before := p.countEntries(t, o.action)
	p.retry(t, o)
	if !o.isDone(t, p.fixture) {
		t.Errorf("%v: acknowledged but not done", plan)
	}
	if n := p.countEntries(t, o.action) - before; n != 1 {
		t.Errorf("%v: %d times in the audit log", plan, n)
	}
	return p.calls
}

// Law 5: an operation is done once, and is once in the audit log, whichever of its calls
// meets whichever fault.
func TestLaw5EachCallOfAnOperationMeetsEachFault(t *testing.T) {
	t.Parallel()
	tried, number := cloudtest.Sampled(1), 0
	for name, o := range operations {
		for _, fault := range faults.All {
			if number++; !tried(number) {
				continue
			}
			t.Run(fmt.Sprint(name, ", a call that is ", fault), func(t *testing.T) {
				t.Parallel()
				c := ownCloud(t)
				calls := o.perform(t, c, nil)
				for n := range calls {
					o.perform(t, c, map[int]faults.Fault{n: fault})
				}
			})
		}
	}
}
