package assistant_test

import (
	"fmt"
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/sli"
)

type indicator struct {
	Name, SLX, Alert string
	Last             *struct{ Value float64 }
	Objective        struct{ Min, Max, Target *float64 }
	Thresholds       struct{ Page float64 }
	Windows          map[string]struct {
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
	ref := sli.Ref(d.db, d.ID, d.Workspace, name)
	doc, _ := ref.Get(t.Context()) // it may not be there
	s, err := sli.Decode(doc)
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
	d.measure(t, "latency", 50, 150, 50, 150)
	got := d.sli(t, "latency")
	if got.Name != "latency" || got.SLX != "dns" || got.Alert != "ticket" || got.Last == nil || got.Last.Value != 150 {
		t.Errorf("got %+v", got)
	}
	for _, window := range []string{"1h", "6h", "3d"} {
		w := got.Windows[window]
		if w.Samples != 4 || w.Mean != 100 || math.Abs(w.Deviation-50) > 1e-9 || w.Share != 0.5 || math.Abs(w.Burn-5) > 1e-9 {
			t.Errorf("%s: %+v", window, w)
		}
	}
}

func TestAnObjectiveIsSet(t *testing.T) {
	t.Parallel()
	d := newDesk(t, cloudtest.Shared(t))
	d.measure(t, "latency", 50)
	set := objective(10, 0.99)
	set["thresholds"] = map[string]any{"page": 2}
	for range 2 { // the second changes nothing
		d.Do(t, "admin", http.MethodPut, d.path+"/slis/latency", set).Want(t, http.StatusOK)
	}
	got := d.sli(t, "latency")
	if got.Alert != "warning" || *got.Objective.Max != 10 || got.Thresholds.Page != 2 || got.Windows["1h"].Samples != 1 {
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

func TestSLIsAreListedByName(t *testing.T) {
	t.Parallel()
	d := newDesk(t, cloudtest.Shared(t))
	var want, got []string
	for n := range 5 {
		name := fmt.Sprintf("sli %d/%%", n)
		want = append(want, name)
		d.measure(t, name, 1)
	}
	for token, pages := "", 0; pages < 4; pages++ {
		var page struct {
			SLIs          []indicator
			NextPageToken string
		}
		d.Do(t, "viewer", http.MethodGet, d.path+"/slis?pageSize=2&pageToken="+queryEscape(token), nil).Want(t, http.StatusOK).JSON(t, &page)
		for _, i := range page.SLIs {
			got = append(got, i.Name)
		}
		if token = page.NextPageToken; token == "" {
			break
		}
	}
	wantTitles(t, got, want...)
	d.Do(t, "viewer", http.MethodGet, d.path+"/slis?pageToken=%00", nil).Want(t, http.StatusBadRequest)
}
