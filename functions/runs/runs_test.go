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

// fixture is a run of a tenant of its own.
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

func TestRunIsToldInAnyOrderAndAgain(t *testing.T) {
	t.Parallel()
	for name, calls := range map[string]string{
		"start, report": "sr", "report, start": "rs", "each twice": "ssrr", "a repeat of both at the end": "srsr", "by turns": "rsrs",
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

func TestRepeatMayClaimInAnotherOrder(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.report(t, reportBody).Want(t, http.StatusOK)
	f.report(t, `{"outputs":[{"name":"a.log","parts":1},{"parts":2,"name":"b.log"}],"exitCode":3,"outcome":"failure","end":"2026-01-02T04:05:00+01:00"}`).
		Want(t, http.StatusOK)
}

func TestRunningRunSaysSo(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.start(t, startBody).Want(t, http.StatusOK)
	got := f.get(t)
	if got["state"] != "running" || got["end"] != nil || got["exitCode"] != nil || got["outcome"] != nil {
		t.Errorf("it is %v", got)
	}
}

func TestWhatWasToldFirstStands(t *testing.T) {
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

func TestRunIDBelongsToOneWorkspace(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.start(t, startBody).Want(t, http.StatusOK)
	elsewhere := "/v1/workspaces/dev/runs/" + f.id
	f.Do(t, "runner", http.MethodPut, elsewhere, []byte(startBody)).Want(t, http.StatusConflict)
	f.Do(t, "runner", http.MethodPost, elsewhere+"/report", []byte(reportBody)).Want(t, http.StatusConflict)
	f.Do(t, "viewer", http.MethodGet, elsewhere, nil).Want(t, http.StatusNotFound)
	other := cloudtest.Shared(t).Tenant(t) // its ids are its own
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
			t.Fatalf("answers are %v", statuses)
		}
	}
}

func TestBadStartsAndReportsAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		to       string // start or report
		old, new string
		status   int
	}{
		"a start without a task":             {"start", `"task":"dns-check",`, ``, http.StatusUnprocessableEntity},
		"an empty task":                      {"start", `dns-check`, ``, http.StatusUnprocessableEntity},
		"a task of 257 characters":           {"start", `dns-check`, strings.Repeat("x", 257), http.StatusUnprocessableEntity},
		"a task with a line break":           {"start", `dns-check`, `dns\ncheck`, http.StatusUnprocessableEntity},
		"a resource with a control code":     {"start", `cluster-1`, `\u0007`, http.StatusUnprocessableEntity},
		"a start without a time":             {"start", `,"start":"2026-01-02T03:04:05.1234567Z"`, ``, http.StatusUnprocessableEntity},
		"a start in the year 0":              {"start", `2026-01-02`, `0000-01-02`, http.StatusUnprocessableEntity},
		"a start in the year 1":              {"start", `2026-01-02T03:04:05.1234567Z`, `0001-01-01T00:00:00Z`, http.StatusUnprocessableEntity},
		"a start that is in 10000 in UTC":    {"start", `2026-01-02T03:04:05.1234567Z`, `9999-12-31T23:59:59-05:00`, http.StatusUnprocessableEntity},
		"a start in an hour":                 {"start", `2026-01-02T03:04:05.1234567Z`, inAnHour, http.StatusUnprocessableEntity},
		"an end in an hour":                  {"report", `2026-01-02T03:05:00Z`, inAnHour, http.StatusUnprocessableEntity},
		"a time that is none":                {"start", `2026-01-02T`, `yesterday`, http.StatusUnprocessableEntity},
		"a name in another case":             {"start", `"task"`, `"Task"`, http.StatusUnprocessableEntity},
		"a name that stands twice":           {"start", `"slx":"dns"`, `"task":"dns"`, http.StatusBadRequest},
		"a report in the year 0":             {"report", `2026-01-02`, `0000-01-02`, http.StatusUnprocessableEntity},
		"an outcome that is none":            {"report", `failure`, `done`, http.StatusUnprocessableEntity},
		"an exit code below -1":              {"report", `:3,`, `:-2,`, http.StatusUnprocessableEntity},
		"an exit code above 32 bits":         {"report", `:3,`, `:4294967296,`, http.StatusUnprocessableEntity},
		"an exit code with a fraction":       {"report", `:3,`, `:3.5,`, http.StatusUnprocessableEntity},
		"an output that is claimed twice":    {"report", `a.log`, `b.log`, http.StatusUnprocessableEntity},
		"an output that is misnamed":         {"report", `a.log`, `../a`, http.StatusUnprocessableEntity},
		"an output without parts":            {"report", `"parts":2`, `"parts":0`, http.StatusUnprocessableEntity},
		"an output of 100,000 parts":         {"report", `"parts":2`, `"parts":100000`, http.StatusUnprocessableEntity},
		"an unknown name":                    {"report", `"exitCode":3`, `"exitCode":3,"extra":1`, http.StatusUnprocessableEntity},
		"a body that ends early":             {"report", `]}`, ``, http.StatusBadRequest},
		"a start of more than 256 KiB":       {"start", `dns-check`, strings.Repeat("x", 300<<10), http.StatusRequestEntityTooLarge},
		"nothing":                            {"report", reportBody, ``, http.StatusBadRequest},
		"a time of day without a date":       {"report", `2026-01-02T03:05:00Z`, `03:05:00`, http.StatusUnprocessableEntity},
		"more outputs than anybody can read": {"report", `{"name":"a.log","parts":1}`, strings.Repeat(`{"name":"a.log","parts":1},`, 1000) + `{"name":"a.log","parts":1}`, http.StatusUnprocessableEntity},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			send, body := f.start, startBody
			if c.to == "report" {
				send, body = f.report, reportBody
			}
			got := send(t, strings.Replace(body, c.old, c.new, 1)).Want(t, c.status)
			if got.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("it is no problem: %s", got.Body)
			}
			f.Do(t, "viewer", http.MethodGet, f.RunPath(f.id), nil).Want(t, http.StatusNotFound)
		})
	}
}

// inAnHour is ahead of our clock however long the tests take.
var inAnHour = time.Now().Add(time.Hour).UTC().Format(time.RFC3339)

// Whichever is told last is refused, and what was told first stands.
func TestARunThatEndsBeforeItBeginsIsRefused(t *testing.T) {
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
	if r := stored(t, tn, id); r.Start.Known() || r.Pending {
		t.Errorf("the run is %+v", r)
	}
}

func TestMisnamedRunsAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, id := range []string{"1", strings.ToUpper(f.id), "0198c2b4-5d1e-4c3a-9f00-2a6b1c4d8e10", "{" + f.id + "}", strings.ReplaceAll(f.id, "-", ""), "%ff"} {
		path := "/v1/workspaces/prod/runs/" + id
		f.Do(t, "runner", http.MethodPut, path, []byte(startBody)).Want(t, http.StatusBadRequest)
		f.Do(t, "runner", http.MethodPost, path+"/report", []byte(reportBody)).Want(t, http.StatusBadRequest)
		f.Do(t, "viewer", http.MethodGet, path, nil).Want(t, http.StatusBadRequest)
	}
}

func TestExitCodesOfAllSystems(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"-1", "0", "255", "4294967295"} {
		f := newFixture(t)
		f.report(t, strings.Replace(reportBody, ":3,", ":"+code+",", 1)).Want(t, http.StatusOK)
	}
}
