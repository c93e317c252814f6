package assistant_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
)

func TestASuiteIsToldOfItsTasks(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	d := newDesk(t, c)
	tasks := offered("Check Lag|Measures it.|queue", "Check Depth|Measures it.|queue")
	tasks[0]["displayName"], tasks[0]["supports"], tasks[0]["suiteDocumentation"] = "Event Streams", []string{"Redpanda", "Kafka"}, "Looks after brokers."
	if _, written := offer(t, c, tasks); written != 2 {
		t.Errorf("written: %d", written)
	}
	if _, written := offer(t, c, tasks); written != 0 {
		t.Errorf("written again: %d", written)
	}
	for _, query := range []string{"streams", "redpanda", "brokers"} {
		got := d.search(t, "query="+query)
		if len(got.Tasks) != 1 || got.Tasks[0].DisplayName != "Event Streams" || got.Tasks[0].SuiteDocumentation != "Looks after brokers." || !slices.Equal(got.Tasks[0].Supports, []string{"Redpanda", "Kafka"}) {
			t.Errorf("%s finds %+v", query, got)
		}
	}
	for _, key := range []string{"displayName", "suiteDocumentation", "kind"} {
		tasks[1][key] = "sli"
		if _, written := offer(t, c, tasks); written != 1 {
			t.Errorf("%s is new, written: %d", key, written)
		}
	}
}

// staffDo asks as platform staff.
func staffDo(t testing.TB, c *cloudtest.Cloud, method, path string, body any) cloudtest.Response {
	t.Helper()
	token, err := c.Token("", "platform")
	if err != nil {
		t.Fatal(err)
	}
	return c.Do(t, token, method, path, body)
}

// pruneAll prunes page by page, and tells how many tasks went.
func pruneAll(t testing.TB, c *cloudtest.Cloud, source, edition string) (removed, pages int) {
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
		staffDo(t, c, http.MethodPost, "/v1/catalog/prune", body).Want(t, http.StatusOK).JSON(t, &out)
		if removed, pages = removed+out.Removed, pages+1; pages > 10 {
			t.Fatal("there is no end of pages")
		}
		if token = out.NextPageToken; token == "" {
			c.Clock.Advance(time.Minute + time.Second)
			return removed, pages
		}
	}
}

func (d *desk) found(t testing.TB, query string) (names []string) {
	t.Helper()
	for _, task := range d.search(t, "pageSize=100&query="+queryEscape(query)).Tasks {
		names = append(names, task.Name)
	}
	slices.Sort(names)
	return names
}

func TestWhatASourceNoLongerHasIsPruned(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	d := newDesk(t, c)
	const source = "https://example.com/collection/"
	put := func(edition string, tasks ...map[string]any) (written int) {
		var out struct{ Written int }
		putTasks(t, c, map[string]any{"tasks": tasks, "edition": edition}).Want(t, http.StatusOK).JSON(t, &out)
		return out.Written
	}
	elsewhere := offered("Zebra Elsewhere|Of another source.|t")
	elsewhere[0]["source"] = "https://example.com/collections/kubernetes.robot"
	putTasks(t, c, map[string]any{"tasks": elsewhere}).Want(t, http.StatusOK)
	put("one", offered("Zebra Old|x|t", "Zebra Kept|x|t", "Zebra Changed|x|t")...)
	if written := put("two", offered("Zebra New|x|t", "Zebra Kept|x|t", "Zebra Changed|y|t")...); written != 2 {
		t.Errorf("written: %d", written)
	}
	putTasks(t, c, map[string]any{"tasks": offered("Zebra New|now without an edition|t", "Zebra Kept|x|t")}).Want(t, http.StatusOK)
	if got := d.found(t, "zebra"); len(got) != 5 {
		t.Errorf("there is %q", got)
	}
	if removed, _ := pruneAll(t, c, source, "two"); removed != 1 {
		t.Errorf("removed: %d", removed)
	}
	want := []string{"Zebra Changed", "Zebra Elsewhere", "Zebra Kept", "Zebra New"}
	if diff := cmp.Diff(want, d.found(t, "zebra")); diff != "" {
		t.Error(diff)
	}
	if removed, _ := pruneAll(t, c, source, "two"); removed != 0 {
		t.Errorf("removed again: %d", removed)
	}
	if written := put("two", offered("Zebra Kept|x|t")...); written != 0 {
		t.Errorf("written again: %d", written)
	}
	for what, body := range map[string]map[string]any{
		"an edition that was not put":   {"source": source, "edition": "three"},
		"an edition of another source":  {"source": "https://example.com/collections/", "edition": "two"},
		"one that is not there anymore": {"source": source, "edition": "one"},
	} {
		if r := staffDo(t, c, http.MethodPost, "/v1/catalog/prune", body); r.Status != http.StatusConflict {
			t.Errorf("%s: status %d: %s", what, r.Status, r.Body)
		}
	}
	for what, body := range map[string]map[string]any{
		"no source":                 {"edition": "two"},
		"a source without an end":   {"source": "https://example.com/collection", "edition": "two"},
		"all sources":               {"source": "/", "edition": "two"},
		"no edition":                {"source": source},
		"a token that nobody gave":  {"source": source, "edition": "two", "pageToken": "../platform"},
		"something else beside it":  {"source": source, "edition": "two", "all": true},
		"an edition that is a path": {"source": source, "edition": "a/b"},
	} {
		if r := staffDo(t, c, http.MethodPost, "/v1/catalog/prune", body); r.Status != http.StatusUnprocessableEntity && r.Status != http.StatusBadRequest {
			t.Errorf("%s: status %d: %s", what, r.Status, r.Body)
		}
	}
	if diff := cmp.Diff(want, d.found(t, "zebra")); diff != "" {
		t.Errorf("something went: %s", diff)
	}
	wantPruned(t, c, 1)
}

// wantPruned fails the test unless the platform's log says how many tasks went.
func wantPruned(t *testing.T, c *cloudtest.Cloud, counts ...int64) {
	t.Helper()
	log, err := auditlog.Open(t.Context(), auditlog.Config{AuditKeyName: auditKeyName}, c.Operator, c.Clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	db, err := c.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []int64
	for e, err := range log.Entries(t.Context(), db, "") {
		if err != nil {
			t.Fatal(err)
		}
		if e.Action == auditlog.PruneCatalog {
			got = append(got, e.Counts["tasks"])
		}
	}
	if diff := cmp.Diff(counts, got); diff != "" {
		t.Errorf("on record: %s", diff)
	}
}

func TestALargeSourceIsPrunedByPages(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	d := newDesk(t, c)
	var tasks []map[string]any
	for n := range 1000 {
		tasks = append(tasks, offered(fmt.Sprintf("Zebra%d|%s|tag", n, strings.Repeat("x", n%7)))...)
	}
	for _, some := range [][]map[string]any{tasks[:500], tasks[500:]} {
		putTasks(t, c, map[string]any{"tasks": some, "edition": "one"}).Want(t, http.StatusOK)
	}
	if removed, pages := pruneAll(t, c, "https://example.com/", "one"); removed != 0 || pages != 3 {
		t.Errorf("removed %d by %d pages", removed, pages)
	}
	putTasks(t, c, map[string]any{"tasks": tasks[:10], "edition": "two"}).Want(t, http.StatusOK)
	if removed, pages := pruneAll(t, c, "https://example.com/", "two"); removed != 990 || pages != 3 {
		t.Errorf("removed %d by %d pages", removed, pages)
	}
	if got := d.found(t, "zebra9"); len(got) != 1 {
		t.Errorf("found %q", got)
	}
	if got := d.found(t, "zebra10"); len(got) != 0 {
		t.Errorf("found %q", got)
	}
	db, err := c.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	doc, err := db.Collection("platform").Doc("catalogue").Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := doc.DataAt("tasks"); n != int64(10) {
		t.Errorf("the catalogue counts %v tasks", n)
	}
}
