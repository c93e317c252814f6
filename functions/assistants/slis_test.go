package assistants_test

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/sli"
)

type sliAnswer struct {
	Name, SLX, Alert string
	Stale            bool
	Last             *struct{ Value float64 }
	Objective        struct{ Min, Max, Target *float64 }
	Thresholds       struct {
		Page                float64
		Samples, StaleAfter int
	}
	Windows map[string]struct {
		Samples                      int
		Mean, Deviation, Share, Burn float64
	}
}

func objective(most, target float64) map[string]any {
	return map[string]any{"objective": map[string]any{"max": most, "target": target}}
}

// addSamples adds samples to an SLI, one per minute, the last one now.
func (f *fixture) addSamples(t testing.TB, name string, values ...float64) {
	t.Helper()
	ref := records.SLIRef(f.db, f.ID, f.Workspace, name)
	doc, _ := ref.Get(t.Context()) // it may not exist
	s, err := records.Decode[sli.SLI](doc)
	if err != nil {
		t.Fatal(err)
	}
	s.Name = name
	for n, value := range values {
		s = s.Add("dns", sli.Sample{Time: f.Cloud.Clock.Now().Add(-time.Duration(len(values)-1-n) * time.Minute), Value: value})
	}
	if _, err := ref.Set(t.Context(), s); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) getSLI(t testing.TB, name string) (i sliAnswer) {
	t.Helper()
	f.Do(t, "viewer", http.MethodGet, f.base+"/slis/"+name, nil).Want(t, http.StatusOK).JSON(t, &i)
	return i
}

func TestAnSLIHasItsHealth(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t))
	f.Do(t, "admin", http.MethodPut, f.base+"/slis/latency", objective(100, 0.95)).Want(t, http.StatusOK)
	f.addSamples(t, "latency", 50, 150, 50, 150, 50, 150)
	got := f.getSLI(t, "latency")
	if got.Name != "latency" || got.SLX != "dns" || got.Alert != "ticket" || got.Last == nil || got.Last.Value != 150 {
		t.Errorf("got %+v", got)
	}
	for _, window := range []string{"30m", "1h", "6h", "3d"} {
		w := got.Windows[window]
		if w.Samples != 6 || w.Mean != 100 || math.Abs(w.Deviation-50) > 1e-9 || w.Share != 0.5 || math.Abs(w.Burn-10) > 1e-9 {
			t.Errorf("%s: %+v", window, w)
		}
	}
}

func TestAnObjectiveIsSet(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t))
	f.addSamples(t, "latency", 50)
	set := objective(10, 0.99)
	set["thresholds"] = map[string]any{"page": 2, "samples": 5, "staleAfter": 60}
	for range 2 { // the second changes nothing
		f.Do(t, "admin", http.MethodPut, f.base+"/slis/latency", set).Want(t, http.StatusOK)
	}
	got := f.getSLI(t, "latency")
	if got.Alert != "warning" || *got.Objective.Max != 10 || got.Thresholds.Page != 2 || got.Thresholds.Samples != 5 || got.Thresholds.StaleAfter != 60 || got.Windows["1h"].Samples != 1 {
		t.Errorf("got %+v", got)
	}
	if n := f.countEntries(t, auditlog.SetSLI); n != 1 {
		t.Errorf("%d entries are in the audit log", n)
	}
	for what, body := range map[string]any{
		"no target":                          map[string]any{"objective": map[string]any{"max": 1}},
		"a target of one":                    objective(1, 1),
		"an alert that no samples can raise": objective(1, 0.9),
		"min above max":                      map[string]any{"objective": map[string]any{"min": 2, "max": 1, "target": 0.9}},
		"a threshold":                        map[string]any{"objective": map[string]any{"max": 1, "target": 0.9}, "thresholds": map[string]any{"page": -1}},
		"only a target":                      map[string]any{"objective": map[string]any{"target": 0.9}},
		"no objective":                       map[string]any{},
		"an unknown field":                   map[string]any{"objective": map[string]any{}, "name": "x"},
	} {
		if r := f.Do(t, "admin", http.MethodPut, f.base+"/slis/latency", body); r.Status != http.StatusUnprocessableEntity && r.Status != http.StatusBadRequest {
			t.Errorf("%s: status %d: %s", what, r.Status, r.Body)
		}
	}
	if diff := cmp.Diff(got, f.getSLI(t, "latency")); diff != "" {
		t.Errorf("an invalid request changed the SLI: %s", diff)
	}
	f.Do(t, "viewer", http.MethodPut, f.base+"/slis/latency", set).Want(t, http.StatusForbidden)
	f.Do(t, "admin", http.MethodPut, "/v1/workspaces/nowhere/slis/latency", set).Want(t, http.StatusNotFound)
	f.Do(t, "viewer", http.MethodGet, f.base+"/slis/other", nil).Want(t, http.StatusNotFound)
	f.Do(t, "viewer", http.MethodGet, f.base+"/slis/a%0Ab", nil).Want(t, http.StatusBadRequest)
}

// listSLINames reads all pages of a list and returns the names.
func (f *fixture) listSLINames(t testing.TB, query string) (names []string) {
	t.Helper()
	for token := ""; ; {
		var page struct {
			SLIs          []sliAnswer
			NextPageToken string
		}
		f.Search(t, "viewer", f.base+"/slis", query+"&pageToken="+token).Want(t, http.StatusOK).JSON(t, &page)
		for _, i := range page.SLIs {
			names = append(names, i.Name)
		}
		if token = page.NextPageToken; token == "" {
			return names
		}
	}
}

// All operations check the name of an SLI by the same rule.
func TestAnInvalidSLINameIsRejected(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t))
	for _, name := range []string{"a%00b", "a%0Ab", "%7F", "a%FF", "%2E%2E%2Fa", "a%2F%2E", "a%2F%2Fb", "%E2%80%8B", strings.Repeat("x", 257)} {
		f.Do(t, "viewer", http.MethodGet, f.base+"/slis/"+name, nil).Want(t, http.StatusBadRequest)
		f.Do(t, "viewer", http.MethodGet, f.base+"/slis/"+name+"/samples", nil).Want(t, http.StatusBadRequest)
		f.Do(t, "admin", http.MethodPut, f.base+"/slis/"+name, objective(1, 0.9)).Want(t, http.StatusBadRequest)
	}
	name := strings.Repeat("%C3%A9", 256)
	f.Do(t, "admin", http.MethodPut, f.base+"/slis/"+name, objective(1, 0.99)).Want(t, http.StatusOK)
	f.Do(t, "viewer", http.MethodGet, f.base+"/slis/"+name+"/samples", nil).Want(t, http.StatusOK)
}

// storeSLIOfEveryAlert stores an SLI of each alert, which its name contains, and more
// healthy SLIs.
func (f *fixture) storeSLIOfEveryAlert(t testing.TB, more int) {
	t.Helper()
	for n := range more {
		f.addSamples(t, fmt.Sprintf("a %03d", n), 5)
	}
	for name, values := range map[string][]float64{
		"z-page": {500, 500, 500}, "y-ticket": slices.Concat([]float64{500, 500, 500, 500, 500, 500, 500}, make([]float64, 10)),
		"x-warning": {500}, "w-none": {5},
	} {
		f.Do(t, "admin", http.MethodPut, f.base+"/slis/"+name, objective(100, 0.99)).Want(t, http.StatusOK)
		f.addSamples(t, name, values...)
		if got := f.getSLI(t, name); got.Alert != name[2:] {
			t.Fatalf("%s is %s", name, got.Alert)
		}
	}
}

func TestSLIsAreListedByAlertAndSLX(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t))
	f.storeSLIOfEveryAlert(t, 3)
	for query, want := range map[string][]string{
		"alert=page":            {"z-page"},
		"alert=ticket":          {"y-ticket", "z-page"},
		"alert=warning":         {"x-warning", "y-ticket", "z-page"},
		"slx=dns&alert=warning": {"x-warning", "y-ticket", "z-page"},
		"slx=web&alert=warning": {},
		"slx=web":               {},
		"slx=dns":               {"a 000", "a 001", "a 002", "w-none", "x-warning", "y-ticket", "z-page"},
	} {
		for _, size := range []string{"1", "50"} {
			wantList(t, f.listSLINames(t, query+"&pageSize="+size), want...)
		}
	}
	f.Search(t, "viewer", f.base+"/slis", "alert=none").Want(t, http.StatusUnprocessableEntity)
}

func TestAnSLIWithoutRecentSamplesIsStale(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	f := newFixture(t, c)
	f.setEdgar(t, 0.85, "read-only")
	f.addSamples(t, "a", 5)
	f.addSamples(t, "b", 5)
	f.Do(t, "admin", http.MethodPut, f.base+"/slis/a", map[string]any{"objective": map[string]any{}, "thresholds": map[string]any{"staleAfter": 7200}}).Want(t, http.StatusOK)
	if got := f.askEdgar(t); f.getSLI(t, "b").Stale || strings.Contains(got.Next.Summary, "No recent samples") {
		t.Errorf("at once: %s", got.Next.Summary)
	}
	c.Clock.Advance(time.Hour)
	if got := f.askEdgar(t); !f.getSLI(t, "b").Stale || f.getSLI(t, "a").Stale || !strings.Contains(got.Next.Summary, "No recent samples from 1 SLI, ") || got.Health.SLIs[0].Name != "b" {
		t.Errorf("after an hour: %s", got.Next.Summary)
	}
	f.Do(t, "admin", http.MethodPut, f.base+"/slis/never", objective(1, 0.99)).Want(t, http.StatusOK)
	c.Clock.Advance(time.Hour)
	if got := f.askEdgar(t); !strings.Contains(got.Next.Summary, "No recent samples from 3 SLIs, ") || len(got.Health.SLIs) != 3 {
		t.Errorf("after two: %s", got.Next.Summary)
	}
}

func TestSLIsAreListedByName(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t))
	var want []string
	for n := range 5 {
		name := fmt.Sprintf("sli %d/%%", n)
		want = append(want, name)
		f.addSamples(t, name, 1)
	}
	wantList(t, f.listSLINames(t, "pageSize=2"), want...)
	f.Search(t, "viewer", f.base+"/slis", "pageToken=%00").Want(t, http.StatusBadRequest)
}
