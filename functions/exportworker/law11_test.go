package exportworker_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/exportworker"
	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/exportjob"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/manifest"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// newIdleCloud returns a cloud in which Pub/Sub cannot call the worker, so that only
// the test does.
func newIdleCloud(t *testing.T) *cloudtest.Cloud {
	t.Helper()
	c := cloudtest.New(t, suite.Options{DeliveryAttempts: 5})
	err := c.IAM.Unbind(iam.Binding{Member: suite.Account("pubsub-push"), Role: "roles/run.invoker", Resource: "functions/export-worker"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// history is a tenant that is written to and exported. The model has the rows that
// the export must have: the table and what identifies the row.
type history struct {
	*cloudtest.Tenant
	db    *firestore.Client
	keys  *keys.Tenant
	home  exportjob.Home
	rand  *rand.Rand
	model map[string][]string
}

func newHistory(t *testing.T, c *cloudtest.Cloud, seed uint64) *history {
	t.Helper()
	h := &history{Tenant: c.Tenant(t, "prod", "prod-2"), rand: rand.New(rand.NewPCG(seed, 0)), model: map[string][]string{}}
	var err error
	if h.db, err = c.Operator.Default(t.Context()); err != nil {
		t.Fatal(err)
	}
	if h.keys, err = keys.NewTenants(c.Operator, c.Clock.Now).Of(t.Context(), h.Record, h.db); err != nil {
		t.Fatal(err)
	}
	h.home = exportjob.Home{DB: h.db, Tenant: h.ID}
	return h
}

// write writes n runs, each with some sightings, samples and grants. If counted, they
// are in the model.
func (h *history) write(t *testing.T, n int, counted bool) {
	t.Helper()
	for range n {
		w := []tenant.WorkspaceID{"prod", "prod-2"}[h.rand.IntN(2)]
		id := run.ID(cloudtest.NewRun(t))
		ref := records.NewRunRef(h.db, h.ID, w, id).Record
		h.set(t, ref, run.Run{ID: id, State: run.Running, Start: run.Start{Task: "t"}}, counted, "runs", string(id))
		for i := range h.rand.IntN(4) {
			h.writeSighting(t, w, ref, id, i+1, counted)
		}
		for i := range h.rand.IntN(3) {
			g := grant.Grant{Workspace: w, Run: id, Output: "out", Part: i + 1, State: grant.Pending}
			h.set(t, records.GrantRef(h.db, h.ID, g.Object()), g, counted, "grants", fmt.Sprint(id, "/out/", i+1))
		}
	}
}

func (h *history) writeSighting(t *testing.T, w tenant.WorkspaceID, ref *firestore.DocumentRef, id run.ID, number int, counted bool) {
	t.Helper()
	at := records.SightingRef(ref, number)
	line := fmt.Sprintf(`{"title":"%d of %s"}`, number, id)
	sealed, err := records.CryptFunc(h.keys.Seal).Apply(t.Context(), at, []byte(line))
	if err != nil {
		t.Fatal(err)
	}
	h.set(t, at, issue.Record{Number: number, Run: id, Line: sealed}, counted, "sightings", line)
}

func (h *history) set(t *testing.T, ref *firestore.DocumentRef, value any, counted bool, table, key string) {
	t.Helper()
	if _, err := ref.Set(t.Context(), value); err != nil {
		t.Fatal(err)
	}
	if counted {
		h.model[table] = append(h.model[table], key)
	}
}

// wire injects the faults of a plan into the calls of all processes that use it.
type wire struct {
	mu    sync.Mutex
	plan  map[int]faults.Fault // by the index of the call, from 0
	calls int
}

func (w *wire) next() faults.Fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls++
	return w.plan[w.calls-1]
}

// overHTTP is the fault of a request for a planned fault of any kind.
var overHTTP = map[faults.Fault]faults.Fault{
	faults.Lost: faults.Lost, faults.ReplyLost: faults.ReplyLost, faults.Twice: faults.None, faults.Late: faults.Lost,
	faults.Aborted: faults.Unavailable, faults.Exhausted: faults.Unavailable, faults.Killed: faults.Lost, faults.KilledIn: faults.ReplyLost,
}

// process is a worker whose calls may fail. It is dead after a fault that kills.
type process struct {
	*exportworker.Worker
	dead atomic.Bool
}

func (h *history) newProcess(t *testing.T, w *wire) (p *process, stop func()) {
	t.Helper()
	p = &process{}
	inject := func(string) faults.Fault {
		if p.dead.Load() {
			return faults.Killed
		}
		fault := w.next()
		if fault == faults.Killed || fault == faults.KilledIn {
			p.dead.Store(true)
		}
		return fault
	}
	config := h.Cloud.As(suite.FunctionAccount("export-worker"))
	stores, err := faults.New(config.FirestoreHost, inject)
	if err != nil {
		t.Fatal(err)
	}
	kms, err := faults.New(config.KMSHost, inject)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := faults.NewHTTP(faults.HTTPConfig{Fault: func(*http.Request) faults.Fault { return overHTTP[inject("")] }}, "http://"+config.StorageHost)
	if err != nil {
		t.Fatal(err)
	}
	config.FirestoreHost, config.KMSHost = stores.Addr(), kms.Addr()
	config.StorageHost = strings.TrimPrefix(objects.URL("http://"+config.StorageHost), "http://")
	clients := gcp.NewClients(config)
	_, settings, err := function.Settings[exportworker.Config](h.Cloud.FunctionEnviron("export-worker"))
	if err != nil {
		t.Fatal(err)
	}
	p.Worker, err = exportworker.New(t.Context(), settings, function.Deps{Clients: clients, Now: h.Cloud.Clock.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	p.SetLimits(3, 1000, 4)
	return p, func() { _, _, _, _ = clients.Close(), stores.Close(), kms.Close(), objects.Close() } // connections may be broken
}

// work delivers the messages of parts to a process until the export has ended or the
// process is dead. Some parts are delivered again after they are done.
func (h *history) work(t *testing.T, w *wire, id string, r *rand.Rand) (ended bool) {
	t.Helper()
	p, stop := h.newProcess(t, w)
	defer stop()
	for range 400 {
		e, err := h.home.Get(t.Context(), export.ID(id))
		if err != nil {
			t.Error(err)
			return true
		}
		if !e.Active {
			return true
		}
		if p.dead.Load() {
			return false
		}
		docs, err := h.home.Parts(e.ID).Documents(t.Context()).GetAll()
		if err != nil {
			t.Error(err)
			return true
		}
		open := slices.DeleteFunc(slices.Clone(docs), func(doc *firestore.DocumentSnapshot) bool { return doc.Data()["done"] == true })
		if len(open) == 0 || r.IntN(8) == 0 {
			open = docs // a duplicate
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		part := open[r.IntN(len(open))].Ref.ID
		_ = p.Handle(ctx, event.Message{ID: part, Attributes: map[string]string{"tenant": string(h.ID), "export": id, "part": part}})
		cancel()
	}
	return false
}

// play exports the tenant while it is written to, with several workers at once, and
// checks the export.
func (h *history) play(t *testing.T, plan map[int]faults.Fault, workers int) (calls int) {
	t.Helper()
	h.write(t, 1+h.rand.IntN(8), true)
	e := h.CreateExport(t, everything)
	h.write(t, h.rand.IntN(4), true)
	h.Cloud.RunScheduled(t, "audit-integrator")
	h.Cloud.Clock.Advance(e.ReadTime.Sub(h.Cloud.Clock.Now()) + time.Second)
	h.write(t, h.rand.IntN(3), false)
	w := &wire{plan: plan}
	var group sync.WaitGroup
	for range workers {
		r := rand.New(rand.NewPCG(h.rand.Uint64(), 0))
		group.Go(func() {
			for range 20 {
				if h.work(t, w, e.ID, r) {
					return
				}
			}
		})
	}
	h.write(t, h.rand.IntN(3), false)
	group.Wait()
	h.check(t, e.ID, plan)
	return w.calls
}

// check compares the export with the model.
func (h *history) check(t *testing.T, id string, about any) {
	t.Helper()
	if e := h.Export(t, id); e.State != "done" {
		t.Fatalf("%v: the export is %+v", about, e)
	}
	pulled := h.PullExport(t, id)
	report, err := manifest.Verify(pulled, h.ExportKeys(t))
	if err != nil || len(report.Problems) > 0 {
		t.Fatalf("%v: verified with %v, %+v", about, err, report.Problems)
	}
	got := map[string][]string{}
	for table, key := range map[string]func(map[string]any) string{
		"runs":      func(row map[string]any) string { return row["run"].(string) },
		"sightings": func(row map[string]any) string { return row["line"].(string) },
		"grants":    func(row map[string]any) string { return fmt.Sprint(row["run"], "/", row["output"], "/", row["part"]) },
	} {
		for _, row := range rowsOf(t, pulled, table) {
			got[table] = append(got[table], key(row))
		}
		slices.Sort(got[table])
		slices.Sort(h.model[table])
	}
	for table, want := range h.model {
		if diff := cmp.Diff(want, got[table]); diff != "" {
			t.Fatalf("%v: %s does not have every row once: %s", about, table, diff)
		}
	}
	if entries := rowsOf(t, pulled, "audit"); int64(len(entries)) != report.Manifest.Log.End {
		t.Fatalf("%v: %d audit entries, want %d", about, len(entries), report.Manifest.Log.End)
	}
}

// Law 11: an export has everything that was written before its read time, exactly
// once, and nothing else, whichever call of a worker fails and however it fails, with
// one or two faults.
func TestLaw11ExportIsWholeAfterEachFault(t *testing.T) {
	t.Parallel()
	const samples = 3 // calls of each kind of fault that are tried in one run of the test
	for _, fault := range faults.All {
		t.Run(fmt.Sprint(fault), func(t *testing.T) {
			t.Parallel()
			c := newIdleCloud(t)
			calls := newHistory(t, c, 1).play(t, nil, 1)
			for range samples {
				first := rand.IntN(calls)
				plan := map[int]faults.Fault{first: fault, first + 1 + rand.IntN(20): faults.All[rand.IntN(len(faults.All))]}
				newHistory(t, c, 1).play(t, plan, 1)
			}
		})
	}
}

// Law 11: the same in random histories, with two workers that deliver messages twice,
// late and at once.
func TestLaw11ExportIsWhole(t *testing.T) {
	t.Parallel()
	count, seed := cloudtest.Histories(t, 8)
	c := newIdleCloud(t)
	for i := range count {
		r := rand.New(rand.NewPCG(seed+uint64(i), 1))
		plan := map[int]faults.Fault{}
		for range r.IntN(4) {
			plan[r.IntN(300)] = faults.All[r.IntN(len(faults.All))]
		}
		newHistory(t, c, seed+uint64(i)).play(t, plan, 1+r.IntN(2))
	}
}

// Law 11: every changed bit, every missing file and every added file of a pulled
// export is detected offline.
func TestLaw11ExportIsWholeOrItShows(t *testing.T) {
	t.Parallel()
	c := newIdleCloud(t)
	h := newHistory(t, c, 7)
	h.play(t, nil, 1)
	docs, err := h.home.Exports().Documents(t.Context()).GetAll()
	if err != nil || len(docs) != 1 {
		t.Fatalf("%d exports: %v", len(docs), err)
	}
	pulled, keys := h.PullExport(t, docs[0].Ref.ID), h.ExportKeys(t)
	problems := func() []manifest.Problem {
		report, err := manifest.Verify(pulled, keys)
		if err != nil {
			t.Fatal(err)
		}
		return report.Problems
	}
	for name, file := range pulled {
		stride := 1 + len(file.Data)/40 // a few bits of each long file
		for i := 0; i < len(file.Data); i += stride {
			bit := byte(1) << rand.IntN(8)
			file.Data[i] ^= bit
			if found := problems(); len(found) == 0 {
				t.Errorf("bit %08b of byte %d of %s is changed, and nothing shows it", bit, i, name)
			}
			file.Data[i] ^= bit
		}
		delete(pulled, name)
		if len(problems()) == 0 {
			t.Errorf("%s is missing, and nothing shows it", name)
		}
		pulled[name+".copy"] = file
		pulled[name] = file
		if len(problems()) == 0 {
			t.Errorf("a copy of %s is added, and nothing shows it", name)
		}
		delete(pulled, name+".copy")
	}
	if found := problems(); len(found) > 0 {
		t.Errorf("unchanged, it has the problems %v", found)
	}
}
