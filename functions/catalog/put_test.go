package catalog_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/shared/auditlog"
)

func TestTheCatalogIsSearched(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if got := f.search(t, "query=dns"); len(got.Tasks) != 0 {
		t.Errorf("an empty catalog has %+v", got)
	}
	ids, written := f.upload(t, community)
	if written != len(community) || len(slices.Compact(slices.Sorted(slices.Values(ids)))) != len(community) {
		t.Errorf("written: %d, ids: %q", written, ids)
	}
	got := f.search(t, "query="+url.QueryEscape("fetch the logs of the deployment")+"&pageSize=2")
	if len(got.Tasks) != 2 || got.Tasks[0].Name != "Fetch Deployment Logs" || !got.More ||
		got.Tasks[0].Score < 0.85 || got.Tasks[0].Score > 1 || !slices.Contains(got.Tasks[0].Words, "logs") {
		t.Errorf("got %+v", got)
	}
	for _, query := range []string{"", "query=", "query=a&pageSize=0", "query=a&pageSize=101", "query=a&q=b", "query=" + strings.Repeat("a", 501)} {
		f.Search(t, "viewer", "/v1/catalog/tasks", query).Want(t, http.StatusUnprocessableEntity)
	}
}

func TestNamesThatLookTheSameAreOneTask(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	composed := tasks("Check Caf\u00e9|Reads the menu.|access:read-only")
	decomposed := tasks("Check\u2060 Cafe\u0301|Reads the menu.|access:read-only")
	ids, _ := f.upload(t, composed)
	again, written := f.upload(t, decomposed)
	if written != 0 || !slices.Equal(ids, again) {
		t.Errorf("%d tasks are new, with the IDs %q instead of %q", written, again, ids)
	}
	for _, query := range []string{"caf\u00e9", "cafe\u0301", "ca\u200bfe\u0301"} {
		if names := f.names(t, query); !slices.Equal(names, []string{"Check Caf\u00e9"}) {
			t.Errorf("%+q finds %q", query, names)
		}
	}
	f.putTasks(t, map[string]any{"tasks": tasks("\u200b|Nothing.|access:read-only")}).Want(t, http.StatusUnprocessableEntity)
}

func TestTheCatalogIsPutAgainWithoutEffect(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first, _ := f.upload(t, community)
	again, written := f.upload(t, community)
	if !slices.Equal(first, again) || written != 0 {
		t.Errorf("written again: %d", written)
	}
	changed := tasks("Check DNS Resolution|Asks a resolver for a carrier pigeon.|dns")
	if _, written := f.upload(t, changed); written != 1 {
		t.Errorf("of a change is written %d", written)
	}
	if got := f.search(t, "query=carrier+pigeon"); len(got.Tasks) != 1 || got.Tasks[0].Name != "Check DNS Resolution" {
		t.Errorf("got %+v", got)
	}
}

// A minute may pass until what was put is found; while nothing was put, a
// minute costs one read.
func TestTheCatalogIsReadWhenItChanged(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.Cloud
	if c.Firestore == nil {
		t.Skip("only the embedded Firestore counts")
	}
	f.upload(t, community)
	f.search(t, "query=dns")
	reads := func(search func()) int64 {
		before := c.Firestore.Counts().Reads
		search()
		return c.Firestore.Counts().Reads - before
	}
	again := reads(func() { f.search(t, "query=dns") })
	c.Clock.Advance(30 * time.Second)
	if soon := reads(func() { f.search(t, "query=dns") }); soon != again {
		t.Errorf("a search reads %d, and soon after %d", again, soon)
	}
	f.putTasks(t, map[string]any{"tasks": tasks("Resolve DNSSEC|Checks signatures.|dns")}).Want(t, http.StatusOK)
	if got := f.search(t, "query=dnssec"); len(got.Tasks) != 0 {
		t.Errorf("it is found at once: %+v", got)
	}
	c.Clock.Advance(31 * time.Second)
	if got := f.search(t, "query=dnssec"); len(got.Tasks) != 1 {
		t.Errorf("it is not found after a minute: %+v", got)
	}
}

func TestTheCatalogTakesFiveHundredAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var all []map[string]any
	for n := range 501 {
		all = append(all, tasks(fmt.Sprintf("Task number%d|%s|tag", n, strings.Repeat("words ", 100)))...)
	}
	f.putTasks(t, map[string]any{"tasks": all}).Want(t, http.StatusUnprocessableEntity)
	f.upload(t, all[:500])
	if got := f.search(t, "query=number499"); len(got.Tasks) != 1 {
		t.Errorf("got %+v", got)
	}
	if got := f.search(t, "query=number500"); len(got.Tasks) != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestTheCatalogRefuses(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	one := func(key string, value any) map[string]any {
		task := tasks("Name|Documentation|tag")[0]
		task[key] = value
		return map[string]any{"tasks": []map[string]any{task}}
	}
	for what, body := range map[string]any{
		"no tasks":           map[string]any{"tasks": []any{}},
		"the same twice":     map[string]any{"tasks": append(tasks("A|x|t"), tasks("A|y|t")...)},
		"no name":            one("name", ""),
		"no source":          one("source", ""),
		"no suite":           one("suite", ""),
		"long documentation": one("documentation", strings.Repeat("x", 4097)),
		"an empty tag":       one("tags", []string{""}),
		"a long tag":         one("tags", []string{strings.Repeat("x", 201)}),
		"an unknown key":     one("steps", "x"),
		"a long title":       one("displayName", strings.Repeat("x", 201)),
		"a long suite":       one("suiteDocumentation", strings.Repeat("x", 1025)),
		"much support":       one("supports", strings.Split(strings.Repeat("x ", 51), " ")[:51]),
		"an empty support":   one("supports", []string{""}),
		"an unknown kind":    one("kind", "slo"),
		"a bad edition":      map[string]any{"tasks": tasks("A|x|t"), "edition": "É"},
	} {
		if r := f.putTasks(t, body); r.Status != http.StatusUnprocessableEntity && r.Status != http.StatusBadRequest {
			t.Errorf("%s: status %d: %s", what, r.Status, r.Body)
		}
	}
	big := make([]byte, 4<<20+1)
	f.putTasks(t, big).Want(t, http.StatusRequestEntityTooLarge)
	if got := f.search(t, "query=name"); len(got.Tasks) != 0 {
		t.Errorf("something was written: %+v", got)
	}
	f.Do(t, "admin", http.MethodPut, "/v1/catalog/tasks", map[string]any{"tasks": community}).Want(t, http.StatusForbidden)
	f.Search(t, "runner", "/v1/catalog/tasks", "query=a").Want(t, http.StatusForbidden)
	if put, search := f.taskCounts(t, f.ID, auditlog.WriteCatalog), f.taskCounts(t, f.ID, auditlog.SearchCatalog); len(put) != 1 || len(search) != 1 {
		t.Errorf("denials in the audit log: %d and %d", put, search)
	}
}
