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

// publicActions are the actions on resources that belong to no tenant.
var publicActions = map[auditlog.Action]bool{
	auditlog.SearchCatalog: true, auditlog.WriteCatalog: true, auditlog.PruneCatalog: true,
	auditlog.ListQuarantine: true, auditlog.ReplayQuarantine: true, auditlog.ReplayDeadLetters: true,
}

// settingActions are the actions that write into any existing workspace of the
// tenant.
var settingActions = map[auditlog.Action]bool{auditlog.SetSLI: true, auditlog.SetAssistant: true}

func init() {
	actors, admins, staff := []tenant.Role{tenant.Viewer, tenant.Admin}, []tenant.Role{tenant.Admin}, []tenant.Role{tenant.Platform}
	anybody := append([]tenant.Role{tenant.Platform}, readers...)
	maps.Copy(operations, map[string]operation{
		"GET /v1/workspaces/{workspace}/issues":                      {roles: readers, action: auditlog.ListIssues, ask: at("/issues", nil), lists: true, strict: true},
		"GET /v1/workspaces/{workspace}/issues/{issue}":              {roles: readers, action: auditlog.ReadIssue, ask: atIssue("", nil), lists: false, strict: true},
		"POST /v1/workspaces/{workspace}/issues/{issue}/investigate": {roles: actors, action: auditlog.InvestigateIssue, ask: atIssue("/investigate", nil), lists: false, strict: true},
		"POST /v1/workspaces/{workspace}/issues/{issue}/ignore":      {roles: actors, action: auditlog.IgnoreIssue, ask: atIssue("/ignore", map[string]any{"until": time.Now().Add(time.Hour)}), lists: false, strict: true},
		"GET /v1/workspaces/{workspace}/slis":                        {roles: readers, action: auditlog.ListSLIs, ask: at("/slis", nil), lists: true, strict: true},
		"GET /v1/workspaces/{workspace}/slis/{sli}":                  {roles: readers, action: auditlog.ReadSLI, ask: atSet("/slis/latency", anObjective), lists: false, strict: true},
		"PUT /v1/workspaces/{workspace}/slis/{sli}":                  {roles: admins, action: auditlog.SetSLI, ask: at("/slis/throughput", anObjective), lists: true, strict: true},
		"GET /v1/workspaces/{workspace}/graph":                       {roles: readers, action: auditlog.ReadGraph, ask: at("/graph", nil), lists: true, strict: true},
		"GET /v1/workspaces/{workspace}/assistants/{assistant}":      {roles: readers, action: auditlog.AskAssistant, ask: atSet("/assistants/edgar", anAssistant), lists: false, strict: true},
		"PUT /v1/workspaces/{workspace}/assistants/{assistant}":      {roles: admins, action: auditlog.SetAssistant, ask: at("/assistants/eager", anAssistant), lists: true, strict: true},
		"GET /v1/catalog/tasks":                                      {roles: anybody, action: auditlog.SearchCatalog, ask: atFixedPath("/v1/catalog/tasks?query=dns", nil), lists: true, strict: true},
		"PUT /v1/catalog/tasks":                                      {roles: staff, action: auditlog.WriteCatalog, ask: atFixedPath("/v1/catalog/tasks", aCatalog), lists: true, strict: true},
		"POST /v1/catalog/prune":                                     {roles: staff, action: auditlog.PruneCatalog, ask: pruneOfUploadedEdition, lists: true, strict: true},
		"GET /v1/quarantine":                                         {roles: staff, action: auditlog.ListQuarantine, ask: atFixedPath("/v1/quarantine", nil), lists: true, strict: true},
		"POST /v1/quarantine/replay":                                 {roles: staff, action: auditlog.ReplayQuarantine, ask: atFixedPath("/v1/quarantine/replay", map[string]any{"function": "assistant-update", "before": longAgo}), lists: true, strict: true},
		"POST /v1/dead-letters/replay":                               {roles: staff, action: auditlog.ReplayDeadLetters, ask: atFixedPath("/v1/dead-letters/replay", map[string]any{"topic": "run-events", "before": longAgo}), lists: true, strict: true},
	})
}

var (
	anObjective = map[string]any{"objective": map[string]any{"max": 100, "target": 0.99}}
	anAssistant = map[string]any{"name": "Edgar"}
	longAgo     = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // so that messages of other tests are not replayed
	aCatalog    = map[string]any{"tasks": []map[string]any{{"name": "Check DNS", "suite": "dns", "source": "https://example.com/dns.robot"}}, "edition": "e1"}
)

// pruneOfUploadedEdition uploads an edition and returns a request that prunes it.
func pruneOfUploadedEdition(t *testing.T, f *matrixFixture, _ place) (string, any) {
	t.Helper()
	staff, err := f.cloud.Token("", "platform")
	if err != nil {
		t.Fatal(err)
	}
	f.cloud.Do(t, staff, http.MethodPut, "/v1/catalog/tasks", aCatalog).Want(t, http.StatusOK)
	return "/v1/catalog/prune", map[string]any{"source": "https://example.com/", "edition": "e1"}
}

type ask = func(t *testing.T, f *matrixFixture, where place) (path string, body any)

// atFixedPath returns a request for something outside workspaces.
func atFixedPath(path string, body any) ask {
	return func(*testing.T, *matrixFixture, place) (string, any) { return path, body }
}

func at(path string, body any) ask {
	return func(_ *testing.T, _ *matrixFixture, p place) (string, any) {
		return "/v1/workspaces/" + string(p.workspace) + path, body
	}
}

// owner returns the tenant of a workspace.
func (f *matrixFixture) owner(p place) *cloudtest.Tenant {
	if p.name == "foreign" {
		return f.other
	}
	return f.tenant
}

// atSet returns a request for something that an admin sets first, except in the other
// workspace.
func atSet(path string, put any) ask {
	return func(t *testing.T, f *matrixFixture, p place) (string, any) {
		path, _ := at(path, nil)(t, f, p)
		if p.name != "other" {
			f.owner(p).Do(t, "admin", http.MethodPut, path, put).Want(t, http.StatusOK)
		}
		return path, nil
	}
}

// atIssue returns a request for an issue that exists, except in the other workspace.
func atIssue(path string, body any) ask {
	return func(t *testing.T, f *matrixFixture, p place) (string, any) {
		id := issue.ID(issue.NewCheckID("issue", "of the matrix"))
		if p.name != "other" {
			f.seedIssue(t, p, id)
		}
		path, _ := at("/issues/"+string(id)+path, nil)(t, f, p)
		return path, body
	}
}

func (f *matrixFixture) seedIssue(t *testing.T, p place, id issue.ID) {
	t.Helper()
	record, db := f.owner(p).Record, operatorDB(t, f.cloud)
	owner, err := keys.NewTenants(f.cloud.Operator, f.cloud.Clock.Now).Of(t.Context(), record, db)
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
