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

// plan says which calls of a history fail, counted from 0, and with which fault.
type plan map[int]faults.Fault

// faultyCloud is an embedded cloud whose runs all meet faults, and a count of the
// messages that were published for each run.
type faultyCloud struct {
	*cloudtest.Cloud
	tenant *cloudtest.Tenant
	token  string

	stores, messages *faults.Target // what the proxies of all histories connect to

	mu        sync.Mutex
	published map[string]int // by run
}

func newFaultyCloud(t *testing.T) *faultyCloud {
	t.Helper()
	// A fold would end the events of all runs of the check, also those that are not published yet.
	c := cloudtest.New(t, suite.Options{Undelivered: []string{"assistant-update"}})
	w := &faultyCloud{Cloud: c, tenant: c.Tenant(t), published: map[string]int{}}
	w.token = w.tenant.Token(t, "runner")
	config := c.As(suite.FunctionAccount("runs"))
	w.stores, w.messages = reach(t, config.FirestoreHost), reach(t, config.PubSubHost)
	recorded(t, w.tenant, aStart, aReport) // creates the tenant's keys, which all other runs share
	c.PubSub.OnPublish(func(topic string, _ []byte, attributes map[string]string) {
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
	target, err := faults.NewTarget(host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = target.Close() })
	return target
}

// history is the recording of one run over connections that fail as planned: its
// start and its report, in either order, and the relay of its outbox entry.
type history struct {
	*faultyCloud
	t                *testing.T
	name             string // how to reproduce it; empty: the plan is enough
	run              string
	plan             plan
	reportFirst      bool // the report is sent before the start
	dieBeforePublish bool // the process dies before it publishes, so that only the relay can
	maxAttempts      int  // attempts of the client, and of the relay, before they give up

	mu      sync.Mutex
	calls   []string
	dead    bool
	current *process
}

// process is the function in one process.
type process struct {
	ctx     context.Context
	clients *gcp.Clients
	handler http.Handler
	close   []func() error
}

// nextFault returns the fault of the next call.
func (h *history) nextFault(method string) faults.Fault {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := len(h.calls)
	h.calls = append(h.calls, method)
	fault := h.plan[n]
	if h.dead {
		return faults.Killed
	}
	if h.dieBeforePublish && method == "Publish" {
		h.dieBeforePublish, fault = false, faults.Killed
	}
	h.dead = fault == faults.Killed || fault == faults.KilledIn
	return fault
}

// died reports whether the process died during the last request.
func (h *history) died() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.dead
}

// process returns the current process, or starts one if it died.
func (h *history) process() *process {
	h.mu.Lock()
	restart := h.current == nil || h.dead
	h.dead = false
	h.mu.Unlock()
	if !restart {
		return h.current
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
	h.closeProcess()
	h.current = p
	return p
}

func (h *history) proxy(target *faults.Target) *faults.Proxy {
	p, err := target.NewProxy(h.nextFault)
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

// closeProcess closes the current process, if there is one. Delayed calls arrive.
func (h *history) closeProcess() {
	if h.current == nil {
		return
	}
	for _, c := range h.current.close {
		_ = c() // the connections may be broken
	}
	h.current = nil // frees its memory
}

// send sends a request until the response is 200, at most maxAttempts times.
func (h *history) send(method, path string, body []byte) bool {
	for range h.maxAttempts {
		p := h.process()
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(p.ctx, method, h.tenant.RunPath(h.run)+path, strings.NewReader(string(body)))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+h.token)
		p.handler.ServeHTTP(w, r)
		if h.died() {
			continue // the client gets no response
		}
		if w.Code == http.StatusOK {
			return true
		}
		if w.Code != http.StatusServiceUnavailable {
			h.t.Errorf("%s: %s %s returned %d: %s", h, method, path, w.Code, w.Body)
			return false
		}
	}
	return false
}

// play plays the history, and reports whether everything was acknowledged.
func (h *history) play() bool {
	steps := []func() bool{
		func() bool { return h.send(http.MethodPut, "", startText) },
		func() bool { return h.send(http.MethodPost, "/report", reportText) },
	}
	if h.reportFirst {
		steps[0], steps[1] = steps[1], steps[0]
	}
	done := steps[0]() && steps[1]()
	for n := 0; n < h.maxAttempts && !h.relay(); n++ {
	}
	h.closeProcess()
	return done
}

// relay publishes this run's outbox entry over the same connections, like sweep,
// and reports whether there was none left.
func (h *history) relay() bool {
	p := h.process()
	db, err := p.clients.Default(p.ctx)
	if err != nil {
		h.t.Fatal(err)
	}
	docs, err := outbox.Pending(db, h.Clock.Now().Add(time.Hour)).Where("run", "==", h.run).Documents(p.ctx).GetAll()
	if err != nil || len(docs) == 0 {
		return err == nil
	}
	_, _ = outbox.NewPublisher(p.clients).Relay(p.ctx, db, docs) // the next relay retries
	return false
}

// String returns how to reproduce the history.
func (h *history) String() string {
	return fmt.Sprintf("%s run %s, faults %v, calls %v", h.name, h.run, h.plan, h.calls)
}
