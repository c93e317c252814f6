package suite_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/custody"
	"github.com/strongroom-dev/strongroom/functions/sweep"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/crc32c"
	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// history is a random history of some objects: each is granted, and finalized or not.
// Notifications repeat in any order while sweeps run and calls to Firestore fail.
type history struct {
	tenant  *cloudtest.Tenant
	random  *rand.Rand
	wire    *faultyProxy
	custody *custody.Handler
	sweep   *sweep.Handler

	objects []planned
}

// planned is an object with its expected final state.
type planned struct {
	grant.Object
	granted, finalized bool
	size               int64 // uploaded size; the grant is for 100
	generation         int64
}

func (p planned) want() grant.State {
	switch {
	case !p.granted:
		return ""
	case p.finalized && p.size == 100:
		return grant.Stored
	case p.finalized:
		return grant.Quarantined
	}
	return grant.Expired
}

func TestLaw5AcknowledgedMeansKept(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	for i := range 6 {
		t.Run(fmt.Sprintf("seed %d", seed+uint64(i)), func(t *testing.T) {
			t.Parallel()
			h := newHistory(t, seed+uint64(i))
			h.play(t)
			h.check(t)
			t.Logf("the wire: %v", h.wire.faults)
		})
	}
}

func newHistory(t *testing.T, seed uint64) *history {
	t.Helper()
	c := cloudtest.Shared(t)
	h := &history{tenant: c.Tenant(t), random: rand.New(rand.NewPCG(seed, 0))}
	h.wire = newFaultyProxy(t, c.As(suite.OperatorAccount).FirestoreHost, seed, 0.1)
	var err error
	clients := h.clients(t, "custody")
	h.custody, err = custody.New(t.Context(), auditlog.Config{AuditKeyName: auditKeyName},
		function.Deps{Clients: clients, Now: c.Clock.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	h.sweep, err = sweep.New(t.Context(), auditlog.Config{AuditKeyName: auditKeyName},
		function.Deps{Clients: h.clients(t, "sweep"), Now: c.Clock.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	h.plan(t, c)
	return h
}

// clients returns a function's clients, which call Firestore over the faulty proxy.
func (h *history) clients(t *testing.T, function string) *gcp.Clients {
	config := h.tenant.Cloud.As(suite.FunctionAccount(function))
	config.FirestoreHost = h.wire.addr
	clients := gcp.NewClients(config)
	t.Cleanup(func() { _ = clients.Close() })
	return clients
}

// plan writes the grants, all of which are already overdue.
func (h *history) plan(t *testing.T, c *cloudtest.Cloud) {
	t.Helper()
	db := operatorDB(t, c)
	batch := db.BulkWriter(t.Context())
	id := run.ID(cloudtest.NewRun(t))
	for i := range 30 {
		p := planned{
			Object: grant.Object{Workspace: h.tenant.Workspace, Run: id, Output: "out.log", Part: i + 1}, size: 100,
			granted: h.random.IntN(6) > 0, finalized: h.random.IntN(4) > 0, generation: 1_000_000 + h.random.Int64N(1000),
		}
		if h.random.IntN(5) == 0 {
			p.size = 99
		}
		h.objects = append(h.objects, p)
		if !p.granted {
			continue
		}
		size := int64(100)
		_, err := batch.Set(records.GrantRef(db, h.tenant.ID, p.Object), grant.Grant{
			Workspace: p.Workspace, Run: p.Run, Output: p.Output, Part: p.Part, State: grant.Pending,
			Declared: grant.Declared{ContentType: "text/plain", Size: &size}, Expires: c.Clock.Now().Add(-time.Minute),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	batch.End()
}

// play delivers every notification one to three times, each until it is acknowledged,
// from four workers and with sweeps in between.
func (h *history) play(t *testing.T) {
	t.Helper()
	var deliveries []planned
	for _, p := range h.objects {
		for range 1 + h.random.IntN(3) {
			deliveries = append(deliveries, p)
		}
	}
	h.random.Shuffle(len(deliveries), func(i, j int) { deliveries[i], deliveries[j] = deliveries[j], deliveries[i] })
	todo := make(chan planned)
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for p := range todo {
				if p.finalized {
					h.deliver(t, p)
				} else {
					_ = h.swept()
				}
			}
		})
	}
	for _, p := range deliveries {
		todo <- p
	}
	close(todo)
	workers.Wait()
	for tries := 0; !h.swept(); tries++ {
		if tries == 100 {
			t.Fatal("no sweep succeeds")
		}
	}
}

// deliver retries a call until it succeeds, like Pub/Sub.
func (h *history) deliver(t *testing.T, p planned) {
	data, err := json.Marshal(map[string]string{
		"bucket": h.tenant.OutputsBucket, "name": p.Name(), "generation": strconv.FormatInt(p.generation, 10),
		"size": strconv.FormatInt(p.size, 10), "crc32c": crc32c.Encode(7), "contentType": "text/plain",
		"timeCreated": "2026-01-02T03:04:05Z",
	})
	if err != nil {
		t.Error(err)
	}
	m := event.Message{ID: "1", Data: data, Attributes: map[string]string{
		"eventType": "OBJECT_FINALIZE", "bucketId": h.tenant.OutputsBucket, "objectId": p.Name(),
	}}
	for range 200 {
		err := h.custody.Handle(t.Context(), m)
		if err == nil {
			return
		}
		if event.IsPermanent(err) {
			t.Errorf("no success after all retries: %v", err)
			return
		}
	}
	t.Error("a message is delivered for ever")
}

func (h *history) swept() bool {
	w := httptest.NewRecorder()
	h.sweep.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/", nil))
	return w.Code == http.StatusOK
}

// check compares the stored state with the plan.
func (h *history) check(t *testing.T) {
	t.Helper()
	db := operatorDB(t, h.tenant.Cloud)
	quarantined := 0
	for _, p := range h.objects {
		doc, err := records.GrantRef(db, h.tenant.ID, p.Object).Get(t.Context())
		if err != nil && doc == nil {
			t.Fatal(err)
		}
		g, err := records.Decode[grant.Grant](doc)
		if err != nil {
			t.Fatal(err)
		}
		if g.State != p.want() {
			t.Errorf("part %d of %+v is %q, not %q", p.Part, p, g.State, p.want())
		}
		if g.State == grant.Stored && (g.Stored.Generation != p.generation || g.Stored.Size != 100 || g.Stored.CRC32C != 7) {
			t.Errorf("part %d is stored as %+v", p.Part, g.Stored)
		}
		if p.finalized && p.want() != grant.Stored {
			quarantined++
		}
	}
	h.checkQuarantine(t, db, quarantined)
}

// checkQuarantine checks that each suspect is recorded once, and once in the audit log.
func (h *history) checkQuarantine(t *testing.T, db *firestore.Client, want int) {
	t.Helper()
	suspects := map[string]int{}
	for _, path := range paths(t, db.Collection("tenants").Doc(string(h.tenant.ID)).Collection("quarantine")) {
		suspects[path[len("tenants/"+string(h.tenant.ID)+"/"):]] = 1
	}
	recorded := map[string]int{}
	for _, e := range auditEntries(t, h.tenant.Cloud, h.tenant.ID) {
		if e.Action == auditlog.QuarantineObject {
			recorded[e.Resource]++
		}
	}
	if diff := cmp.Diff(suspects, recorded); diff != "" || len(suspects) != want {
		t.Errorf("%d suspects, want %d; suspects and audit entries: %s", len(suspects), want, diff)
	}
}
