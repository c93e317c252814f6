package assistant_test

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
	"github.com/strongroom-dev/strongroom/functions/assistant"
	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// deed is what somebody does at a desk, and how it is seen afterwards.
type deed struct {
	persona, method string
	action          auditlog.Action
	ask             func(d *desk) (path string, body any)
	seen            func(t *testing.T, d *desk) bool
}

var deeds = map[string]deed{
	"investigate": {"viewer", http.MethodPost, auditlog.InvestigateIssue,
		func(d *desk) (string, any) {
			return d.path + "/issues/" + resting{name: "a"}.id() + "/investigate", nil
		},
		func(t *testing.T, d *desk) bool { return d.get(t, "a").State == "investigated" }},
	"ignore": {"viewer", http.MethodPost, auditlog.IgnoreIssue,
		func(d *desk) (string, any) {
			return d.path + "/issues/" + resting{name: "a"}.id() + "/ignore", until(noon.Add(300 * 24 * time.Hour))
		},
		func(t *testing.T, d *desk) bool { return d.get(t, "a").Ignored != nil }},
	"set an SLI": {"admin", http.MethodPut, auditlog.SetSLI,
		func(d *desk) (string, any) { return d.path + "/slis/latency", objective(100, 0.99) },
		func(t *testing.T, d *desk) bool {
			return d.Do(t, "viewer", http.MethodGet, d.path+"/slis/latency", nil).Status == http.StatusOK
		}},
	"set an assistant": {"admin", http.MethodPut, auditlog.SetAssistant,
		func(d *desk) (string, any) { return d.path + "/assistants/edgar", map[string]any{"name": "Edgar"} },
		func(t *testing.T, d *desk) bool { return d.ask(t).Name == "Edgar" }},
	"put into the catalogue": {"platform", http.MethodPut, auditlog.WriteCatalog,
		func(d *desk) (string, any) {
			task := map[string]any{"name": "Check " + string(d.ID), "suite": "s", "source": "https://example.com/" + string(d.ID)}
			return "/v1/catalog/tasks", map[string]any{"tasks": []any{task}}
		},
		func(t *testing.T, d *desk) bool {
			docs, err := d.db.Collection("catalogue").Where("name", "==", "Check "+string(d.ID)).Documents(t.Context()).GetAll()
			return err == nil && len(docs) == 1
		}},
}

// clerk is the function in one process after another, behind a wire that fails
// as planned.
type clerk struct {
	*desk
	plan  map[int]faults.Fault
	calls int
	mu    sync.Mutex

	wire    *faults.Proxy
	clients *gcp.Clients
	handler http.Handler
}

func (c *clerk) meet(string) faults.Fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	return c.plan[c.calls-1]
}

func (c *clerk) start(t *testing.T) {
	t.Helper()
	if c.wire != nil && c.wire.Dead().Err() == nil {
		return
	}
	c.stop()
	config := c.Cloud.As(suite.FunctionAccount("assistants"))
	var err error
	if c.wire, err = faults.New(config.FirestoreHost, c.meet); err != nil {
		t.Fatal(err)
	}
	config.FirestoreHost, config.KMSHost = c.wire.Addr(), c.wire.Addr()
	c.clients = gcp.NewClients(config)
	access := access.Config{Audience: suite.Audience, Config: auditlog.Config{AuditKeyName: auditKeyName}}
	c.handler, err = assistant.New(t.Context(), access,
		function.Deps{Clients: c.clients, Now: c.Cloud.Clock.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
}

func (c *clerk) stop() {
	if c.wire != nil {
		_, _ = c.clients.Close(), c.wire.Close() // its connections may be broken
	}
}

// tell asks until it is answered with 200, as a client does.
func (c *clerk) tell(t *testing.T, d deed) {
	t.Helper()
	defer c.stop()
	path, body := d.ask(c.desk)
	text := ""
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		text = string(raw)
	}
	for range 20 {
		c.start(t)
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(c.wire.Dead(), d.method, path, strings.NewReader(text))
		r.Header.Set("Authorization", "Bearer "+c.Token(t, d.persona))
		if text != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		c.handler.ServeHTTP(w, r)
		if w.Code == http.StatusOK && c.wire.Dead().Err() == nil {
			return
		}
		if w.Code != http.StatusServiceUnavailable && c.wire.Dead().Err() == nil {
			t.Fatalf("%v: answered %d %s", c.plan, w.Code, w.Body)
		}
	}
	t.Errorf("%v: never done", c.plan)
}

// record counts what is on record of a deed: the catalogue is nobody's, so that
// is on the platform's log.
func (c *clerk) record(t *testing.T, action auditlog.Action) int {
	t.Helper()
	if action != auditlog.WriteCatalog {
		return c.entries(t, action)
	}
	nobody, platform := *c.Tenant, *c.desk
	nobody.ID, platform.Tenant = "", &nobody
	return platform.entries(t, action)
}

// do has a deed done at a desk of its own, over a wire with this plan, and wants
// it done once and once on record. It gives the number of calls.
func (d deed) do(t *testing.T, cloud *cloudtest.Cloud, plan map[int]faults.Fault) int {
	t.Helper()
	c := &clerk{desk: newDesk(t, cloud), plan: plan}
	c.rest(t, resting{name: "a", severity: 1})
	before := c.record(t, d.action)
	c.tell(t, d)
	if !d.seen(t, c.desk) {
		t.Errorf("%v: acknowledged, and not done", plan)
	}
	if n := c.record(t, d.action) - before; n != 1 {
		t.Errorf("%v: %d times on record", plan, n)
	}
	return c.calls
}

// Law 5: what people say is done once, and once on record, whichever call of it
// meets whichever fault.
func TestLaw5EachCallOfADeedMeetsEachFault(t *testing.T) {
	t.Parallel()
	for name, d := range deeds {
		for _, fault := range faults.All {
			t.Run(fmt.Sprint(name, ", a call that is ", fault), func(t *testing.T) {
				t.Parallel()
				c := ownCloud(t)
				calls := d.do(t, c, nil)
				for n := range calls {
					d.do(t, c, map[int]faults.Fault{n: fault})
				}
			})
		}
	}
}
