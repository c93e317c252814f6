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

// page is one page of runs.
type page struct {
	Runs []struct{ ID, Task string }
	Next string `json:"nextPageToken"`
}

// search returns one page of a search, as a viewer.
func search(t *testing.T, tn *cloudtest.Tenant, filters string) cloudtest.Response {
	t.Helper()
	return tn.Search(t, "viewer", "/v1/workspaces/"+string(tn.Workspace)+"/runs", filters)
}

// list returns the IDs of all runs of a query, page by page.
func list(t *testing.T, tn *cloudtest.Tenant, query url.Values) (ids []string) {
	t.Helper()
	query = url.Values(clone(query))
	for range 100 {
		var p page
		search(t, tn, query.Encode()).Want(t, http.StatusOK).JSON(t, &p)
		for _, r := range p.Runs {
			ids = append(ids, r.ID)
		}
		if p.Next == "" {
			return ids
		}
		query.Set("pageToken", p.Next)
	}
	t.Fatal("there are more than 100 pages")
	return nil
}

func clone(query url.Values) url.Values {
	c := url.Values{}
	for name, values := range query {
		c[name] = slices.Clone(values)
	}
	return c
}

// recordRuns records n runs, a minute apart, and returns their IDs, newest first.
func recordRuns(t *testing.T, tn *cloudtest.Tenant, n int) (ids []string) {
	t.Helper()
	for i := range n {
		started := with(aStart, fields{
			"task": fmt.Sprint("task-", i%2), "slx": fmt.Sprint("slx-", i%3), "resource": fmt.Sprint("r/", i%4),
			"start": began.Add(time.Duration(i) * time.Minute),
		})
		outcome := []string{"success", "failure", "error", "timeout", "canceled"}[i%5]
		id := cloudtest.NewRun(t)
		begin(t, tn, id, started).Want(t, http.StatusOK)
		if i != n-1 { // the last one is running
			finish(t, tn, id, with(aReport, fields{"end": began.Add(time.Hour), "outcome": outcome, "issues": nil, "samples": nil})).Want(t, http.StatusOK)
		}
		ids = append(ids, id)
	}
	slices.Reverse(ids)
	return ids
}

func TestRunsAreListedByEveryFilter(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	const n = 24
	ids := recordRuns(t, tn, n)
	unknown := cloudtest.NewRun(t) // its start is never recorded
	finish(t, tn, unknown, with(aReport, fields{"outcome": "canceled", "issues": nil, "samples": nil})).Want(t, http.StatusOK)
	at := func(i int) string { return began.Add(time.Duration(i) * time.Minute).Format(time.RFC3339) }
	for name, try := range map[string]struct {
		query string
		keep  func(i int) bool
	}{
		"all":                    {"", func(int) bool { return true }},
		"a task":                 {"task=task-1", func(i int) bool { return i%2 == 1 }},
		"an SLX":                 {"slx=slx-2", func(i int) bool { return i%3 == 2 }},
		"a resource":             {"resource=r%2F3", func(i int) bool { return i%4 == 3 }},
		"an outcome":             {"outcome=timeout", func(i int) bool { return i%5 == 3 && i != n-1 }},
		"a state":                {"state=running", func(i int) bool { return i == n-1 }},
		"from a time":            {"from=" + at(20), func(i int) bool { return i >= 20 }},
		"to a time":              {"to=" + at(3), func(i int) bool { return i < 3 }},
		"a task in a time":       {"task=task-0&from=" + at(4) + "&to=" + at(9), func(i int) bool { return i%2 == 0 && i >= 4 && i < 9 }},
		"a task with an outcome": {"task=task-0&outcome=success", func(i int) bool { return i%10 == 0 }},
		"all filters":            {"task=task-1&slx=slx-1&resource=r%2F3&outcome=failure&state=ended&from=" + at(0) + "&to=" + at(n), func(i int) bool { return i%2 == 1 && i%3 == 1 && i%4 == 3 && i%5 == 1 }},
		"an unknown task":        {"task=no", func(int) bool { return false }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			query, err := url.ParseQuery(try.query)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for back, id := range ids {
				if try.keep(n - 1 - back) {
					want = append(want, id)
				}
			}
			if try.query == "" {
				want = append(want, unknown)
			}
			for _, size := range []string{"", "1", "5", "500"} {
				query.Del("pageSize")
				if size != "" {
					query.Set("pageSize", size)
				}
				if diff := cmp.Diff(want, list(t, tn, query)); diff != "" {
					t.Errorf("page size %q: %s", size, diff)
				}
			}
		})
	}
}

func TestPagesDoNotShiftWhileRunsStart(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	ids := recordRuns(t, tn, 6)
	unknown := cloudtest.NewRun(t) // its start is never recorded
	finish(t, tn, unknown, with(aReport, fields{"issues": nil})).Want(t, http.StatusOK)
	ids = append(ids, unknown)
	var got []string
	token := ""
	for {
		var p page
		search(t, tn, "pageSize=2&pageToken="+token).Want(t, http.StatusOK).JSON(t, &p)
		for _, r := range p.Runs {
			got = append(got, r.ID)
		}
		if p.Next == "" {
			break
		}
		token = p.Next
		begin(t, tn, cloudtest.NewRun(t), with(aStart, fields{"start": began.Add(time.Hour)})).Want(t, http.StatusOK)
	}
	if diff := cmp.Diff(ids, got); diff != "" {
		t.Error(diff)
	}
}

func TestAPageTokenIsValidOnlyForItsQuery(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t, "prod", "dev")
	recordRuns(t, tn, 4)
	var p page
	search(t, tn, "pageSize=1&state=ended").Want(t, http.StatusOK).JSON(t, &p)
	for _, query := range []string{
		"pageSize=1&pageToken=" + p.Next, "state=running&pageToken=" + p.Next, "state=ended&task=x&pageToken=" + p.Next,
		"state=ended&pageToken=x" + p.Next, "state=ended&pageToken=" + p.Next[:len(p.Next)-3], "pageToken=e30", "pageToken=%00",
		"pageToken=" + strings.Repeat("a", 5000), "pageToken=__x__", "pageToken=a/b",
	} {
		if got := search(t, tn, query); got.Status != http.StatusBadRequest {
			t.Errorf("%s: status %d: %s", query, got.Status, got.Body)
		}
	}
	for _, query := range []string{
		"pageSize=0", "pageSize=501", "outcome=good", "state=gone", "from=yesterday", "colour=red", "TASK=a",
		"state=running&outcome=success", "state=lost&outcome=error",
		"from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "from=2026-01-02T00:00:00Z&to=2026-01-02T00:00:00Z",
	} {
		if got := search(t, tn, query); got.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: status %d: %s", query, got.Status, got.Body)
		}
	}
	tn.Search(t, "viewer", "/v1/workspaces/dev/runs", "state=ended&pageToken="+p.Next).Want(t, http.StatusBadRequest)
	search(t, tn, "pageSize=3&state=ended&pageToken="+p.Next).Want(t, http.StatusOK)
}

func TestRunsAreListedByThePrefixOfTheirIDs(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	near := []string{"0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e10", "0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e1f", "0198c2b5-5d1e-7c3a-9f00-2a6b1c4d8e10"}
	for _, id := range append(near, "f198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e10") {
		begin(t, tn, id, aStart).Want(t, http.StatusOK)
	}
	searched := func(body fields) cloudtest.Response {
		return tn.Do(t, "viewer", http.MethodPost, "/v1/workspaces/"+string(tn.Workspace)+"/runs/search", body)
	}
	for prefix, want := range map[string][]string{
		"0": near, "0198c2b4": near[:2], near[1]: near[1:2], "0198c2b5-": near[2:], "1": nil, "0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e11": nil,
	} {
		var p page
		searched(fields{"idPrefix": prefix}).Want(t, http.StatusOK).JSON(t, &p)
		var got []string
		for _, r := range p.Runs {
			got = append(got, r.ID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", prefix, diff)
		}
	}
	var p page
	searched(fields{"idPrefix": "0198", "pageSize": 2}).Want(t, http.StatusOK).JSON(t, &p)
	if len(p.Runs) != 2 || p.Next != "" {
		t.Errorf("a page is %+v", p)
	}
	for _, body := range []fields{{"idPrefix": "G"}, {"idPrefix": "0198", "task": "a"}, {"idPrefix": "0198/"}, {"idPrefix": "0198", "pageToken": "x"}} {
		searched(body).Want(t, http.StatusUnprocessableEntity)
	}
}
