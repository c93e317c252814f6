package suite_test

import (
	"cmp"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

// No operation makes more calls in series than its table says, and reads and writes no more
// documents.
func TestEachOperationMakesTheFewestCalls(t *testing.T) {
	if cloudtest.RaceDetector {
		t.Skip("with the race detector, calls that are made at the same time do not overlap, and a sweep publishes events again")
	}
	t.Parallel()
	for name, cost := range operationCosts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			counted := cost.count(t)
			t.Logf("depth %d, %d reads, %d writes: %s", counted.Depth, counted.Billed.Reads, counted.Billed.Writes, strings.Join(counted.Calls, " "))
			if counted.Depth > cost.depth {
				t.Errorf("%d calls wait for each other, over %d", counted.Depth, cost.depth)
			}
			if counted.Billed.Reads > cost.reads || counted.Billed.Writes > cost.writes {
				t.Errorf("%d reads and %d writes, over %d and %d", counted.Billed.Reads, counted.Billed.Writes, cost.reads, cost.writes)
			}
		})
	}
}

// count counts the calls of the operation. It tries again if the machine was too busy: then calls
// that are made at the same time do not overlap, and a sweep publishes events again that have
// waited for 15 seconds.
func (o operationCost) count(t testing.TB) (counted cloudtest.Counted) {
	t.Helper()
	run := o.open(t)
	const attempts = 7 // the first makes the function warm; the others are for a busy machine
	for attempt := range attempts {
		counted, _ = run(8 * time.Millisecond << attempt)
		if attempt > 0 && counted.Depth <= o.depth && counted.Billed.Reads <= o.reads && counted.Billed.Writes <= o.writes {
			break
		}
	}
	return counted
}

// open prepares the operation, and returns a function that performs it once, with a latency
// of each call, and returns its calls and how long it took.
func (o operationCost) open(t testing.TB) func(latency time.Duration) (cloudtest.Counted, time.Duration) {
	t.Helper()
	c := cloudtest.New(t, suite.Options{Undelivered: []string{cmp.Or(o.undelivered, "assistant-update")}})
	if c.Firestore == nil {
		t.Skip("Google's emulator does not count what is billed")
	}
	tn := c.Tenant(t)
	if o.setup != nil {
		o.setup(t, tn)
	}
	trips := cloudtest.NewRoundTrips(t, c, o.function)
	handler, err := c.Build(t.Context(), o.function, trips.Environ)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return func(latency time.Duration) (cloudtest.Counted, time.Duration) {
		send := o.prepare(t, tn).sender(t, tn, server.URL)
		c.Drain(t)
		began := time.Now()
		counted := trips.Count(t, latency, send)
		return counted, time.Since(began)
	}
}

// BenchmarkRoundTrips performs each operation of the table with 15 ms for each call.
// scripts/bench prints the result as a table.
func BenchmarkRoundTrips(b *testing.B) {
	for _, name := range slices.Sorted(maps.Keys(operationCosts)) {
		b.Run(name, func(b *testing.B) {
			cost := operationCosts[name]
			run := cost.open(b)
			run(0) // makes the function warm
			for b.Loop() {
				counted, took := run(15 * time.Millisecond)
				b.ReportMetric(float64(counted.Depth), "depth")
				b.ReportMetric(float64(cost.depth), "at-most")
				b.ReportMetric(float64(counted.Billed.Reads), "reads")
				b.ReportMetric(float64(counted.Billed.Writes), "writes")
				b.ReportMetric(float64(took.Milliseconds()), "ms")
			}
		})
	}
}

// sender returns a function that sends the operation to the function at url.
func (a costed) sender(t testing.TB, tn *cloudtest.Tenant, url string) func() {
	t.Helper()
	token, method, path, body, header := "", a.method, a.path, a.body, a.header
	if a.persona != "" {
		token = tn.Token(t, a.persona)
	}
	if a.attributes != nil {
		method, path, body = http.MethodPost, "/", a.message(t)
		header = []string{"Ce-Id", "1", "Ce-Source", "//pubsub.googleapis.com/projects/p/topics/t", "Ce-Specversion", "1.0", "Ce-Type", published}
	}
	return func() {
		t.Helper()
		if got := cloudtest.AtURL(url).Do(t, token, method, path, body, header...); got.Status/100 != 2 {
			t.Fatalf("status %d: %s", got.Status, got.Body)
		}
	}
}
