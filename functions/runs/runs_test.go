package runs_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
)

const (
	startBody  = `{"task":"dns-check","slx":"dns","resource":"cluster-1","start":"2026-01-02T03:04:05.1234567Z"}`
	reportBody = `{"end":"2026-01-02T03:05:00Z","outcome":"failure","exitCode":3,"outputs":[{"name":"b.log","parts":2},{"name":"a.log","parts":1}]}`
)

// fixture is a run of a separate tenant.
type fixture struct {
	*cloudtest.Tenant
	id string
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	return fixture{cloudtest.Shared(t).Tenant(t, "prod", "dev"), cloudtest.NewRun(t)}
}

func (f fixture) start(t *testing.T, body string) cloudtest.Response {
	t.Helper()
	return f.Do(t, "runner", http.MethodPut, f.RunPath(f.id), []byte(body))
}

func (f fixture) report(t *testing.T, body string) cloudtest.Response {
	t.Helper()
	return f.Do(t, "runner", http.MethodPost, f.RunPath(f.id)+"/report", []byte(body))
}

// get reads the run as the viewer.
func (f fixture) get(t *testing.T) map[string]any {
	t.Helper()
	var got map[string]any
	f.Do(t, "viewer", http.MethodGet, f.RunPath(f.id), nil).Want(t, http.StatusOK).JSON(t, &got)
	return got
}

func (f fixture) whole() map[string]any {
	return map[string]any{
		"id": f.id, "state": "ended", "task": "dns-check", "slx": "dns", "resource": "cluster-1",
		"start": "2026-01-02T03:04:05.123456Z", "end": "2026-01-02T03:05:00Z", "outcome": "failure", "exitCode": 3.0,
		"outputs": []any{map[string]any{"name": "a.log", "parts": 1.0}, map[string]any{"name": "b.log", "parts": 2.0}},
	}
}

func TestStartAndReportMayComeInAnyOrderAndRepeat(t *testing.T) {
	t.Parallel()
	for name, calls := range map[string]string{
		"start, report": "sr", "report, start": "rs", "each twice": "ssrr", "a repeat of both at the end": "srsr", "alternating": "rsrs",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			for _, call := range calls {
				if call == 's' {
					f.start(t, startBody).Want(t, http.StatusOK)
				} else {
					f.report(t, reportBody).Want(t, http.StatusOK)
				}
			}
			if diff := cmp.Diff(f.whole(), f.get(t)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestARepeatedReportMayClaimInAnotherOrder(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.report(t, reportBody).Want(t, http.StatusOK)
	f.report(t, `{"outputs":[{"name":"a.log","parts":1},{"parts":2,"name":"b.log"}],"exitCode":3,"outcome":"failure","end":"2026-01-02T04:05:00+01:00"}`).
		Want(t, http.StatusOK)
}

func TestARunWithoutAReportIsRunning(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.start(t, startBody).Want(t, http.StatusOK)
	got := f.get(t)
	if got["state"] != "running" || got["end"] != nil || got["exitCode"] != nil || got["outcome"] != nil {
		t.Errorf("the run is %v", got)
	}
}

func TestDifferentValuesConflictAndTheFirstOnesAreKept(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.start(t, startBody).Want(t, http.StatusOK)
	f.report(t, reportBody).Want(t, http.StatusOK)
	for _, change := range [][2]string{{"dns-check", "other"}, {`"dns"`, `"other"`}, {"cluster-1", "other"}, {":05.", ":06."}} {
		f.start(t, strings.Replace(startBody, change[0], change[1], 1)).Want(t, http.StatusConflict)
	}
	for _, change := range [][2]string{{"failure", "success"}, {":3,", ":4,"}, {"05:00", "05:01"}, {"b.log", "c.log"}, {`"parts":1`, `"parts":3`}} {
		f.report(t, strings.Replace(reportBody, change[0], change[1], 1)).Want(t, http.StatusConflict)
	}
	f.report(t, `{"end":"2026-01-02T03:05:00Z","outcome":"failure","exitCode":3}`).Want(t, http.StatusConflict)
	if diff := cmp.Diff(f.whole(), f.get(t)); diff != "" {
		t.Error(diff)
	}
}

func TestARunIDBelongsToOneWorkspace(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.start(t, startBody).Want(t, http.StatusOK)
	otherPath := "/v1/workspaces/dev/runs/" + f.id
	f.Do(t, "runner", http.MethodPut, otherPath, []byte(startBody)).Want(t, http.StatusConflict)
	f.Do(t, "runner", http.MethodPost, otherPath+"/report", []byte(reportBody)).Want(t, http.StatusConflict)
	f.Do(t, "viewer", http.MethodGet, otherPath, nil).Want(t, http.StatusNotFound)
	other := cloudtest.Shared(t).Tenant(t) // another tenant may use the same ID
	other.Do(t, "viewer", http.MethodGet, other.RunPath(f.id), nil).Want(t, http.StatusNotFound)
	other.Do(t, "runner", http.MethodPut, other.RunPath(f.id), []byte(startBody)).Want(t, http.StatusOK)
}

func TestOneOfManyWorkspacesGetsTheID(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	statuses := make([]int, 6)
	var all sync.WaitGroup
	for i := range statuses {
		all.Go(func() {
			w := []string{"prod", "dev"}[i%2]
			statuses[i] = f.Do(t, "runner", http.MethodPut, "/v1/workspaces/"+w+"/runs/"+f.id, []byte(startBody)).Status
		})
	}
	all.Wait()
	for i := 2; i < len(statuses); i++ {
		if statuses[i] != statuses[i%2] || statuses[0]+statuses[1] != http.StatusOK+http.StatusConflict {
			t.Fatalf("the statuses are %v", statuses)
		}
	}
}

// edit replaces a part of a valid body. The response has the status.
type edit struct {
	old, new string
	status   int
}

var badStarts = map[string]edit{
	"a start without a task":          {`"task":"dns-check",`, ``, http.StatusUnprocessableEntity},
	"an empty task":                   {`dns-check`, ``, http.StatusUnprocessableEntity},
	"a task of 257 characters":        {`dns-check`, strings.Repeat("x", 257), http.StatusUnprocessableEntity},
	"a task with a line break":        {`dns-check`, `dns\ncheck`, http.StatusUnprocessableEntity},
	"a resource with a control code":  {`cluster-1`, `\u0007`, http.StatusUnprocessableEntity},
	"a start without a time":          {`,"start":"2026-01-02T03:04:05.1234567Z"`, ``, http.StatusUnprocessableEntity},
	"a start in the year 0":           {`2026-01-02`, `0000-01-02`, http.StatusUnprocessableEntity},
	"a start in the year 1":           {`2026-01-02T03:04:05.1234567Z`, `0001-01-01T00:00:00Z`, http.StatusUnprocessableEntity},
	"a start that is in 10000 in UTC": {`2026-01-02T03:04:05.1234567Z`, `9999-12-31T23:59:59-05:00`, http.StatusUnprocessableEntity},
	"a start in an hour":              {`2026-01-02T03:04:05.1234567Z`, inAnHour, http.StatusUnprocessableEntity},
	"a start that is not a time":      {`2026-01-02T`, `yesterday`, http.StatusUnprocessableEntity},
	"a field name in another case":    {`"task"`, `"Task"`, http.StatusUnprocessableEntity},
	"a duplicate field":               {`"slx":"dns"`, `"task":"dns"`, http.StatusBadRequest},
	"a start of more than 256 KiB":    {`dns-check`, strings.Repeat("x", 300<<10), http.StatusRequestEntityTooLarge},
}

var badReports = map[string]edit{
	"an end in an hour":            {`2026-01-02T03:05:00Z`, inAnHour, http.StatusUnprocessableEntity},
	"a report in the year 0":       {`2026-01-02`, `0000-01-02`, http.StatusUnprocessableEntity},
	"an unknown outcome":           {`failure`, `done`, http.StatusUnprocessableEntity},
	"an exit code below -1":        {`:3,`, `:-2,`, http.StatusUnprocessableEntity},
	"an exit code above 32 bits":   {`:3,`, `:4294967296,`, http.StatusUnprocessableEntity},
	"an exit code with a fraction": {`:3,`, `:3.5,`, http.StatusUnprocessableEntity},
	"an unknown field":             {`"exitCode":3`, `"exitCode":3,"extra":1`, http.StatusUnprocessableEntity},
	"a body that ends early":       {`]}`, ``, http.StatusBadRequest},
	"an empty body":                {reportBody, ``, http.StatusBadRequest},
	"a time of day without a date": {`2026-01-02T03:05:00Z`, `03:05:00`, http.StatusUnprocessableEntity},
	"1,001 outputs":                {`{"name":"a.log","parts":1}`, strings.Repeat(`{"name":"a.log","parts":1},`, 1000) + `{"name":"a.log","parts":1}`, http.StatusUnprocessableEntity},
}

func TestInvalidStartsAreRejected(t *testing.T) {
	t.Parallel()
	for name, e := range badStarts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.wantRejected(t, f.start(t, strings.Replace(startBody, e.old, e.new, 1)), e.status)
		})
	}
}

func TestInvalidReportsAreRejected(t *testing.T) {
	t.Parallel()
	for name, e := range badReports {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.wantRejected(t, f.report(t, strings.Replace(reportBody, e.old, e.new, 1)), e.status)
		})
	}
}

// wantRejected checks that the response is a problem, and that nothing was stored.
func (f fixture) wantRejected(t *testing.T, got cloudtest.Response, status int) {
	t.Helper()
	got.Want(t, status)
	if got.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("the response is not a problem: %s", got.Body)
	}
	f.Do(t, "viewer", http.MethodGet, f.RunPath(f.id), nil).Want(t, http.StatusNotFound)
}

// inAnHour stays ahead of the clock while the tests run.
var inAnHour = time.Now().Add(time.Hour).UTC().Format(time.RFC3339)

// The later call is rejected, and the values of the first one are kept.
func TestAnEndBeforeTheStartIsRejected(t *testing.T) {
	t.Parallel()
	early := with(aReport, fields{"end": began.Add(-time.Microsecond)})
	tn := cloudtest.Shared(t).Tenant(t)
	id := cloudtest.NewRun(t)
	begin(t, tn, id, aStart).Want(t, http.StatusOK)
	finish(t, tn, id, early).Want(t, http.StatusUnprocessableEntity)
	finish(t, tn, id, with(aReport, fields{"end": began})).Want(t, http.StatusOK)
	id = cloudtest.NewRun(t)
	finish(t, tn, id, early).Want(t, http.StatusOK)
	begin(t, tn, id, aStart).Want(t, http.StatusUnprocessableEntity)
	if r := readRun(t, tn, id); r.Start.Known() || r.Pending {
		t.Errorf("the run is %+v", r)
	}
}

func TestInvalidRunIDsAreRejected(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, id := range []string{"1", strings.ToUpper(f.id), "0198c2b4-5d1e-4c3a-9f00-2a6b1c4d8e10", "{" + f.id + "}", strings.ReplaceAll(f.id, "-", ""), "%ff"} {
		path := "/v1/workspaces/prod/runs/" + id
		f.Do(t, "runner", http.MethodPut, path, []byte(startBody)).Want(t, http.StatusBadRequest)
		f.Do(t, "runner", http.MethodPost, path+"/report", []byte(reportBody)).Want(t, http.StatusBadRequest)
		f.Do(t, "viewer", http.MethodGet, path, nil).Want(t, http.StatusBadRequest)
	}
}

func TestExitCodesOfAllSystemsAreAccepted(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"-1", "0", "255", "4294967295"} {
		f := newFixture(t)
		f.report(t, strings.Replace(reportBody, ":3,", ":"+code+",", 1)).Want(t, http.StatusOK)
	}
}
