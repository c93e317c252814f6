package runs_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloud"
	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/functions/runs"
	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/outbox"
)

var (
	histories = flag.Int("histories", 200, "random histories of TestLaw5RandomHistories; each is a life of its own in the embedded cloud")
	seed      = flag.Uint64("seed", 0, "seed of the first of them; 0: by the clock")
)

// plan says which of a history's calls fail, counted from 0, and how.
type plan map[int]faults.Fault

// world is a cloud whose runs all meet faults, and what was published of them.
type world struct {
	*cloudtest.Cloud
	tenant *cloudtest.Tenant
	token  string

	mu        sync.Mutex
	published map[string]int // by run
}

func newWorld(t *testing.T) *world {
	t.Helper()
	c := cloudtest.New(t, cloud.Options{})
	w := &world{Cloud: c, tenant: c.Tenant(t), published: map[string]int{}}
	w.token = w.tenant.Token(t, "runner")
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

// history is one run's life on a wire that fails as planned.
type history struct {
	*world
	t     *testing.T
	run   string
	plan  plan
	limit int // attempts of the client; then it gives up

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
	h.dead = fault == faults.Killed || fault == faults.KilledIn
	return fault
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
	config := h.As(cloud.FunctionAccount("runs"))
	stores, messages := h.proxy(config.FirestoreHost), h.proxy(config.PubSubHost)
	config.FirestoreHost, config.KMSHost, config.PubSubHost = stores.Addr(), stores.Addr(), messages.Addr()
	p := &process{clients: gcp.NewClients(config)}
	ctx, cancel := context.WithCancel(h.t.Context())
	context.AfterFunc(stores.Dead(), cancel)
	context.AfterFunc(messages.Dead(), cancel)
	handler, err := runs.New(ctx, runs.Config{Cloud: config, Access: access.Config{Audience: cloud.Audience, Config: auditConfig}},
		runs.Deps{Clients: p.clients, Now: h.Clock.Now, Log: quiet})
	if err != nil {
		h.t.Fatal(err)
	}
	p.ctx, p.handler = ctx, handler
	p.close = []func() error{p.clients.Close, stores.Close, messages.Close}
	if h.now != nil {
		h.end()
	}
	h.now = p
	return p
}

func (h *history) proxy(host string) *faults.Proxy {
	p, err := faults.New(host, h.meet)
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

// end ends the process that lives; what is late arrives.
func (h *history) end() {
	for _, c := range h.now.close {
		_ = c() // its connections may be broken
	}
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
		if p.ctx.Err() == nil && w.Code == http.StatusOK {
			return true
		}
		if w.Code != http.StatusServiceUnavailable && w.Code != http.StatusOK {
			h.t.Errorf("%s: %s %s answered %d: %s", h, method, path, w.Code, w.Body)
			return false
		}
	}
	return false
}

// live goes through the run's life, and reports whether all was acknowledged.
func (h *history) live(lateStart bool) bool {
	steps := []func() bool{
		func() bool { return h.tell(http.MethodPut, "", startText) },
		func() bool { return h.tell(http.MethodPost, "/report", reportText) },
	}
	if lateStart {
		steps[0], steps[1] = steps[1], steps[0]
	}
	done := steps[0]() && steps[1]()
	h.relay()
	h.end()
	return done
}

// relay publishes what is left of this run, as sweep does, by way of the same
// wire.
func (h *history) relay() {
	p := h.process()
	db, err := p.clients.Default(p.ctx)
	if err != nil {
		h.t.Fatal(err)
	}
	docs, err := outbox.Waiting(db, h.Clock.Now().Add(time.Hour)).Where("run", "==", h.run).Documents(p.ctx).GetAll()
	if err == nil {
		_, _ = outbox.NewPublisher(p.clients).Relay(p.ctx, db, docs) // the next relay does what this one could not
	}
}

// String tells how to see the history again.
func (h *history) String() string {
	return fmt.Sprintf("run %s, faults %v, calls %v", h.run, h.plan, h.calls)
}

// randomPlan has one to three faults among the first calls.
func randomPlan(r *rand.Rand) plan {
	p := plan{}
	for range 1 + r.IntN(3) {
		p[r.IntN(30)] = faults.All[r.IntN(len(faults.All))]
	}
	return p
}
