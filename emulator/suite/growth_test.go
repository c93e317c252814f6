package suite_test

import (
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

// workspaceHistory is a tenant whose database has the documents of many runs that ended long ago.
type workspaceHistory struct {
	*cloudtest.Tenant
	copier *cloudtest.Copier
	loaded int               // documents of copies
	served map[string]served // by function
}

// served is a function whose calls are counted.
type served struct {
	trips *cloudtest.RoundTrips
	url   string
}

// baseRuns are copied first, so that each list that an operation limits has more than its
// limit: 200 checks are the largest.
const baseRuns = 250

// newWorkspaceHistory returns a tenant with recent runs, issues and an assistant, and with the base.
func newWorkspaceHistory(t testing.TB) *workspaceHistory {
	t.Helper()
	c := cloudtest.New(t, suite.Options{Undelivered: []string{"assistant-update"}})
	if c.Firestore == nil {
		t.Skip("Google's emulator loads no documents")
	}
	h := &workspaceHistory{Tenant: c.Tenant(t), served: map[string]served{}}
	for _, name := range growing() {
		h.serve(t, operationCosts[name].function) // not for one operation only: its servers would close with it
	}
	old := h.fold(t, "old-check", 2)
	h.fold(t, "dns-check", 55)
	started(55)(t, h.Tenant)
	withAssistant(t, h.Tenant)
	c.Drain(t)
	if err := c.Scheduler.RunNow(t.Context(), "sweep"); err != nil {
		t.Fatal(err)
	}
	h.copier = cloudtest.NewCopier(t, h.Tenant, old)
	h.copier.Load(t, baseRuns, time.Minute)
	return h
}

// fold stores a run of a task with a part and n issues, and updates its check and its issues.
// It returns the ID of the run.
func (h *workspaceHistory) fold(t testing.TB, task string, n int) string {
	t.Helper()
	id := cloudtest.NewRun(t)
	h.Do(t, "runner", http.MethodPut, h.RunPath(id), startOf(task)).Want(t, http.StatusOK)
	report := reportOf(n)
	report["outputs"] = []map[string]any{{"name": "stdout.log", "parts": 1}}
	h.Mint(t, id, cloudtest.PartOf("stdout.log", 1, []byte("a\n")))[0].Put(t, []byte("a\n")).Want(t, http.StatusOK)
	h.Do(t, "runner", http.MethodPost, h.RunPath(id)+"/report", report).Want(t, http.StatusOK)
	h.Cloud.Drain(t)
	ended := costed{attributes: map[string]string{
		"tenant": string(h.ID), "workspace": string(h.Workspace), "run": id, "kind": "run.ended", "entry": "run.ended-" + id,
	}}
	ended.sender(t, h.Tenant, h.serve(t, "assistant-update").url)()
	return id
}

func (h *workspaceHistory) serve(t testing.TB, function string) served {
	t.Helper()
	if s, ok := h.served[function]; ok {
		return s
	}
	trips := cloudtest.NewRoundTrips(t, h.Cloud, function)
	handler, err := h.Cloud.Build(t.Context(), function, trips.Environ)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	h.served[function] = served{trips, server.URL}
	return h.served[function]
}

// grow loads documents until the tenant has this number of documents of earlier runs.
func (h *workspaceHistory) grow(t testing.TB, documents int) {
	t.Helper()
	copies := (documents - h.loaded + h.copier.Documents() - 1) / h.copier.Documents()
	h.copier.Load(t, copies, time.Second)
	h.loaded += copies * h.copier.Documents()
}

// growthCost is what one operation costs among a number of documents.
type growthCost struct {
	calls         int
	reads, writes int64
	took          time.Duration
}

// measure performs an operation several times, and returns the least of each: a lease of a
// quota is written now and then, and another process may have the processor.
func (h *workspaceHistory) measure(t testing.TB, o operationCost) growthCost {
	t.Helper()
	const attempts = 4 // the first makes the function warm, and creates the indexes
	s := h.serve(t, o.function)
	var least growthCost
	for attempt := range attempts {
		send := o.prepare(t, h.Tenant).sender(t, h.Tenant, s.url)
		h.Cloud.Drain(t)
		began := time.Now()
		counted := s.trips.Count(t, 0, send)
		got := growthCost{calls: len(counted.Calls), reads: counted.Billed.Reads, writes: counted.Billed.Writes, took: time.Since(began)}
		if attempt <= 1 {
			least = got
		}
		least = least.least(got)
	}
	return least
}

// least returns the least of each number.
func (c growthCost) least(o growthCost) growthCost {
	return growthCost{calls: min(c.calls, o.calls), reads: min(c.reads, o.reads), writes: min(c.writes, o.writes), took: min(c.took, o.took)}
}

// exceeds reports whether any number is larger, but the time.
func (c growthCost) exceeds(o growthCost) bool {
	return c.calls > o.calls || c.reads > o.reads || c.writes > o.writes
}

// growing are the operations of the table that one workspace can have together.
func growing() []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(operationCosts)) {
		if name != "view 1,000 parts" && name != "list no issues" && name != "ask an assistant about a healthy workspace" { // one is large, and the workspace has issues
			names = append(names, name)
		}
	}
	return names
}

// opensAhead opens parts before it knows that it needs them, as many as it has time for.
const opensAhead = "view a line of the 50th part"

// No operation costs more in a workspace with ten times the history.
func TestNoOperationCostsMoreAsTheHistoryGrows(t *testing.T) {
	if cloudtest.RaceDetector {
		t.Skip("with the race detector, calls that are made at the same time do not overlap, and a sweep publishes events again")
	}
	t.Parallel()
	h := newWorkspaceHistory(t)
	costs := map[string]growthCost{}
	for _, documents := range []int{1_000, 10_000} {
		h.grow(t, documents)
		for _, name := range growing() {
			got := h.measure(t, operationCosts[name])
			before, known := costs[name]
			if !known {
				if name == opensAhead {
					got.calls = math.MaxInt
				}
				costs[name] = got
				continue
			}
			for attempts := 1; attempts < 4 && got.exceeds(before); attempts++ { // a sweep also does what came due meanwhile
				got = got.least(h.measure(t, operationCosts[name]))
			}
			if got.exceeds(before) {
				t.Errorf("%s: %+v among 10,000 documents, and %+v among 1,000", name, got, before)
			}
		}
	}
}

// BenchmarkGrowth performs each operation in a workspace with a history of 1,000 to
// 1,000,000 documents. scripts/bench prints the result as a table.
func BenchmarkGrowth(b *testing.B) {
	h := newWorkspaceHistory(b)
	for documents := 1_000; documents <= 1_000_000; documents *= 10 {
		h.grow(b, documents)
		for _, name := range growing() {
			b.Run(fmt.Sprintf("%s/documents=%d", name, documents), func(b *testing.B) {
				for b.Loop() {
					got := h.measure(b, operationCosts[name])
					b.ReportMetric(float64(got.calls), "calls")
					b.ReportMetric(float64(got.reads), "reads")
					b.ReportMetric(float64(got.writes), "writes")
					b.ReportMetric(float64(got.took.Microseconds())/1000, "ms")
				}
			})
		}
	}
}
