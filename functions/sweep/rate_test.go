package sweep_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/sweep"
)

// backlogged is a cloud with ended runs that a sweep has not processed, and a sweep whose
// calls are counted.
type backlogged struct {
	trips *cloudtest.RoundTrips
	url   string
}

// newBacklog stores ended runs. Each claims a part that is stored, and one that
// never arrived and whose grant is overdue.
func newBacklog(t testing.TB, runs int) backlogged {
	t.Helper()
	c := cloudtest.New(t, suite.Options{})
	tn, id := c.Tenant(t), cloudtest.NewRun(t)
	tn.Do(t, "runner", http.MethodPut, tn.RunPath(id), map[string]any{"task": "check", "start": time.Now().UTC()}).Want(t, http.StatusOK)
	tn.Mint(t, id, parts(2)...)[0].Put(t, []byte("x")).Want(t, http.StatusOK)
	tn.Do(t, "runner", http.MethodPost, tn.RunPath(id)+"/report", map[string]any{
		"end": time.Now().UTC(), "outcome": "success", "exitCode": 0, "outputs": []map[string]any{{"name": "out.log", "parts": 2}},
	}).Want(t, http.StatusOK)
	c.Drain(t)
	c.Clock.Advance(overdue)
	cloudtest.NewCopier(t, tn, id).Load(t, runs-1, time.Microsecond)
	trips := cloudtest.NewRoundTrips(t, c, "sweep")
	handler, err := c.Build(t.Context(), "sweep", trips.Environ)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return backlogged{trips, server.URL}
}

// sweep runs one sweep, in which each call takes the latency.
func (b backlogged) sweep(t testing.TB, latency time.Duration) (result sweep.Result, counted cloudtest.Counted) {
	t.Helper()
	counted = b.trips.Count(t, latency, func() {
		got := cloudtest.AtURL(b.url).Do(t, "", http.MethodPost, "/", nil).Want(t, http.StatusOK)
		if err := json.Unmarshal(got.Body, &result); err != nil {
			t.Fatal(err)
		}
	})
	return result, counted
}

// The rate of a sweep follows from how many calls it makes for a run, and how many of them wait
// for each other.
func TestRunsOfAPageAreFinalizedTogether(t *testing.T) {
	t.Parallel()
	const runs = 300
	backlog := newBacklog(t, runs)
	result, counted := backlog.sweep(t, 100*time.Millisecond)
	if result.Finalized != runs || result.Missing != runs {
		t.Errorf("%+v", result)
	}
	t.Logf("%d calls, of which %d wait for each other", len(counted.Calls), counted.Depth)
	const perRun, perPage, others = 6, 4, 10 // two counts, three of the grants that are not stored, and a commit; a page of grants; one for each step
	if pages := runs / pageOfSweep; len(counted.Calls) > perRun*runs+perPage*pages+others {
		t.Errorf("%d calls for %d runs", len(counted.Calls), runs)
	}
	if counted.Depth > runs/2 { // one run after the other has a depth of 5 for each; a busy machine makes it larger than it is
		t.Errorf("%d calls wait for each other", counted.Depth)
	}
	if reads, writes := counted.Billed.Reads, counted.Billed.Writes; reads > 10*runs || writes > 3*runs { // of them, two writes and four reads finalize the run
		t.Errorf("%d documents are read, and %d written", reads, writes)
	}
}

const pageOfSweep = 100

// BenchmarkSweep measures how long the most runs of a tenant that one sweep processes take if
// each call takes 15 ms.
func BenchmarkSweep(b *testing.B) {
	const runs = 5000
	for b.Loop() {
		backlog := newBacklog(b, runs)
		began := time.Now()
		result, counted := backlog.sweep(b, 15*time.Millisecond)
		took := time.Since(began)
		if result.Finalized != runs || result.Missing != runs {
			b.Errorf("%+v", result)
		}
		b.ReportMetric(took.Seconds(), "s/5000-runs")
		b.ReportMetric(float64(len(counted.Calls))*1000/runs, "calls/1000-runs")
		b.ReportMetric(float64(counted.Billed.Reads)/runs, "reads/run")
		b.ReportMetric(float64(counted.Billed.Writes)/runs, "writes/run")
	}
}
