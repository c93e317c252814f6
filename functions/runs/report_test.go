package runs_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/outbox"
	"github.com/strongroom-dev/strongroom/shared/records"
)

func TestAReportIsStoredCompletely(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	id := recorded(t, tn, aStart, aReport)
	r := readRun(t, tn, id)
	if r.Check != string(issue.NewCheckID("dns-check", "cluster-1")) || r.Sightings != 2 || r.Samples != 2 {
		t.Errorf("the run is %+v", r)
	}
	seen := sightings(t, tn, id)
	if len(seen) != 2 {
		t.Fatalf("%d sightings, want 2", len(seen))
	}
	got, err := records.Decode[issue.Record](seen[1])
	if err != nil {
		t.Fatal(err)
	}
	if got.Number != 2 || got.Severity != issue.UnknownSeverity || !got.SeverityFlagged || got.Task != "dns-check" || got.SLX != "dns" ||
		got.Resource != "cluster-1" || !got.Start.Equal(began) || string(got.Run) != id {
		t.Errorf("the second sighting is %+v", got)
	}
	if n := len(documents(t, tn.Cloud, tn.ID, "workspaces/prod/series")); n != 2 {
		t.Errorf("%d series, want 2", n)
	}
	if entries := documents(t, tn.Cloud, tn.ID, outbox.Collection); len(entries) != 1 || entries[0].Data()["run"] != id {
		t.Errorf("the outbox has %d entries", len(entries))
	}
	var shown fields
	get(t, tn, "/runs/"+id).Want(t, http.StatusOK).JSON(t, &shown)
	want := fields{
		"id": id, "state": "ended", "task": "dns-check", "slx": "dns", "resource": "cluster-1", "outcome": "failure", "exitCode": 1.0,
		"start": "2026-01-02T03:04:05Z", "end": "2026-01-02T03:05:05Z", "issues": 2.0, "samples": 2.0,
		"outputs": []any{fields{"name": "stdout.log", "parts": 2.0}},
	}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Error(diff)
	}
}

func TestTheSameReportAgainChangesNothing(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	id := recorded(t, tn, aStart, aReport)
	c.Drain(t) // the run is folded
	before, first := readRun(t, tn, id), get(t, tn, "/runs/"+id).Body
	shuffled := with(aReport, fields{"samples": []fields{
		{"sli": "dns-errors", "time": "2026-01-02T04:04:05+01:00", "value": 0}, {"sli": "dns-latency", "time": began, "value": 1.5},
	}})
	for _, body := range []fields{aReport, shuffled} {
		again := finish(t, tn, id, body).Want(t, http.StatusOK)
		if string(again.Body) != string(first) {
			t.Errorf("the response is %s, want %s", again.Body, first)
		}
	}
	if diff := cmp.Diff(before, readRun(t, tn, id)); diff != "" {
		t.Error(diff)
	}
	if n := len(documents(t, c, tn.ID, "audit")); n != 2 {
		t.Errorf("%d audit entries, want those of the start and the first report", n)
	}
}

// A damaged line is lost, but the run is not.
func TestAStartIsRecordedAlthoughALineCannotBeDecrypted(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	id := cloudtest.NewRun(t)
	finish(t, tn, id, aReport).Want(t, http.StatusOK)
	if _, err := sightings(t, tn, id)[0].Ref.Update(t.Context(), []firestore.Update{{Path: "line", Value: []byte("damaged")}}); err != nil {
		t.Fatal(err)
	}
	begin(t, tn, id, aStart).Want(t, http.StatusOK)
	for _, doc := range sightings(t, tn, id) {
		if got, err := records.Decode[issue.Record](doc); err != nil || got.Task != "dns-check" || !got.Start.Equal(began) {
			t.Errorf("sighting %d is %+v, %v", got.Number, got, err)
		}
	}
}

func TestADifferentReportOfTheRunConflicts(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	id := recorded(t, tn, aStart, aReport)
	for name, change := range map[string]fields{
		"another end":                {"end": began.Add(time.Hour)},
		"another outcome":            {"outcome": "success"},
		"another exit code":          {"exitCode": 2},
		"another claim":              {"outputs": []fields{{"name": "stdout.log", "parts": 3}}},
		"no claims":                  {"outputs": nil},
		"another value":              {"samples": []fields{{"sli": "dns-latency", "time": began, "value": 1.6}, {"sli": "dns-errors", "time": began, "value": 0}}},
		"another SLI":                {"samples": []fields{{"sli": "dns-latency", "time": began, "value": 1.5}, {"sli": "errors", "time": began, "value": 0}}},
		"no samples":                 {"samples": nil},
		"a line that is left out":    {"issues": []fields{{"line": `{"severity":2,"title":"DNS is slow"}`}, {"line": `{"severity":"9", "title": "odd" }`}, {"line": "{}"}}},
		"a sample that is left out":  {"samples": []fields{{"sli": "dns-latency", "time": began, "value": 1.5}, {"sli": "dns-errors", "time": began, "value": 0}, {"sli": ".."}}},
		"another line":               {"issues": []fields{{"line": `{"severity":2,"title":"DNS is slow"}`}, {"line": `{"severity":"9", "title": "odd"}`}}},
		"the lines in reverse order": {"issues": []fields{{"line": `{"severity":"9", "title": "odd" }`}, {"line": `{"severity":2,"title":"DNS is slow"}`}}},
		"one line fewer":             {"issues": []fields{{"line": `{"severity":2,"title":"DNS is slow"}`}}},
		"two objects in one line":    {"issues": []fields{{"line": `{"severity":2,"title":"DNS is slow"}{"severity":"9", "title": "odd" }`}}},
		"neither issues nor outputs": {"issues": nil, "outputs": nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			finish(t, tn, id, with(aReport, change)).Want(t, http.StatusConflict)
		})
	}
}

func TestTheStartCompletesAnEarlyReport(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	inOrder, early := recorded(t, tn, aStart, aReport), cloudtest.NewRun(t)
	finish(t, tn, early, aReport).Want(t, http.StatusOK)
	if r := readRun(t, tn, early); r.Pending || r.Check != "" || r.State != "ended" {
		t.Errorf("before its start the run is %+v", r)
	}
	for range 2 {
		begin(t, tn, early, aStart).Want(t, http.StatusOK)
		finish(t, tn, early, aReport).Want(t, http.StatusOK)
	}
	if r := readRun(t, tn, early); r.Check != readRun(t, tn, inOrder).Check {
		t.Errorf("after its start the run is %+v", r)
	}
	want, got := sightings(t, tn, inOrder), sightings(t, tn, early)
	for i := range want {
		w, err := records.Decode[issue.Record](want[i])
		if err != nil {
			t.Fatal(err)
		}
		g, err := records.Decode[issue.Record](got[i])
		if err != nil {
			t.Fatal(err)
		}
		w.Run, w.Line, g.Line = g.Run, nil, nil
		if diff := cmp.Diff(w, g); diff != "" {
			t.Errorf("sighting %d: %s", i+1, diff)
		}
	}
	for _, doc := range documents(t, c, tn.ID, "workspaces/prod/series") {
		if doc.Data()["slx"] != "dns" {
			t.Errorf("the series %s is of the SLX %v", doc.Ref.ID, doc.Data()["slx"])
		}
	}
	lines := get(t, tn, "/runs/"+early+"/issues").Want(t, http.StatusOK).Body
	if diff := cmp.Diff(split(get(t, tn, "/runs/"+inOrder+"/issues").Body), split(lines)); diff != "" {
		t.Error(diff)
	}
}

func TestOneOfManyConcurrentReportsIsKept(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	id := cloudtest.NewRun(t)
	begin(t, tn, id, aStart).Want(t, http.StatusOK)
	statuses := make([]int, 12)
	var work sync.WaitGroup
	for i := range statuses {
		work.Go(func() { statuses[i] = finish(t, tn, id, with(aReport, fields{"exitCode": i % 3})).Status })
	}
	work.Wait()
	code := readRun(t, tn, id).End.ExitCode
	for i, status := range statuses {
		if want := map[bool]int{true: 200, false: 409}[i%3 == code]; status != want && status != http.StatusServiceUnavailable {
			t.Errorf("exit code %d got %d, want %d", i%3, status, want)
		}
	}
	if n := len(sightings(t, tn, id)); n != 2 {
		t.Errorf("%d sightings, want 2", n)
	}
	if n := len(documents(t, c, tn.ID, "audit")); n != 2 {
		t.Errorf("%d audit entries, want those of the start and one report", n)
	}
}

func TestAReportAtAllLimitsIsAccepted(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	var samples, issues []fields
	for i := range 1000 {
		samples = append(samples, fields{"sli": fmt.Sprint("sli-", i%100), "time": began.Add(time.Duration(i) * time.Second), "value": i})
	}
	for i := range 199 {
		issues = append(issues, fields{"line": fmt.Sprintf(`{"title":"issue %d","details":%q}`, i, strings.Repeat("d", 35<<10))})
	}
	issues = append(issues, fields{"line": longLine(512 << 10)})
	id := recorded(t, tn, aStart, with(aReport, fields{"samples": samples, "issues": issues}))
	lines := split(get(t, tn, "/runs/"+id+"/issues").Want(t, http.StatusOK).Body)
	if len(lines) != 200 || lines[199] != issues[199]["line"] || lines[7] != issues[7]["line"] {
		t.Errorf("%d lines were returned, or they differ", len(lines))
	}
}

// longLine returns a line of this size, with texts within their limit.
func longLine(size int) string {
	line := `{"title":"long"`
	for n := 0; ; n++ {
		head := fmt.Sprintf(`,"field%03d":"`, n)
		room := size - len(line) - len(head) - 2
		if room <= 64<<10 {
			return line + head + strings.Repeat("x", room) + `"}`
		}
		line += head + strings.Repeat("x", 60<<10) + `"`
	}
}
