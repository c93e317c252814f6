package exportworker_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/storage"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/exportjob"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/manifest"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// history is a tenant of a world. It is written to and exported, again and again.
type history struct {
	*world
	*cloudtest.Tenant
	keys      *keys.Tenant
	home      exportjob.Home
	verifiers manifest.Keys
	tables    []export.Table // that it has documents of
	model     model
	numbers   int   // given out so far
	published int64 // size of the published audit log
	delivered []event.Message

	deletesNone bool
}

func newHistory(t *testing.T, w *world, r *rand.Rand) *history {
	t.Helper()
	h := &history{world: w, Tenant: w.Cloud.Tenant(t, workspaces...), model: model{now: map[key]version{}}}
	h.tables = append(shuffled(r, tables)[:r.IntN(4)], export.GrantsTable)
	var err error
	if h.keys, err = w.keys.Of(t.Context(), h.Record, w.db); err != nil {
		t.Fatal(err)
	}
	h.home = exportjob.Home{DB: w.db, Tenant: h.ID}
	h.verifiers = h.ExportKeys(t)
	return h
}

// integrate publishes the audit log.
func (h *history) integrate(t *testing.T) {
	t.Helper()
	h.world.integrate(t)
	tree, err := auditlog.ReadTree(t.Context(), h.db, h.ID)
	if err != nil {
		t.Fatal(err)
	}
	h.published = tree.Size
}

// request is an export that a history makes, and what the model has of it.
type request struct {
	export.Export
	before, from commit // at the read time, and at the time From
}

// request requests an export as of the newest commit. Read times are exact, so that
// the boundaries are commits: what is committed at the read time is in the export, and
// what is committed at From is not, because it is in the export before.
func (h *history) request(t *testing.T, kinds []export.Kind, from commit, in []tenant.WorkspaceID) request {
	t.Helper()
	id, err := export.ParseID(cloudtest.NewRun(t))
	if err != nil {
		t.Fatal(err)
	}
	before := h.model.commits[len(h.model.commits)-1]
	e := export.New(id, export.Request{Kinds: kinds, Workspaces: in, From: from.at, To: before.at}, h.ExportsBucket, h.world.Clock.Now())
	return request{Export: e, before: before, from: from}
}

// create creates the export of a request.
func (h *history) create(t *testing.T, r request) {
	t.Helper()
	_, err := h.jobs.Create(t.Context(), h.home, r.Export, auditlog.Entry{
		Tenant: h.ID, Actor: auditlog.Actor{Subject: "a"}, Action: auditlog.CreateExport, Resource: "exports/" + string(r.ID),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// randomRequest requests some kinds, of all workspaces or of some, from the beginning
// or from an earlier commit.
func (h *history) randomRequest(t *testing.T, r *rand.Rand) request {
	t.Helper()
	kinds := kindSets[r.IntN(len(kindSets))]
	in := shuffled(r, workspaces)[:max(0, r.IntN(6)-3)]
	var from commit
	if older := h.model.commits[:len(h.model.commits)-1]; len(older) > 0 && r.IntN(2) == 0 {
		from = older[r.IntN(len(older))]
	}
	return h.request(t, kinds, from, in)
}

func shuffled[T any](r *rand.Rand, of []T) []T {
	of = slices.Clone(of)
	r.Shuffle(len(of), func(i, j int) { of[i], of[j] = of[j], of[i] })
	return of
}

// play writes, exports with one or two workers over calls that fail while it writes
// more, and checks the export.
func (h *history) play(t *testing.T, r *rand.Rand, plan faultPlan, workers int) (calls int) {
	t.Helper()
	for range 1 + r.IntN(2) {
		h.write(t, r)
	}
	if r.IntN(2) == 0 {
		h.integrate(t)
		h.write(t, r)
	}
	wanted := h.randomRequest(t, r)
	for range r.IntN(2) {
		h.write(t, r)
	}
	return h.export(t, r, wanted, plan, workers)
}

// export creates the export, works on it until it has ended, and checks it.
func (h *history) export(t *testing.T, r *rand.Rand, wanted request, plan faultPlan, workers int) (calls int) {
	t.Helper()
	h.delivered = nil
	h.create(t, wanted)
	h.wire.follow(plan)
	for round := 1; h.exported(t, wanted.ID).Active; round++ {
		if round == maxRounds {
			t.Fatalf("%v: the export never ends", plan)
		}
		switch m, failed := h.deliver(t, r, workers); {
		case m.ID == "":
			h.republish(t, wanted.ID)
		case failed && strings.HasPrefix(m.ID, string(export.ManifestPart)):
			h.integrate(t) // the manifest waits for the audit entry of the request
		}
		if r.IntN(20) == 0 {
			h.write(t, r)
		}
	}
	h.wantNoReads(t, h.wire.requests())
	calls = h.wire.follow(nil)
	h.check(t, wanted, plan)
	return calls
}

// exported returns the record of an export.
func (h *history) exported(t *testing.T, id export.ID) export.Export {
	t.Helper()
	e, err := h.home.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// republish publishes the messages of parts that are not done, as export-scheduler
// does for parts that stall.
func (h *history) republish(t *testing.T, id export.ID) {
	t.Helper()
	if _, err := h.jobs.Republish(t.Context(), h.home, id, h.world.Clock.Now().Add(time.Hour), 100); err != nil {
		t.Fatal(err)
	}
}

// deliver delivers a message to as many workers at once as workers says, or another
// message to the second one. It delivers some messages again after they were
// acknowledged. It returns the message, which is zero if there was none, and whether
// it was not acknowledged.
func (h *history) deliver(t *testing.T, r *rand.Rand, workers int) (m event.Message, failed bool) {
	t.Helper()
	if len(h.delivered) > 0 && r.IntN(12) == 0 {
		h.put(h.delivered[r.IntN(len(h.delivered))])
	}
	m, found := h.take(r)
	if !found {
		return m, false
	}
	batch := []event.Message{m}
	switch {
	case workers == 1:
	case r.IntN(8) == 0:
		batch = append(batch, m)
	default:
		if other, found := h.take(r); found {
			batch = append(batch, other)
		}
	}
	return m, h.deliverTogether(t, batch)
}

// deliverTogether delivers each message to a worker. What a worker does not
// acknowledge is delivered again later. It reports whether that is so for the first
// message.
func (h *history) deliverTogether(t *testing.T, batch []event.Message) bool {
	t.Helper()
	failed := make([]bool, len(batch))
	var group sync.WaitGroup
	for i, m := range batch {
		p := h.worker(t, i)
		group.Go(func() {
			ctx, cancel := context.WithTimeout(p.dead, 10*time.Second) // what is killed does not wait
			defer cancel()
			failed[i] = p.Handle(ctx, m) != nil
		})
	}
	group.Wait()
	for i, m := range batch {
		if failed[i] {
			h.put(m)
		} else {
			h.delivered = append(h.delivered, m)
		}
		if h.workers[i].dead.Err() != nil {
			h.stop(i)
		}
	}
	return failed[0]
}

// maxRounds bounds how often messages of one export are delivered.
const maxRounds = 1000

// kindSets are the kinds that histories export. The metadata have six tables, so they
// take the longest.
var kindSets = [][]export.Kind{
	{export.Inventory}, {export.Outputs}, {export.Audit}, {export.Metadata}, {export.Audit, export.Inventory},
	{export.Outputs}, {export.Inventory}, {export.Audit}, {export.Metadata}, {export.Audit, export.Inventory, export.Metadata, export.Outputs},
	{export.Configuration}, {export.Configuration, export.Outputs},
}

func (h *history) exportsBucket() *storage.BucketHandle { return h.storage.Bucket(h.ExportsBucket) }
