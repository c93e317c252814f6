package auditintegrator_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/tilelog"
)

// history is a log that grows while it is integrated over connections that fail,
// and the model of what must be published of it. Its processes live on until they
// are killed.
type history struct {
	fixture
	target    *faults.Target
	wire      wire
	jump      atomic.Int64 // nanoseconds by which all clocks are wrong
	processes []*process   // nil: it must be started
	model     model

	mu       sync.Mutex
	appended map[string]bool     // IDs of entries whose commit is acknowledged
	late     []auditlog.Prepared // to be committed in a later round: first or again, as after a lost reply
}

func newHistory(t *testing.T) *history {
	t.Helper()
	h := &history{fixture: newFixture(t, cloudtest.New(t, suite.Options{}).Tenant(t)), appended: map[string]bool{}, processes: make([]*process, 2)}
	var err error
	if h.log, err = auditlog.Open(t.Context(), auditlog.Config{AuditKeyName: auditKey}, h.Cloud.Operator, h.now); err != nil {
		t.Fatal(err)
	}
	if h.target, err = faults.NewTarget(h.Cloud.As(suite.OperatorAccount).FirestoreHost); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for i := range h.processes {
			h.stop(i)
		}
		_ = h.target.Close()
	})
	return h
}

func (h *history) now() time.Time { return h.Cloud.Clock.Now().Add(time.Duration(h.jump.Load())) }

// stop ends a process, if it runs.
func (h *history) stop(i int) {
	if h.processes[i] != nil {
		h.processes[i].close()
		h.processes[i] = nil
	}
}

// grow appends n entries in one commit. Of every three, one is committed later, and
// one is committed again later, as a client does that lost the reply.
func (h *history) grow(t *testing.T, n int) {
	t.Helper()
	var first, later []auditlog.Prepared
	for i := range n {
		p, err := h.log.Prepare(t.Context(), h.db, auditlog.Entry{Tenant: h.ID, Actor: auditlog.Actor{Subject: "a"}, Action: auditlog.StartRun})
		if err != nil {
			t.Error(err)
			return
		}
		if i%3 != 0 {
			first = append(first, p)
		}
		if i%3 != 2 {
			later = append(later, p)
		}
	}
	h.commit(t, first)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.late = append(h.late, later...)
}

// catchUp commits what is late.
func (h *history) catchUp(t *testing.T) {
	t.Helper()
	h.mu.Lock()
	late := h.late
	h.late = nil
	h.mu.Unlock()
	h.commit(t, late)
}

func (h *history) commit(t *testing.T, entries []auditlog.Prepared) {
	t.Helper()
	if len(entries) == 0 {
		return
	}
	err := h.db.RunTransaction(t.Context(), func(_ context.Context, tx *firestore.Transaction) error {
		for _, p := range entries {
			if err := p.Write(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range entries {
		h.appended[p.ID] = true
	}
}

// integrate runs integrators, as many at once as concurrently says, until all have
// nothing to do. A process that was killed is started again. n entries are appended
// before that, and a few more while the first round runs.
func (h *history) integrate(t *testing.T, plan faultPlan, n, concurrently int) {
	t.Helper()
	h.wire.follow(plan)
	h.grow(t, n)
	for round := range 10 {
		if round < 2 {
			h.catchUp(t)
		}
		var idle atomic.Int32
		var group errgroup.Group
		for i := range concurrently {
			if h.processes[i] == nil {
				h.processes[i] = h.newProcess(t, h.target, &h.wire, h.now)
			}
			group.Go(func() error {
				if h.processes[i].run(t.Context()) {
					idle.Add(1)
				}
				return nil
			})
		}
		if round == 0 {
			group.Go(func() error { h.grow(t, 3); return nil })
		}
		_ = group.Wait()
		for i := range concurrently {
			if h.processes[i].dead.Load() {
				h.stop(i)
			}
		}
		if round > 0 && int(idle.Load()) == concurrently {
			return
		}
	}
	t.Fatalf("%v: the integrators never finish; calls %v", plan, h.wire.made())
}

// model is what a reader saw of a log, and therefore what it must always show.
type model struct {
	tree   tilelog.Tree
	ids    map[string]int64  // index by ID
	roots  map[uint64]string // by size
	bundle [][]byte          // the entries of the last bundle, if it is partial
}

// append adds the next entry.
func (m *model) append(e auditlog.Stored) error {
	if m.ids == nil {
		m.ids, m.roots = map[string]int64{}, map[uint64]string{}
	}
	if at, twice := m.ids[e.ID]; twice {
		return fmt.Errorf("entry %s has the indexes %d and %d", e.ID, at, e.Index)
	}
	m.ids[e.ID] = e.Index
	if err := m.tree.Append(e.Leaf); err != nil {
		return err
	}
	root := m.tree.Root()
	m.roots[m.tree.Size()] = string(root[:])
	m.bundle = append(m.bundle, e.Leaf)
	return nil
}

// check reads what is new in the log, and compares everything with the model and
// with what was appended.
func (h *history) check(t *testing.T, about any) {
	t.Helper()
	ctx := t.Context()
	tree, err := auditlog.ReadTree(ctx, h.db, h.ID)
	if err != nil {
		t.Fatal(err)
	}
	for size := int64(h.model.tree.Size()); size < tree.Size; size = int64(h.model.tree.Size()) {
		entries, err := h.reader.ReadEntries(ctx, h.db, h.ID, size, min(tree.Size, (size/tilelog.TileWidth+1)*tilelog.TileWidth))
		if err != nil {
			t.Fatalf("%v: %v", about, err)
		}
		for _, e := range entries {
			if err := h.model.append(e); err != nil {
				t.Fatalf("%v: %v", about, err)
			}
		}
		h.checkBundle(t, about)
	}
	h.checkTiles(t, about)
	checkpoint := h.verified(t, h.origin(), tree.Checkpoint)
	if checkpoint.Size != h.model.tree.Size() || string(checkpoint.Hash) != h.model.roots[checkpoint.Size] {
		t.Fatalf("%v: the checkpoint of size %d contradicts the %d entries", about, checkpoint.Size, h.model.tree.Size())
	}
	got := slices.Sorted(maps.Keys(h.model.ids))
	if diff := cmp.Diff(slices.Sorted(maps.Keys(h.appended)), got); diff != "" {
		t.Fatalf("%v: the log does not have every entry once: %s", about, diff)
	}
}

// checkBundle compares the bundle that has just become full with the one in the
// bucket.
func (h *history) checkBundle(t *testing.T, about any) {
	t.Helper()
	if len(h.model.bundle) < tilelog.TileWidth {
		return
	}
	size := h.model.tree.Size()
	got := h.bundle(t, t.Context(), size-tilelog.TileWidth, size)
	if !slices.EqualFunc(got, h.model.bundle, slices.Equal[[]byte]) {
		t.Fatalf("%v: the bundle before %d has other entries than the database", about, size)
	}
	h.model.bundle = nil
}

func (h *history) checkTiles(t *testing.T, about any) {
	t.Helper()
	for _, tile := range h.model.tree.Completed() {
		path := tilelog.Resource{Level: tile.Level, Index: tile.Index, Width: tilelog.TileWidth}.Path()
		if got := h.object(t, t.Context(), path); !slices.Equal(got, tile.Data) {
			t.Fatalf("%v: %s differs from what the entries hash to", about, path)
		}
	}
}

// checkAllCheckpoints compares every checkpoint that was ever signed with the
// model.
func (h *history) checkAllCheckpoints(t *testing.T) {
	t.Helper()
	names := h.objects(t, "checkpoint/")
	for _, name := range names {
		c := h.opened(t, h.origin(), h.object(t, t.Context(), name))
		if name != fmt.Sprintf("checkpoint/%d", c.Size) || string(c.Hash) != h.model.roots[c.Size] {
			t.Errorf("%s contradicts the newest checkpoint", name)
		}
	}
	if len(names) == 0 {
		t.Error("there are no checkpoints")
	}
}
