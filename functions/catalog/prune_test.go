package catalog_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/shared/auditlog"
)

func TestASuiteIsToldOfItsTasks(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	streams := tasks("Check Lag|Measures it.|queue", "Check Depth|Measures it.|queue")
	streams[0]["displayName"], streams[0]["supports"], streams[0]["suiteDocumentation"] = "Event Streams", []string{"Redpanda", "Kafka"}, "Looks after brokers."
	if _, written := f.upload(t, streams); written != 2 {
		t.Errorf("written: %d", written)
	}
	if _, written := f.upload(t, streams); written != 0 {
		t.Errorf("written again: %d", written)
	}
	for _, query := range []string{"streams", "redpanda", "brokers"} {
		got := f.search(t, "query="+query)
		if len(got.Tasks) != 1 || got.Tasks[0].DisplayName != "Event Streams" || got.Tasks[0].SuiteDocumentation != "Looks after brokers." || !slices.Equal(got.Tasks[0].Supports, []string{"Redpanda", "Kafka"}) {
			t.Errorf("%s finds %+v", query, got)
		}
	}
	for _, key := range []string{"displayName", "suiteDocumentation", "kind"} {
		streams[1][key] = "sli"
		if _, written := f.upload(t, streams); written != 1 {
			t.Errorf("%s is new, written: %d", key, written)
		}
	}
}

// pruneAll prunes page by page. It returns how many tasks were removed.
func (f *fixture) pruneAll(t testing.TB, source, edition string) (removed, pages int) {
	t.Helper()
	for token := ""; ; {
		body := map[string]any{"source": source, "edition": edition}
		if token != "" {
			body["pageToken"] = token
		}
		var out struct {
			Removed       int
			NextPageToken string
		}
		f.staffDo(t, http.MethodPost, "/v1/catalog/prune", body).Want(t, http.StatusOK).JSON(t, &out)
		if removed, pages = removed+out.Removed, pages+1; pages > 10 {
			t.Fatal("there is no end of pages")
		}
		if token = out.NextPageToken; token == "" {
			f.Cloud.Clock.Advance(time.Minute + time.Second)
			return removed, pages
		}
	}
}

func TestWhatASourceNoLongerHasIsPruned(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const source = "https://example.com/collection/"
	put := func(edition string, all ...map[string]any) (written int) {
		var out struct{ Written int }
		f.putTasks(t, map[string]any{"tasks": all, "edition": edition}).Want(t, http.StatusOK).JSON(t, &out)
		return out.Written
	}
	elsewhere := tasks("Zebra Elsewhere|Of another source.|t")
	elsewhere[0]["source"] = "https://example.com/collections/kubernetes.robot"
	f.putTasks(t, map[string]any{"tasks": elsewhere}).Want(t, http.StatusOK)
	put("one", tasks("Zebra Old|x|t", "Zebra Kept|x|t", "Zebra Changed|x|t")...)
	if written := put("two", tasks("Zebra New|x|t", "Zebra Kept|x|t", "Zebra Changed|y|t")...); written != 2 {
		t.Errorf("written: %d", written)
	}
	f.putTasks(t, map[string]any{"tasks": tasks("Zebra New|now without an edition|t", "Zebra Kept|x|t")}).Want(t, http.StatusOK)
	if got := f.names(t, "zebra"); len(got) != 5 {
		t.Errorf("there is %q", got)
	}
	if removed, _ := f.pruneAll(t, source, "two"); removed != 1 {
		t.Errorf("removed: %d", removed)
	}
	want := []string{"Zebra Changed", "Zebra Elsewhere", "Zebra Kept", "Zebra New"}
	if diff := cmp.Diff(want, f.names(t, "zebra")); diff != "" {
		t.Error(diff)
	}
	if removed, _ := f.pruneAll(t, source, "two"); removed != 0 {
		t.Errorf("removed again: %d", removed)
	}
	if written := put("two", tasks("Zebra Kept|x|t")...); written != 0 {
		t.Errorf("written again: %d", written)
	}
	for what, body := range map[string]map[string]any{
		"an edition that was not put":   {"source": source, "edition": "three"},
		"an edition of another source":  {"source": "https://example.com/collections/", "edition": "two"},
		"one that is not there anymore": {"source": source, "edition": "one"},
	} {
		if r := f.staffDo(t, http.MethodPost, "/v1/catalog/prune", body); r.Status != http.StatusConflict {
			t.Errorf("%s: status %d: %s", what, r.Status, r.Body)
		}
	}
	for what, body := range map[string]map[string]any{
		"no source":                 {"edition": "two"},
		"a source without an end":   {"source": "https://example.com/collection", "edition": "two"},
		"all sources":               {"source": "/", "edition": "two"},
		"no edition":                {"source": source},
		"a token that nobody gave":  {"source": source, "edition": "two", "pageToken": "../platform"},
		"an unknown field":          {"source": source, "edition": "two", "all": true},
		"an edition that is a path": {"source": source, "edition": "a/b"},
	} {
		if r := f.staffDo(t, http.MethodPost, "/v1/catalog/prune", body); r.Status != http.StatusUnprocessableEntity && r.Status != http.StatusBadRequest {
			t.Errorf("%s: status %d: %s", what, r.Status, r.Body)
		}
	}
	if diff := cmp.Diff(want, f.names(t, "zebra")); diff != "" {
		t.Errorf("something went: %s", diff)
	}
	if diff := cmp.Diff([]int64{1}, f.taskCounts(t, "", auditlog.PruneCatalog)); diff != "" {
		t.Errorf("in the audit log: %s", diff)
	}
}

func TestALargeSourceIsPrunedByPages(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var all []map[string]any
	for n := range 1000 {
		all = append(all, tasks(fmt.Sprintf("Zebra%d|%s|tag", n, strings.Repeat("x", n%7)))...)
	}
	for _, some := range [][]map[string]any{all[:500], all[500:]} {
		f.putTasks(t, map[string]any{"tasks": some, "edition": "one"}).Want(t, http.StatusOK)
	}
	if removed, pages := f.pruneAll(t, "https://example.com/", "one"); removed != 0 || pages != 3 {
		t.Errorf("removed %d by %d pages", removed, pages)
	}
	f.putTasks(t, map[string]any{"tasks": all[:10], "edition": "two"}).Want(t, http.StatusOK)
	if removed, pages := f.pruneAll(t, "https://example.com/", "two"); removed != 990 || pages != 3 {
		t.Errorf("removed %d by %d pages", removed, pages)
	}
	if got := f.names(t, "zebra9"); len(got) != 1 {
		t.Errorf("found %q", got)
	}
	if got := f.names(t, "zebra10"); len(got) != 0 {
		t.Errorf("found %q", got)
	}
	doc, err := f.db.Collection("platform").Doc("catalog").Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := doc.DataAt("tasks"); n != int64(10) {
		t.Errorf("the catalog counts %v tasks", n)
	}
}
