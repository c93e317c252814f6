package runs_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
)

// A page of the largest runs has about 1 MiB, and no run is on two pages.
func TestAPageOfLargeRunsIsShort(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	var claims []fields
	for n := range 1000 {
		claims = append(claims, fields{"name": fmt.Sprintf("%04d", n) + strings.Repeat("a", 196), "parts": 1})
	}
	var want []string
	for n := range 8 {
		id := recorded(t, tn, with(aStart, fields{"start": began.Add(time.Duration(n) * time.Second)}),
			with(aReport, fields{"outputs": claims, "issues": nil, "samples": nil}))
		want = append(want, id)
	}
	slices.Reverse(want)
	first := search(t, tn, "pageSize=500").Want(t, http.StatusOK)
	var p page
	if first.JSON(t, &p); len(p.Runs) == 0 || len(p.Runs) == len(want) || p.Next == "" || len(first.Body) > 5<<18 {
		t.Errorf("the first page has %d runs and %d bytes", len(p.Runs), len(first.Body))
	}
	if diff := cmp.Diff(want, list(t, tn, url.Values{"pageSize": {"500"}})); diff != "" {
		t.Error(diff)
	}
}

// A page of samples has about 1 MiB, and no sample is on two pages.
func TestAPageOfManySamplesIsShort(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	const runs, samples = 20, 1000
	for r := range runs {
		var all []fields
		for n := range samples {
			all = append(all, fields{"sli": "many", "time": began.Add(time.Duration(r*samples+n) * time.Millisecond), "value": 1.0 / 3})
		}
		recorded(t, tn, aStart, with(aReport, fields{"samples": all, "issues": nil, "outputs": nil}))
	}
	pages, found, token := 0, map[string]bool{}, ""
	for more := true; more; pages++ {
		var p struct {
			Series []struct{ Samples []struct{ Time string } }
			Next   string `json:"nextPageToken"`
		}
		got := get(t, tn, "/slis/many/samples?pageSize=100&pageToken="+url.QueryEscape(token)).Want(t, http.StatusOK)
		if got.JSON(t, &p); len(got.Body) > 5<<18 {
			t.Errorf("page %d has %d bytes", pages, len(got.Body))
		}
		for _, series := range p.Series {
			for _, s := range series.Samples {
				found[s.Time] = true
			}
		}
		token, more = p.Next, p.Next != ""
	}
	if pages != 2 || len(found) != runs*samples {
		t.Errorf("%d pages have %d samples, want 2 with %d", pages, len(found), runs*samples)
	}
}
