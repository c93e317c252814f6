package catalog_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/emulator/vertex"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
)

// enriched is the answer of enrich.
type enriched struct {
	Results []struct {
		ID, Status, Code, Entry string
		Enrichment              *struct{ Checks, Changes, By string }
	}
}

func (f *fixture) enrich(t testing.TB, again bool, ids ...string) (e enriched) {
	t.Helper()
	tasks := []map[string]any{}
	for _, id := range ids {
		tasks = append(tasks, map[string]any{"id": id, "code": "*** Tasks ***"})
	}
	f.staffDo(t, http.MethodPost, "/v1/catalog/enrich", map[string]any{"tasks": tasks, "again": again}).Want(t, http.StatusOK).JSON(t, &e)
	return e
}

func (e enriched) statuses() (all []string) {
	for _, r := range e.Results {
		all = append(all, strings.TrimSuffix(r.Status+" "+r.Code, " "))
	}
	return all
}

// answer makes the platform's model answer about the task whose name the request has.
func (f *fixture) answer(byName map[string]string) {
	f.Cloud.Vertex.Respond(suite.SharedModel.ProjectID, func(r vertex.Request) vertex.Answer {
		var payload struct{ Task struct{ Name string } }
		_ = json.Unmarshal([]byte(r.Text), &payload) // an unknown task has no answer
		return vertex.Answer{Text: byName[payload.Task.Name]}
	})
}

func TestEnrichedTasksAreFoundByOtherWords(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ids, _ := f.upload(t, community)
	if names := f.names(t, "NXDOMAIN nameserver"); len(names) != 0 {
		t.Fatalf("before, %v is found", names)
	}
	f.answer(map[string]string{
		"Check DNS Resolution":  `{"checks":"NXDOMAIN","kinds":["nameserver"],"changes":"nothing"}`,
		"Restart Deployment":    `{"checks":"it is access:read-only","kinds":["access:read-only"],"changes":"nothing"}`,
		"Fetch Deployment Logs": "I would rather not.",
	})
	at := func(name string) string {
		return ids[slices.IndexFunc(community, func(task map[string]any) bool { return task["name"] == name })]
	}
	three := []string{at("Check DNS Resolution"), at("Restart Deployment"), at("Fetch Deployment Logs"), strings.Repeat("0", 64)}
	got := f.enrich(t, false, three...)
	if diff := cmp.Diff([]string{"enriched", "enriched", "failed model-answer", "failed not-found"}, got.statuses()); diff != "" {
		t.Fatal(diff)
	}
	if e := got.Results[0].Enrichment; e == nil || e.Checks != "NXDOMAIN" || e.Changes != "" || e.By != suite.SharedModel.Model || got.Results[0].Entry == "" {
		t.Errorf("%+v", got.Results[0])
	}
	f.Cloud.Clock.Advance(time.Minute + time.Second)
	if diff := cmp.Diff([]string{"Check DNS Resolution"}, f.names(t, "NXDOMAIN nameserver")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"unchanged", "failed model-answer"}, f.enrich(t, false, three[0], three[2]).statuses()); diff != "" {
		t.Error(diff)
	}
	if counts := f.taskCounts(t, "", auditlog.EnrichCatalog); !slices.Equal(counts, []int64{2}) {
		t.Errorf("the audit log has %v", counts)
	}
	f.checkLedger(t, 4)
}

// checkLedger wants n requests on the platform's ledger, as the endpoint received them.
func (f *fixture) checkLedger(t *testing.T, n int) {
	t.Helper()
	var ledger struct {
		Sends []struct{ SHA256, Feature, Status string }
	}
	f.staffDo(t, http.MethodGet, "/v1/platform/model-sends", nil).Want(t, http.StatusOK).JSON(t, &ledger)
	var listed, received []string
	for _, s := range ledger.Sends {
		if listed = append(listed, s.SHA256); s.Feature != "enrich-catalog" || s.Status != "answered" {
			t.Errorf("the ledger has %+v", s)
		}
	}
	for _, r := range f.Cloud.Vertex.Requests(suite.SharedModel.ProjectID) {
		received = append(received, r.SHA256)
	}
	slices.Sort(listed)
	slices.Sort(received)
	if diff := cmp.Diff(received, listed); diff != "" || len(listed) != n {
		t.Errorf("%d are on the ledger, want %d; received (-) and listed (+):\n%s", len(listed), n, diff)
	}
}

func TestAnEnrichmentEndsWithItsVersionOfTheTask(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	task := tasks("Check DNS Resolution|Asks each resolver.|access:read-only,dns")
	ids, _ := f.upload(t, task)
	f.answer(map[string]string{"Check DNS Resolution": `{"checks":"NXDOMAIN nameserver"}`})
	f.enrich(t, false, ids...)
	f.upload(t, task) // the same again
	if names := f.names(t, "NXDOMAIN nameserver"); len(names) != 1 {
		t.Errorf("after the same upload, %v is found", names)
	}
	task[0]["documentation"] = "Asks one resolver."
	f.upload(t, task)
	if names := f.names(t, "NXDOMAIN nameserver"); len(names) != 0 {
		t.Errorf("after another version, %v is found", names)
	}
}

func TestEnrichmentsAreForStaffAndBounded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id, code := strings.Repeat("a", 64), strings.Repeat("c", 100<<10+1)
	one := map[string]any{"id": id}
	for name, row := range map[string]struct {
		tasks  []map[string]any
		status int
	}{
		"no task":               {[]map[string]any{}, 422},
		"eleven tasks":          {slices.Repeat([]map[string]any{one}, 11), 422},
		"a task twice":          {[]map[string]any{one, one}, 422},
		"an invalid ID":         {[]map[string]any{{"id": "../x"}}, 422},
		"code that is too long": {[]map[string]any{{"id": id, "code": code}}, 422},
	} {
		if got := f.staffDo(t, http.MethodPost, "/v1/catalog/enrich", map[string]any{"tasks": row.tasks}).Status; got != row.status {
			t.Errorf("%s: %d, want %d", name, got, row.status)
		}
	}
	for _, persona := range []string{"runner", "viewer", "auditor", "admin"} {
		f.Do(t, persona, http.MethodPost, "/v1/catalog/enrich", map[string]any{"tasks": []map[string]any{one}}).Want(t, http.StatusForbidden)
	}
	if n := len(f.Cloud.Vertex.Requests("")); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}
