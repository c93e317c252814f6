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

type indicator struct {
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

// measure has an SLI take values in, one a minute, the last one now.
func (d *desk) measure(t testing.TB, name string, values ...float64) {
	t.Helper()
	ref := records.SLIRef(d.db, d.ID, d.Workspace, name)
	doc, _ := ref.Get(t.Context()) // it may not be there
	s, err := records.Decode[sli.SLI](doc)
	if err != nil {
		t.Fatal(err)
	}
	s.Name = name
	for n, value := range values {
		s = s.Add("dns", sli.Sample{Time: d.Cloud.Clock.Now().Add(-time.Duration(len(values)-1-n) * time.Minute), Value: value})
	}
	if _, err := ref.Set(t.Context(), s); err != nil {
		t.Fatal(err)
	}
}

func (d *desk) sli(t testing.TB, name string) (i indicator) {
	t.Helper()
	d.Do(t, "viewer", http.MethodGet, d.path+"/slis/"+name, nil).Want(t, http.StatusOK).JSON(t, &i)
	return i
}

func TestAnSLITellsItsHealth(t *testing.T) {
	t.Parallel()
	d := newDesk(t, cloudtest.Shared(t))
	d.Do(t, "admin", http.MethodPut, d.path+"/slis/latency", objective(100, 0.9)).Want(t, http.StatusOK)
	d.measure(t, "latency", 50, 150, 50, 150, 50, 150)
	got := d.sli(t, "latency")
	if got.Name != "latency" || got.SLX != "dns" || got.Alert != "ticket" || got.Last == nil || got.Last.Value != 150 {
		t.Errorf("got %+v", got)
	}
	for _, window := range []string{"30m", "1h", "6h", "3d"} {
		w := got.Windows[window]
		if w.Samples != 6 || w.Mean != 100 || math.Abs(w.Deviation-50) > 1e-9 || w.Share != 0.5 || math.Abs(w.Burn-5) > 1e-9 {
			t.Errorf("%s: %+v", window, w)
		}
	}
}

func TestAnObjectiveIsSet(t *testing.T) {
	t.Parallel()
	d := newDesk(t, cloudtest.Shared(t))
	d.measure(t, "latency", 50)
	set := objective(10, 0.99)
	set["thresholds"] = map[string]any{"page": 2, "samples": 5, "staleAfter": 60}
	for range 2 { // the second changes nothing
		d.Do(t, "admin", http.MethodPut, d.path+"/slis/latency", set).Want(t, http.StatusOK)
	}
	got := d.sli(t, "latency")
	if got.Alert != "warning" || *got.Objective.Max != 10 || got.Thresholds.Page != 2 || got.Thresholds.Samples != 5 || got.Thresholds.StaleAfter != 60 || got.Windows["1h"].Samples != 1 {
		t.Errorf("got %+v", got)
	}
	if n := d.entries(t, auditlog.SetSLI); n != 1 {
		t.Errorf("%d entries are on record", n)
	}
	for what, body := range map[string]any{
		"no target":        map[string]any{"objective": map[string]any{"max": 1}},
		"a target of one":  objective(1, 1),
		"min above max":    map[string]any{"objective": map[string]any{"min": 2, "max": 1, "target": 0.9}},
		"a threshold":      map[string]any{"objective": map[string]any{"max": 1, "target": 0.9}, "thresholds": map[string]any{"page": -1}},
		"nothing but such": map[string]any{"objective": map[string]any{"target": 0.9}},
		"no objective":     map[string]any{},
		"something beside": map[string]any{"objective": map[string]any{}, "name": "x"},
	} {
		if r := d.Do(t, "admin", http.MethodPut, d.path+"/slis/latency", body); r.Status != http.StatusUnprocessableEntity && r.Status != http.StatusBadRequest {
			t.Errorf("%s: status %d: %s", what, r.Status, r.Body)
		}
	}
	if diff := cmp.Diff(got, d.sli(t, "latency")); diff != "" {
		t.Errorf("something was written: %s", diff)
	}
	d.Do(t, "viewer", http.MethodPut, d.path+"/slis/latency", set).Want(t, http.StatusForbidden)
	d.Do(t, "admin", http.MethodPut, "/v1/workspaces/nowhere/slis/latency", set).Want(t, http.StatusNotFound)
	d.Do(t, "viewer", http.MethodGet, d.path+"/slis/other", nil).Want(t, http.StatusNotFound)
	d.Do(t, "viewer", http.MethodGet, d.path+"/slis/a%0Ab", nil).Want(t, http.StatusBadRequest)
}

// slis turns a list over, and gives the names.
func (d *desk) slis(t testing.TB, query string) (names []string) {
	t.Helper()
	for token := ""; ; {
		var page struct {
			SLIs          []indicator
			NextPageToken string
		}
		d.Do(t, "viewer", http.MethodGet, d.path+"/slis?"+query+"&pageToken="+queryEscape(token), nil).Want(t, http.StatusOK).JSON(t, &page)
		for _, i := range page.SLIs {
			names = append(names, i.Name)
		}
		if token = page.NextPageToken; token == "" {
			return names
		}
	}
}

// An SLI's name follows one rule wherever it stands in a path.
func TestAnSLIThatIsMisnamed(t *testing.T) {
	t.Parallel()
	d := newDesk(t, cloudtest.Shared(t))
	for _, name := range []string{"a%00b", "a%0Ab", "%7F", "a%FF", strings.Repeat("x", 257)} {
		d.Do(t, "viewer", http.MethodGet, d.path+"/slis/"+name, nil).Want(t, http.StatusBadRequest)
		d.Do(t, "viewer", http.MethodGet, d.path+"/slis/"+name+"/samples", nil).Want(t, http.StatusBadRequest)
		d.Do(t, "admin", http.MethodPut, d.path+"/slis/"+name, objective(1, 0.9)).Want(t, http.StatusBadRequest)
	}
	name := strings.Repeat("%C3%A9", 256)
	d.Do(t, "admin", http.MethodPut, d.path+"/slis/"+name, objective(1, 0.9)).Want(t, http.StatusOK)
	d.Do(t, "viewer", http.MethodGet, d.path+"/slis/"+name+"/samples", nil).Want(t, http.StatusOK)
}

// ofEveryAlert are an SLI of each alert, named so; more are healthy.
func (d *desk) ofEveryAlert(t testing.TB, more int) {
	t.Helper()
	for n := range more {
		d.measure(t, fmt.Sprintf("a %03d", n), 5)
	}
	for name, values := range map[string][]float64{
		"z-page": {500, 500, 500}, "y-ticket": slices.Concat([]float64{500, 500, 500, 500, 500, 500, 500}, make([]float64, 10)),
		"x-warning": {500}, "w-none": {5},
	} {
		d.Do(t, "admin", http.MethodPut, d.path+"/slis/"+name, objective(100, 0.99)).Want(t, http.StatusOK)
		d.measure(t, name, values...)
		if got := d.sli(t, name); got.Alert != name[2:] {
			t.Fatalf("%s is %s", name, got.Alert)
		}
	}
}

func TestSLIsAreListedByAlertAndSLX(t *testing.T) {
	t.Parallel()
	d := newDesk(t, cloudtest.Shared(t))
	d.ofEveryAlert(t, 3)
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
			wantTitles(t, d.slis(t, query+"&pageSize="+size), want...)
		}
	}
	d.Do(t, "viewer", http.MethodGet, d.path+"/slis?alert=none", nil).Want(t, http.StatusUnprocessableEntity)
}

func TestAnSLIThatIsNotMeasuredAnyMoreIsStale(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	d := newDesk(t, c)
	d.edgar(t, 0.85, "read-only")
	d.measure(t, "a", 5)
	d.measure(t, "b", 5)
	d.Do(t, "admin", http.MethodPut, d.path+"/slis/a", map[string]any{"objective": map[string]any{}, "thresholds": map[string]any{"staleAfter": 7200}}).Want(t, http.StatusOK)
	if got := d.ask(t); d.sli(t, "b").Stale || strings.Contains(got.Next.Says, "No sample comes") {
		t.Errorf("at once: %s", got.Next.Says)
	}
	c.Clock.Advance(time.Hour)
	if got := d.ask(t); !d.sli(t, "b").Stale || d.sli(t, "a").Stale || !strings.Contains(got.Next.Says, "No sample comes any more of 1 SLI:") || got.Health.SLIs[0].Name != "b" {
		t.Errorf("after an hour: %s", got.Next.Says)
	}
	d.Do(t, "admin", http.MethodPut, d.path+"/slis/never", objective(1, 0.9)).Want(t, http.StatusOK)
	c.Clock.Advance(time.Hour)
	if got := d.ask(t); !strings.Contains(got.Next.Says, "No sample comes any more of 3 SLIs:") || len(got.Health.SLIs) != 3 {
		t.Errorf("after two: %s", got.Next.Says)
	}
}

func TestSLIsAreListedByName(t *testing.T) {
	t.Parallel()
	d := newDesk(t, cloudtest.Shared(t))
	var want []string
	for n := range 5 {
		name := fmt.Sprintf("sli %d/%%", n)
		want = append(want, name)
		d.measure(t, name, 1)
	}
	wantTitles(t, d.slis(t, "pageSize=2"), want...)
	d.Do(t, "viewer", http.MethodGet, d.path+"/slis?pageToken=%00", nil).Want(t, http.StatusBadRequest)
}
