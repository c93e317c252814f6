package suite_test

import (
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// public are the actions on what belongs to no tenant.
var public = map[auditlog.Action]bool{
	auditlog.SearchCatalog: true, auditlog.WriteCatalog: true, auditlog.PruneCatalog: true,
	auditlog.ListQuarantine: true, auditlog.ReplayQuarantine: true, auditlog.ReplayDeadLetters: true,
}

// settings are the actions that write into any workspace of the tenant that
// there is.
var settings = map[auditlog.Action]bool{auditlog.SetSLI: true, auditlog.SetAssistant: true}

func init() {
	actors, admins, staff := []tenant.Role{tenant.Viewer, tenant.Admin}, []tenant.Role{tenant.Admin}, []tenant.Role{tenant.Platform}
	anybody := append([]tenant.Role{tenant.Platform}, readers...)
	maps.Copy(operations, map[string]operation{
		"GET /v1/workspaces/{workspace}/issues":                      {readers, auditlog.ListIssues, at("/issues", nil), true, true},
		"GET /v1/workspaces/{workspace}/issues/{issue}":              {readers, auditlog.ReadIssue, atIssue("", nil), false, true},
		"POST /v1/workspaces/{workspace}/issues/{issue}/investigate": {actors, auditlog.InvestigateIssue, atIssue("/investigate", nil), false, true},
		"POST /v1/workspaces/{workspace}/issues/{issue}/ignore":      {actors, auditlog.IgnoreIssue, atIssue("/ignore", map[string]any{"until": time.Now().Add(time.Hour)}), false, true},
		"GET /v1/workspaces/{workspace}/slis":                        {readers, auditlog.ListSLIs, at("/slis", nil), true, true},
		"GET /v1/workspaces/{workspace}/slis/{sli}":                  {readers, auditlog.ReadSLI, atSet("/slis/latency", anObjective), false, true},
		"PUT /v1/workspaces/{workspace}/slis/{sli}":                  {admins, auditlog.SetSLI, at("/slis/throughput", anObjective), true, true},
		"GET /v1/workspaces/{workspace}/graph":                       {readers, auditlog.ReadGraph, at("/graph", nil), true, true},
		"GET /v1/workspaces/{workspace}/assistants/{assistant}":      {readers, auditlog.AskAssistant, atSet("/assistants/edgar", anAssistant), false, true},
		"PUT /v1/workspaces/{workspace}/assistants/{assistant}":      {admins, auditlog.SetAssistant, at("/assistants/eager", anAssistant), true, true},
		"GET /v1/catalog/tasks":                                      {anybody, auditlog.SearchCatalog, outside("/v1/catalog/tasks?query=dns", nil), true, true},
		"PUT /v1/catalog/tasks":                                      {staff, auditlog.WriteCatalog, outside("/v1/catalog/tasks", aCatalogue), true, true},
		"POST /v1/catalog/prune":                                     {staff, auditlog.PruneCatalog, atEdition, true, true},
		"GET /v1/quarantine":                                         {staff, auditlog.ListQuarantine, outside("/v1/quarantine", nil), true, true},
		"POST /v1/quarantine/replay":                                 {staff, auditlog.ReplayQuarantine, outside("/v1/quarantine/replay", map[string]any{"function": "assistant-update", "before": longAgo}), true, true},
		"POST /v1/dead-letters/replay":                               {staff, auditlog.ReplayDeadLetters, outside("/v1/dead-letters/replay", map[string]any{"topic": "run-events", "before": longAgo}), true, true},
	})
}

var (
	anObjective = map[string]any{"objective": map[string]any{"max": 100, "target": 0.99}}
	anAssistant = map[string]any{"name": "Edgar"}
	longAgo     = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // what others left is not taken
	aCatalogue  = map[string]any{"tasks": []map[string]any{{"name": "Check DNS", "suite": "dns", "source": "https://example.com/dns.robot"}}, "edition": "e1"}
)

// atEdition asks to prune an edition that was put.
func atEdition(t *testing.T, w *matrixWorld, _ place) (string, any) {
	t.Helper()
	staff, err := w.cloud.Token("", "platform")
	if err != nil {
		t.Fatal(err)
	}
	w.cloud.Do(t, staff, http.MethodPut, "/v1/catalog/tasks", aCatalogue).Want(t, http.StatusOK)
	return "/v1/catalog/prune", map[string]any{"source": "https://example.com/", "edition": "e1"}
}

type ask = func(t *testing.T, w *matrixWorld, where place) (path string, body any)

// outside asks for what is in no workspace.
func outside(path string, body any) ask {
	return func(*testing.T, *matrixWorld, place) (string, any) { return path, body }
}

func at(path string, body any) ask {
	return func(_ *testing.T, _ *matrixWorld, p place) (string, any) {
		return "/v1/workspaces/" + string(p.workspace) + path, body
	}
}

// owner is the tenant whose place it is.
func (w *matrixWorld) owner(p place) *cloudtest.Tenant {
	if p.name == "foreign" {
		return w.other
	}
	return w.tenant
}

// atSet asks for what an admin has put at path; in the other workspace there is
// nothing.
func atSet(path string, put any) ask {
	return func(t *testing.T, w *matrixWorld, p place) (string, any) {
		path, _ := at(path, nil)(t, w, p)
		if p.name != "other" {
			w.owner(p).Do(t, "admin", http.MethodPut, path, put).Want(t, http.StatusOK)
		}
		return path, nil
	}
}

// atIssue asks for an issue; in the other workspace there is none.
func atIssue(path string, body any) ask {
	return func(t *testing.T, w *matrixWorld, p place) (string, any) {
		id := issue.ID(issue.NewCheckID("issue", "of the matrix"))
		if p.name != "other" {
			w.seedIssue(t, p, id)
		}
		path, _ := at("/issues/"+string(id)+path, nil)(t, w, p)
		return path, body
	}
}

func (w *matrixWorld) seedIssue(t *testing.T, p place, id issue.ID) {
	t.Helper()
	record, db := w.owner(p).Record, operatorDB(t, w.cloud)
	owner, err := keys.NewTenants(w.cloud.Operator, w.cloud.Clock.Now).Of(t.Context(), record, db)
	if err != nil {
		t.Fatal(err)
	}
	ref := records.IssueRef(db, record.ID, p.workspace, id)
	i := issue.Issue{ID: id, Severity: 2, Runs: 1, Sightings: 1, ResolvedAt: issue.Unresolved, StoredState: issue.Detected}
	if i.Text, err = records.SealIssueText(t.Context(), owner.Seal, ref, records.IssueText{Title: "DNS is slow", Line: []byte(`{"title":"DNS is slow"}`)}); err != nil {
		t.Fatal(err)
	}
	if _, err := ref.Set(t.Context(), i); err != nil {
		t.Fatal(err)
	}
}
