package runs_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/runs"
	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/outbox"
)

// plan says which of a history's calls fail, counted from 0, and how.
type plan map[int]faults.Fault

// world is a cloud whose runs all meet faults, and what was published of them.
type world struct {
	*cloudtest.Cloud
	tenant *cloudtest.Tenant
	token  string

	stores, messages *faults.Target // which the wires of all histories lead to

	mu        sync.Mutex
	published map[string]int // by run
}

func newWorld(t *testing.T) *world {
	t.Helper()
	c := cloudtest.New(t, suite.Options{})
	w := &world{Cloud: c, tenant: c.Tenant(t), published: map[string]int{}}
	w.token = w.tenant.Token(t, "runner")
	config := c.As(suite.FunctionAccount("runs"))
	w.stores, w.messages = reach(t, config.FirestoreHost), reach(t, config.PubSubHost)
	recorded(t, w.tenant, aStart, aReport) // makes the tenant's keys, which every other run shares
	c.PubSub.Published(func(topic string, _ []byte, attributes map[string]string) {
		if !strings.HasSuffix(topic, "/"+outbox.RunEvents) {
			return
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.published[attributes["run"]]++
	})
	return w
}

func reach(t *testing.T, host string) *faults.Target {
	t.Helper()
	target, err := faults.Reach(host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = target.Close() })
	return target
}

// history is one run's life on a wire that fails as planned: its start and its
// report, in either order, and the relay of what they left behind.
type history struct {
	*world
	t     *testing.T
	name  string // how to see it again; empty: its plan says all
	run   string
	plan  plan
	late  bool // the report comes before the start
	mute  bool // the process dies before it publishes, so that all is left to the relay
	limit int  // attempts of the client, and of the relay; then they give up

	mu    sync.Mutex
	calls []string
	dead  bool
	now   *process
}

// process is the function in one process.
type process struct {
	ctx     context.Context
	clients *gcp.Clients
	handler http.Handler
	close   []func() error
}

// meet is the fault that the next call meets.
func (h *history) meet(method string) faults.Fault {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := len(h.calls)
	h.calls = append(h.calls, method)
	fault := h.plan[n]
	if h.dead {
		return faults.Killed
	}
	if h.mute && method == "Publish" {
		h.mute, fault = false, faults.Killed
	}
	h.dead = fault == faults.Killed || fault == faults.KilledIn
	return fault
}

// died reports whether the process did not live to the end of what it was doing.
func (h *history) died() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.dead
}

// process is the one that lives, or a new one.
func (h *history) process() *process {
	h.mu.Lock()
	reborn := h.now == nil || h.dead
	h.dead = false
	h.mu.Unlock()
	if !reborn {
		return h.now
	}
	config := h.As(suite.FunctionAccount("runs"))
	stores, messages := h.proxy(h.stores), h.proxy(h.messages)
	config.FirestoreHost, config.KMSHost, config.PubSubHost = stores.Addr(), stores.Addr(), messages.Addr()
	p := &process{clients: gcp.NewClients(config)}
	ctx, cancel := context.WithCancel(h.t.Context())
	context.AfterFunc(stores.Dead(), cancel)
	context.AfterFunc(messages.Dead(), cancel)
	handler, err := runs.New(ctx, access.Config{Audience: suite.Audience, Config: auditConfig},
		function.Deps{Clients: p.clients, Now: h.Clock.Now, Log: quiet})
	if err != nil {
		h.t.Fatal(err)
	}
	p.ctx, p.handler = ctx, handler
	p.close = []func() error{p.clients.Close, stores.Close, messages.Close}
	h.end()
	h.now = p
	return p
}

func (h *history) proxy(target *faults.Target) *faults.Proxy {
	p, err := target.Proxy(h.meet)
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

// end ends the process that lives, if one does; what is late arrives.
func (h *history) end() {
	if h.now == nil {
		return
	}
	for _, c := range h.now.close {
		_ = c() // its connections may be broken
	}
	h.now = nil // a dead process takes no memory
}

// tell sends a request until it is answered with 200, at most limit times.
func (h *history) tell(method, path string, body []byte) bool {
	for range h.limit {
		p := h.process()
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(p.ctx, method, h.tenant.RunPath(h.run)+path, strings.NewReader(string(body)))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+h.token)
		p.handler.ServeHTTP(w, r)
		if h.died() {
			continue // nobody hears what it answered
		}
		if w.Code == http.StatusOK {
			return true
		}
		if w.Code != http.StatusServiceUnavailable {
			h.t.Errorf("%s: %s %s answered %d: %s", h, method, path, w.Code, w.Body)
			return false
		}
	}
	return false
}

// live goes through the run's life, and reports whether all was acknowledged.
func (h *history) live() bool {
	steps := []func() bool{
		func() bool { return h.tell(http.MethodPut, "", startText) },
		func() bool { return h.tell(http.MethodPost, "/report", reportText) },
	}
	if h.late {
		steps[0], steps[1] = steps[1], steps[0]
	}
	done := steps[0]() && steps[1]()
	for n := 0; n < h.limit && !h.relay(); n++ {
	}
	h.end()
	return done
}

// relay publishes what is left of this run, as sweep does, by way of the same
// wire, and reports whether it found nothing more.
func (h *history) relay() bool {
	p := h.process()
	db, err := p.clients.Default(p.ctx)
	if err != nil {
		h.t.Fatal(err)
	}
	docs, err := outbox.Waiting(db, h.Clock.Now().Add(time.Hour)).Where("run", "==", h.run).Documents(p.ctx).GetAll()
	if err != nil || len(docs) == 0 {
		return err == nil
	}
	_, _ = outbox.NewPublisher(p.clients).Relay(p.ctx, db, docs) // the next relay does what this one could not
	return false
}

// String tells how to see the history again.
func (h *history) String() string {
	return fmt.Sprintf("%s run %s, faults %v, calls %v", h.name, h.run, h.plan, h.calls)
}
