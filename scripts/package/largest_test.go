package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/catalog"
	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/library"
	"github.com/strongroom-dev/strongroom/shared/quarantine"
	"github.com/strongroom-dev/strongroom/shared/records"
	runs "github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/sli"
)

// largest has the largest requests of each route, topic and schedule.
var largest = map[string]prepare{
	"POST /v1/workspaces/{workspace}/runs/{run}/uploads":                      ofNewRuns("runner", http.MethodPost, "/uploads", largestMint),
	"PUT /v1/workspaces/{workspace}/runs/{run}":                               ofNewRuns("runner", http.MethodPut, "", largestStart),
	"POST /v1/workspaces/{workspace}/runs/{run}/report":                       ofNewRuns("runner", http.MethodPost, "/report", largestReport),
	"POST /v1/workspaces/{workspace}/runs/{run}/heartbeat":                    ofNewRuns("runner", http.MethodPost, "/heartbeat", nil),
	"GET /v1/workspaces/{workspace}/runs/{run}":                               ofOneRun("", reported),
	"GET /v1/workspaces/{workspace}/runs/{run}/issues":                        ofOneRun("/issues", reported),
	"GET /v1/workspaces/{workspace}/runs/{run}/outputs":                       ofOneRun("/outputs", reported),
	"GET /v1/workspaces/{workspace}/runs/{run}/outputs/{output}":              ofOneRun("/outputs/stdout.log", stored),
	"POST /v1/workspaces/{workspace}/runs/{run}/outputs/{output}/views":       underView("/views", nil),
	"POST /v1/workspaces/{workspace}/runs/{run}/outputs/{output}/views/close": underView("/views/close", nil),
	"POST /v1/workspaces/{workspace}/runs/{run}/outputs/{output}/search":      underView("/search", map[string]any{"pattern": "[0-9]+", "ignoreCase": true}),
	"POST /v1/workspaces/{workspace}/runs/search":                             inWorkspace("viewer", "POST", "/runs/search", map[string]any{"pageSize": 500}, storeRuns),
	"GET /v1/workspaces/{workspace}/slis/{sli}/samples":                       inWorkspace("viewer", "GET", "/slis/latency/samples?pageSize=100", nil, storeSeries),
	"POST /v1/workspaces/{workspace}/issues/search":                           inWorkspace("viewer", "POST", "/issues/search", map[string]any{"pageSize": 200}, storeIssues),
	"GET /v1/workspaces/{workspace}/issues/{issue}":                           inWorkspace("viewer", "GET", "/issues/"+string(issueID(0)), nil, storeIssues),
	"POST /v1/workspaces/{workspace}/issues/{issue}/investigate":              ofEachIssue("/investigate", nil),
	"POST /v1/workspaces/{workspace}/issues/{issue}/ignore":                   ofEachIssue("/ignore", map[string]any{"until": time.Now().Add(time.Hour), "reason": strings.Repeat("ü", 1000)}),
	"POST /v1/workspaces/{workspace}/slis/search":                             inWorkspace("viewer", "POST", "/slis/search", map[string]any{"pageSize": 200}, storeSLIs),
	"GET /v1/workspaces/{workspace}/slis/{sli}":                               inWorkspace("viewer", "GET", "/slis/"+sliName(0), nil, storeSLIs),
	"PUT /v1/workspaces/{workspace}/slis/{sli}":                               inWorkspace("admin", "PUT", "/slis/%s", map[string]any{"objective": map[string]any{"max": 1, "target": 0.99}}, nothing),
	"POST /v1/workspaces/{workspace}/graph/search":                            inWorkspace("viewer", "POST", "/graph/search", map[string]any{}, storeGraph),
	"GET /v1/workspaces/{workspace}/assistants/{assistant}":                   inWorkspace("viewer", "GET", "/assistants/edgar", nil, storeAssistant),
	"PUT /v1/workspaces/{workspace}/assistants/{assistant}":                   inWorkspace("admin", "PUT", "/assistants/%s", map[string]any{"name": strings.Repeat("é", 200)}, nothing),
	"POST /v1/catalog/tasks/search":                                           atPath("viewer", "POST", "/v1/catalog/tasks/search", map[string]any{"query": "check", "pageSize": 100}, storeCatalog),
	"PUT /v1/catalog/tasks":                                                   largestCatalogs,
	"POST /v1/catalog/prune":                                                  atPath("platform", "POST", "/v1/catalog/prune", map[string]any{"source": "https://example.com/", "edition": "e1"}, storeCatalog),
	"GET /v1/quarantine":                                                      atPath("platform", "GET", "/v1/quarantine?pageSize=200", nil, storeQuarantine),
	"POST /v1/quarantine/replay":                                              atPath("platform", "POST", "/v1/quarantine/replay", map[string]any{"function": "assistant-update"}, storeQuarantine),
	"POST /v1/dead-letters/replay":                                            atPath("platform", "POST", "/v1/dead-letters/replay", map[string]any{"topic": "object-events"}, storeDeadLetters),

	"POST /v1/workspaces/{workspace}/issues/{issue}/explain":                inWorkspace("viewer", "POST", "/issues/"+string(explained)+"/explain", map[string]any{"assistant": "edgar"}, storeForModels),
	"GET /v1/workspaces/{workspace}/issues/{issue}/explain/preview":         inWorkspace("viewer", "GET", "/issues/"+string(explained)+"/explain/preview?assistant=edgar", nil, storeForModels),
	"POST /v1/workspaces/{workspace}/assistants/{assistant}/summary":        inWorkspace("viewer", "POST", "/assistants/edgar/summary", map[string]any{}, storeForModels),
	"GET /v1/workspaces/{workspace}/assistants/{assistant}/summary/preview": inWorkspace("viewer", "GET", "/assistants/edgar/summary/preview", nil, storeForModels),
	"POST /v1/workspaces/{workspace}/assistants/{assistant}/rank":           inWorkspace("viewer", "POST", "/assistants/edgar/rank", map[string]any{}, storeForModels),
	"GET /v1/workspaces/{workspace}/assistants/{assistant}/rank/preview":    inWorkspace("viewer", "GET", "/assistants/edgar/rank/preview", nil, storeForModels),
	"POST /v1/catalog/enrich": largestEnrichment,
	"GET /v1/data-map":        atPath("viewer", "GET", "/v1/data-map", nil, nothing),

	"GET /v1/audit/entries":                                  atPath("auditor", "GET", "/v1/audit/entries?limit=1000", nil, storeLog),
	"GET /v1/audit/entries/{entry}":                          ofEntry("auditor", "/v1/audit/entries/%s"),
	"GET /v1/audit/entries/{entry}/proof":                    ofEntry("auditor", "/v1/audit/entries/%s/proof"),
	"GET /v1/workspaces/{workspace}/audit/entries":           inWorkspace("auditor", "GET", "/audit/entries?limit=1000", nil, storeLog),
	"GET /v1/tenants/{tenant}/audit/log/checkpoint":          inLog("checkpoint"),
	"GET /v1/tenants/{tenant}/audit/log/cosigned-checkpoint": cosigned(http.MethodGet, "cosigned-checkpoint"),
	"POST /v1/tenants/{tenant}/audit/log/cosignatures":       cosigned(http.MethodPost, "cosignatures"),
	"GET /v1/tenants/{tenant}/audit/log/keys":                inLog("keys"),
	"GET /v1/tenants/{tenant}/audit/log/policy":              inLog("policy"),
	"GET /v1/tenants/{tenant}/audit/log/tile/{tile...}":      inLog("tile/entries/000.p/255"),
	"GET /v1/platform/audit/entries":                         atPath("platform", "GET", "/v1/platform/audit/entries?limit=1000", nil, storePlatformLog),
	"GET /v1/platform/audit/entries/{entry}":                 ofEntry("platform", "/v1/platform/audit/entries/%s"),
	"GET /v1/platform/audit/entries/{entry}/proof":           ofEntry("platform", "/v1/platform/audit/entries/%s/proof"),
	"GET /v1/platform/audit/log/checkpoint":                  atPath("platform", "GET", "/v1/platform/audit/log/checkpoint", nil, storePlatformLog),
	"GET /v1/platform/audit/log/keys":                        atPath("platform", "GET", "/v1/platform/audit/log/keys", nil, nothing),
	"GET /v1/tenants/{tenant}/certificates/keys":             withoutToken("/v1/tenants/" + strings.Repeat("a", 63) + "/certificates/keys"),
	"GET /v1/platform/audit/log/policy":                      atPath("platform", "GET", "/v1/platform/audit/log/policy", nil, nothing),
	"GET /v1/platform/audit/log/tile/{tile...}":              atPath("platform", "GET", "/v1/platform/audit/log/tile/entries/000.p/255", nil, storePlatformLog),

	"GET /v1/workspaces/{workspace}/config.git/info/refs":         inWorkspace("viewer", "GET", "/config.git/info/refs?service=git-upload-pack", nil, pushLargestConfig),
	"POST /v1/workspaces/{workspace}/config.git/git-upload-pack":  fetchLargestConfig,
	"POST /v1/workspaces/{workspace}/config.git/git-receive-pack": largestConfigPush,
	"GET /v1/workspaces/{workspace}/config":                       inWorkspace("viewer", "GET", "/config", nil, pushLargestConfig),
	"GET /v1/workspaces/{workspace}/config/reviews":               inWorkspace("viewer", "GET", "/config/reviews?pageSize=200", nil, storeReviews),
	"PUT /v1/workspaces/{workspace}/config/reviews/{review}":      largestReview,

	"GET /v1/workspaces/{workspace}/config/reviews/{review}":          ofLargestReview,
	"GET /v1/workspaces/{workspace}/config/reviews/{review}/files":    ofLargestHold(http.MethodGet, "/files"),
	"POST /v1/workspaces/{workspace}/config/reviews/{review}/approve": ofLargestHold(http.MethodPost, "/approve"),
	"POST /v1/workspaces/{workspace}/config/reviews/{review}/reject":  ofLargestHold(http.MethodPost, "/reject"),
	"GET /v1/workspaces/{workspace}/config/files/{file}":              largestConfigFile,
	"GET /v1/workspaces/{workspace}/config/log":                       inWorkspace("viewer", "GET", "/config/log?pageSize=50", nil, pushLargestConfig),
	"POST /v1/workspaces/{workspace}/config/reset":                    largestReset,

	"PUT /v1/exports/{export}":                  ofExport("admin", http.MethodPut, "/v1/exports/EXPORT", ""),
	"GET /v1/exports":                           atPath("admin", "GET", "/v1/exports?pageSize=200", nil, storeExports),
	"GET /v1/exports/{export}":                  ofExport("admin", http.MethodGet, "/v1/exports/EXPORT", export.Done),
	"POST /v1/exports/{export}/cancel":          ofExport("admin", http.MethodPost, "/v1/exports/EXPORT/cancel", export.Queued),
	"GET /v1/exports/{export}/files":            ofExport("admin", http.MethodGet, "/v1/exports/EXPORT/files", export.Done),
	"PUT /v1/tenants/{tenant}/exports/{export}": ofExport("platform", http.MethodPut, "/v1/tenants/TENANT/exports/EXPORT", ""),
	"GET /v1/export-schedules":                  atPath("admin", "GET", "/v1/export-schedules", nil, storeSchedules),
	"PUT /v1/export-schedules/{schedule}":       setSchedule,
	"GET /v1/export-schedules/{schedule}":       atPath("admin", "GET", "/v1/export-schedules/%s", nil, storeSchedules),
	"DELETE /v1/export-schedules/{schedule}":    atPath("admin", "DELETE", "/v1/export-schedules/%s", nil, storeSchedules),

	"GET /v1/consents":                                             atPath("admin", "GET", "/v1/consents", nil, giveHalves),
	"GET /v1/consents/{feature}/{destination}":                     atPath("admin", "GET", "/v1/consents/explain-issue/shared", nil, giveHalves),
	"PUT /v1/consents/{feature}/{destination}":                     ofConsent("admin", http.MethodPut),
	"DELETE /v1/consents/{feature}/{destination}":                  ofConsent("admin", http.MethodDelete),
	"GET /v1/consent-texts/{text}":                                 agreedText,
	"GET /v1/tenants/{tenant}/consents":                            ofTenantConsents(""),
	"GET /v1/tenants/{tenant}/consents/{feature}/{destination}":    ofTenantConsents("/explain-issue/shared"),
	"PUT /v1/tenants/{tenant}/consents/{feature}/{destination}":    ofConsent("platform", http.MethodPut),
	"DELETE /v1/tenants/{tenant}/consents/{feature}/{destination}": ofConsent("platform", http.MethodDelete),
	"GET /v1/model-sends":                                          atPath("admin", "GET", "/v1/model-sends?pageSize=200", nil, storeSends),
	"GET /v1/model-sends/{send}/request":                           storedRequest,
	"GET /v1/platform/model-sends":                                 atPath("platform", "GET", "/v1/platform/model-sends?pageSize=200", nil, storeSends),

	"GET /v1/tenant":              atPath("admin", "GET", "/v1/tenant", nil, addKeyVersions),
	"GET /v1/tenant/usage":        atPath("admin", "GET", "/v1/tenant/usage?from="+firstDay+"&to="+lastDay, nil, daysOfUsage),
	"GET /v1/tenant/retention":    dueRuns,
	"POST /v1/tenant/key/test":    atPath("admin", "POST", "/v1/tenant/key/test", nil, addKeyVersions),
	"POST /v1/tenant/key/rotate":  ofKeys("rotate"),
	"POST /v1/tenant/key/disable": ofKeys("disable"),
	"POST /v1/tenant/key/enable":  ofKeys("enable"),
	"POST /v1/tenant/key/destroy": ofKeys("destroy"),

	"POST /v1/tenant/offboarding":                ofOffboarding("request"),
	"POST /v1/tenant/offboarding/stop":           ofOffboarding("stop"),
	"GET /v1/tenant/certificate":                 ofOffboarding("certificate"),
	"POST /v1/tenants/{tenant}/offboarding":      ofOffboarding("staff start"),
	"GET /v1/tenants/{tenant}/offboarding":       ofOffboarding("staff show"),
	"POST /v1/tenants/{tenant}/offboarding/stop": ofOffboarding("staff stop"),
	"GET /v1/tenants/{tenant}/certificate":       ofOffboarding("staff certificate"),

	"GET /v1/tenant/storage":         atPath("auditor", "GET", "/v1/tenant/storage", nil, verifiedStorage),
	"POST /v1/tenant/storage/verify": verifiesStorage,

	"GET /v1/tenant/holds":                        atPath("auditor", "GET", "/v1/tenant/holds", nil, hundredHolds),
	"PUT /v1/tenant/holds/{hold}":                 ofHolds(""),
	"POST /v1/tenant/holds/{hold}/lift":           ofHolds("lift"),
	"POST /v1/tenants/{tenant}/holds/{hold}/lift": ofHolds("confirm"),

	"GET /v1/tenant/workspaces":                                 atPath("auditor", "GET", "/v1/tenant/workspaces?pageSize=200", nil, nothing),
	"GET /v1/tenant/workspaces/{workspace}/members":             ofMembers(http.MethodGet),
	"POST /v1/tenant/workspaces/{workspace}/members":            ofMembers(http.MethodPost),
	"GET /v1/tenant/workspaces/{workspace}/members/{member}":    ofMembers("show"),
	"DELETE /v1/tenant/workspaces/{workspace}/members/{member}": ofMembers(http.MethodDelete),

	"GET /v1/tenant/trust":                 ofTrust("list"),
	"POST /v1/tenant/trust/test":           ofTrust("test"),
	"POST /v1/tenant/trust/rules":          ofTrust("add"),
	"DELETE /v1/tenant/trust/rules/{rule}": ofTrust("remove"),

	"GET /v1/tenants":                   atPath("platform", "GET", "/v1/tenants", nil, nothing),
	"GET /v1/tenants/{tenant}":          ofStatus("GET", ""),
	"POST /v1/tenants/{tenant}/suspend": ofStatus("POST", "/suspend"),
	"POST /v1/tenants/{tenant}/resume":  ofStatus("POST", "/resume"),
	"PUT /v1/tenants/{tenant}/quotas":   ofStatus("PUT", "/quotas"),

	"config-events": largestConfigEvents,
	"export-parts":  largestParts,
	"object-events": largestNotifications,
	"run-events":    largestRunEvents,
	"schedule": func(t *testing.T, tn *cloudtest.Tenant) func(int) request {
		storeIssues(t, tn)
		reported(t, tn)
		return func(int) request { return request{method: http.MethodPost, path: "/"} }
	},
}

func nothing(*testing.T, *cloudtest.Tenant) {}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	if v == nil {
		return nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// ofNewRuns sends each request for a run of its own.
func ofNewRuns(persona, method, path string, body func() any) prepare {
	return func(t *testing.T, tn *cloudtest.Tenant) func(int) request {
		token := tn.Token(t, persona)
		var text []byte
		if body != nil {
			text = encode(t, body())
		}
		return func(int) request {
			return request{method: method, path: tn.RunPath(cloudtest.NewRun(t)) + path, token: token, body: text}
		}
	}
}

// ofOneRun reads one run again and again.
func ofOneRun(path string, store func(*testing.T, *cloudtest.Tenant) (run string)) prepare {
	return func(t *testing.T, tn *cloudtest.Tenant) func(int) request {
		id, token := store(t, tn), tn.Token(t, "viewer")
		return func(int) request { return request{method: http.MethodGet, path: tn.RunPath(id) + path, token: token} }
	}
}

// inWorkspace sends requests to a path of the workspace. %s in it is different each time.
func inWorkspace(persona, method, path string, body any, store func(*testing.T, *cloudtest.Tenant)) prepare {
	return func(t *testing.T, tn *cloudtest.Tenant) func(int) request {
		return atPath(persona, method, "/v1/workspaces/"+string(tn.Workspace)+path, body, store)(t, tn)
	}
}

func atPath(persona, method, path string, body any, store func(*testing.T, *cloudtest.Tenant)) prepare {
	return func(t *testing.T, tn *cloudtest.Tenant) func(int) request {
		store(t, tn)
		token, text := tn.Token(t, persona), encode(t, body)
		return func(n int) request {
			return request{method: method, path: strings.Replace(path, "%s", fmt.Sprint("n", n), 1), token: token, body: text}
		}
	}
}

func ofEachIssue(path string, body any) prepare {
	return func(t *testing.T, tn *cloudtest.Tenant) func(int) request {
		storeIssues(t, tn)
		token, text := tn.Token(t, "admin"), encode(t, body)
		return func(n int) request {
			return request{method: http.MethodPost, path: "/v1/workspaces/" + string(tn.Workspace) + "/issues/" + string(issueID(n)) + path, token: token, body: text}
		}
	}
}

func largestMint() any {
	var parts []cloudtest.Part
	for n := range 100 {
		parts = append(parts, cloudtest.PartOf(outputName(n), 99_999, []byte("a\n")))
		parts[n].ContentType = "text/plain; a=" + strings.Repeat("a", 114)
	}
	return map[string]any{"parts": parts}
}

func outputName(n int) string { return fmt.Sprintf("%04d", n) + strings.Repeat("a", 396) }

func largestStart() any {
	return map[string]any{
		"task": strings.Repeat("é", 256), "slx": strings.Repeat("é", 256), "resource": strings.Repeat("é", 1024), "start": time.Now().Add(-time.Hour).UTC(),
	}
}

// largestReport returns a report that is at all limits.
func largestReport() any {
	now := time.Now().UTC()
	var samples, claims, lines []map[string]any
	for n := range 1000 {
		samples = append(samples, map[string]any{"sli": sliName(n % 100), "time": now.Add(-time.Duration(n) * time.Second), "value": float64(n) / 7})
		claims = append(claims, map[string]any{"name": outputName(n), "parts": 1})
	}
	for n := range 200 {
		line := fmt.Sprintf(`{"severity":1,"title":"issue %d","fingerprint":"f%[1]d","details":"%s"}`, n, strings.Repeat("d", 37<<10))
		lines = append(lines, map[string]any{"line": line})
	}
	return map[string]any{"end": now, "outcome": "failure", "exitCode": 1, "samples": samples, "outputs": claims, "issues": lines}
}

// reported records a run with the largest report.
func reported(t *testing.T, tn *cloudtest.Tenant) string {
	t.Helper()
	id := cloudtest.NewRun(t)
	tn.Do(t, "runner", http.MethodPut, tn.RunPath(id), largestStart()).Want(t, http.StatusOK)
	tn.Do(t, "runner", http.MethodPost, tn.RunPath(id)+"/report", largestReport()).Want(t, http.StatusOK)
	return id
}

// stored records a run with an output that fills one response.
func stored(t *testing.T, tn *cloudtest.Tenant) string {
	t.Helper()
	id := cloudtest.NewRun(t)
	tn.Store(t, id, "stdout.log", bytes.Repeat([]byte("0123456\n"), 1<<20))
	return id
}

// store writes documents as the operator, because the functions would need hours.
func store(t *testing.T, tn *cloudtest.Tenant, write func(db *firestore.Client, set func(*firestore.DocumentRef, any))) {
	t.Helper()
	db, err := tn.Cloud.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	bulk := db.BulkWriter(t.Context())
	var jobs []*firestore.BulkWriterJob
	write(db, func(ref *firestore.DocumentRef, value any) {
		job, err := bulk.Set(ref, value)
		if err != nil {
			t.Fatal(err)
		}
		jobs = append(jobs, job)
	})
	bulk.End()
	for _, job := range jobs {
		if _, err := job.Results(); err != nil {
			t.Fatal(err)
		}
	}
}

// storeRuns stores a page of runs that have the most claims.
func storeRuns(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	var claims []runs.Claim
	for n := range 1000 {
		claims = append(claims, runs.Claim{Output: outputName(n), Parts: 99_999})
	}
	now := time.Now()
	store(t, tn, func(db *firestore.Client, set func(*firestore.DocumentRef, any)) {
		for n := range 501 {
			id := runs.ID(cloudtest.NewRun(t))
			set(records.NewRunRef(db, tn.ID, tn.Workspace, id).Record, runs.Run{
				ID: id, State: runs.Ended, Start: runs.Start{Task: "dns-check", Time: now.Add(-time.Duration(n) * time.Second)},
				End: runs.End{Outcome: runs.Failure, Time: now, Claims: claims},
			})
		}
	})
}

func storeSeries(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	now := time.Now()
	var samples []sli.Sample
	for n := range sli.MaxSamples {
		samples = append(samples, sli.Sample{Time: now.Add(time.Duration(n) * time.Microsecond), Value: float64(n) / 7})
	}
	store(t, tn, func(db *firestore.Client, set func(*firestore.DocumentRef, any)) {
		for range 101 {
			id := runs.ID(cloudtest.NewRun(t))
			series, err := sli.NewSeries("latency", id, "", samples)
			if err != nil {
				t.Fatal(err)
			}
			set(records.Workspace(db, tn.ID, tn.Workspace).Collection(records.SeriesCollection).Doc(string(id)+"-latency"), series)
		}
	})
}

func issueID(n int) issue.ID { return issue.ID(issue.NewCheckID("issue", fmt.Sprint(n))) }

// storeIssues stores a page of active issues with the longest texts.
func storeIssues(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	store(t, tn, func(db *firestore.Client, set func(*firestore.DocumentRef, any)) {
		owner, err := keys.NewTenants(tn.Cloud.Operator, tn.Cloud.Clock.Now).Of(t.Context(), tn.Record, db)
		if err != nil {
			t.Fatal(err)
		}
		details := strings.Repeat("d", 60<<10)
		line := fmt.Appendf(nil, `{"severity":1,"title":"Title","details":%q,"expected":%[1]q,"actual":%[1]q,"reproduceHint":%[1]q,"nextSteps":%[1]q,"summary":%[1]q,"x":%[1]q}`, details)
		for n := range 50 {
			ref := records.IssueRef(db, tn.ID, tn.Workspace, issueID(n))
			i := issue.Issue{ID: issueID(n), Severity: 1, Runs: 1, Sightings: 1, ResolvedAt: issue.Unresolved, StoredState: issue.Detected, LastSeen: time.Now()}
			if i.Text, err = records.SealIssueText(t.Context(), owner.Seal, ref, records.IssueText{Title: "Title", Line: line}); err != nil {
				t.Fatal(err)
			}
			set(ref, i)
		}
	})
}

func sliName(n int) string { return fmt.Sprintf("%03d", n) + strings.Repeat("s", 100) }

// storeSLIs stores a page of SLIs with a sample in every minute, and an alert.
func storeSLIs(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	now, limit := time.Now(), 1.0
	var samples []sli.Sample
	for n := range 3 * 24 * 60 {
		samples = append(samples, sli.Sample{Time: now.Add(-time.Duration(n) * time.Minute), Value: float64(n)})
	}
	store(t, tn, func(db *firestore.Client, set func(*firestore.DocumentRef, any)) {
		full := sli.SLI{Objective: sli.Objective{Max: &limit, Target: 0.99}}.Add(strings.Repeat("x", 256), samples...)
		for n := range 201 {
			full.Name = sliName(n)
			set(records.SLIRef(db, tn.ID, tn.Workspace, full.Name), full)
		}
	})
}

func storeGraph(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	storeSLIs(t, tn)
	store(t, tn, func(db *firestore.Client, set func(*firestore.DocumentRef, any)) {
		for n := range 31 {
			check := issue.Check{Task: fmt.Sprint(n, strings.Repeat("é", 250)), Resource: strings.Repeat("é", 1024), SLX: strings.Repeat("x", 256)}
			set(records.CheckRef(db, tn.ID, tn.Workspace, check.ID()), check)
			for m := range 11 {
				id := issueID(100*n + m)
				set(records.IssueRef(db, tn.ID, tn.Workspace, id), issue.Issue{
					ID: id, Check: check.ID(), Task: check.Task, Resource: check.Resource, SLX: check.SLX,
					Severity: 1, ResolvedAt: issue.Unresolved, StoredState: issue.Detected,
				})
			}
		}
	})
}

func storeAssistant(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	storeIssues(t, tn)
	storeGraph(t, tn)
	storeCatalog(t, tn)
	tn.Do(t, "admin", http.MethodPut, "/v1/workspaces/"+string(tn.Workspace)+"/assistants/edgar", map[string]any{"name": "Edgar"}).Want(t, http.StatusOK)
}

// largestEnrichment describes ten tasks with 100 KiB of code each.
func largestEnrichment(t *testing.T, tn *cloudtest.Tenant) func(int) request {
	var stored struct{ IDs []string }
	tn.Do(t, "platform", http.MethodPut, "/v1/catalog/tasks", map[string]any{"edition": "e1", "tasks": tasks("enriched", 10)}).Want(t, http.StatusOK).JSON(t, &stored)
	var all []map[string]any
	for _, id := range stored.IDs {
		all = append(all, map[string]any{"id": id, "code": strings.Repeat("c", 100<<10)})
	}
	token, body := tn.Token(t, "platform"), encode(t, map[string]any{"tasks": all})
	return func(int) request {
		return request{method: http.MethodPost, path: "/v1/catalog/enrich", token: token, body: body}
	}
}

// tasks returns n tasks of about 8 KiB.
func tasks(documentation string, n int) []map[string]any {
	var all []map[string]any
	for i := range n {
		all = append(all, map[string]any{
			"name": fmt.Sprint("uploaded check ", i), "suite": "dns", "source": "https://example.org/uploaded.robot",
			"documentation": documentation + strings.Repeat("word ", 800), "tags": slices.Repeat([]string{strings.Repeat("t", 30)}, 100),
		})
	}
	return all
}

// storeCatalog stores a catalog that is full: tasks with the longest names,
// documentation and tags, of a vocabulary that is as large as a language's.
func storeCatalog(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	words := rand.New(rand.NewPCG(1, 2))
	text := func(length int) string {
		var b strings.Builder
		for b.Len() < length {
			fmt.Fprintf(&b, "word%d ", words.IntN(20_000))
		}
		return b.String()[:length]
	}
	store(t, tn, func(db *firestore.Client, set func(*firestore.DocumentRef, any)) {
		register := library.Register{Version: text(20), Changed: time.Now()}
		for register.Bytes < library.MaxBytes {
			task := catalog.Task{Name: "check " + text(490), Suite: "dns", Source: "https://example.com/stored.robot", Documentation: text(4096)}
			for range 100 {
				task.Tags = append(task.Tags, text(100))
			}
			set(library.EntryRef(db, task.ID()), library.Entry{Task: task, Edition: "e1"})
			register.Tasks++
			register.Bytes += library.Bytes(task)
		}
		set(library.RegisterRef(db), register)
	})
}

// largestCatalogs are uploads of 4 MiB each, which all change the same tasks. The
// catalog has room for them.
func largestCatalogs(t *testing.T, tn *cloudtest.Tenant) func(int) request {
	store(t, tn, func(db *firestore.Client, set func(*firestore.DocumentRef, any)) {
		set(library.RegisterRef(db), library.Register{Version: "none", Changed: time.Now()})
	})
	token := tn.Token(t, "platform")
	return func(n int) request {
		return request{
			method: http.MethodPut, path: "/v1/catalog/tasks", token: token,
			body: encode(t, map[string]any{"edition": "e1", "tasks": tasks(fmt.Sprint(n, " "), 470)}),
		}
	}
}

func storeQuarantine(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	store(t, tn, func(db *firestore.Client, set func(*firestore.DocumentRef, any)) {
		for n := range 1001 {
			set(db.Collection("quarantine").Doc(fmt.Sprint("assistant-update-", n)), quarantine.Record{
				Function: "assistant-update", Message: fmt.Sprint(n), Code: "malformed", Found: time.Now().Add(-time.Hour),
				References: map[string]string{"tenant": strings.Repeat("t", 1024), "workspace": strings.Repeat("w", 1024), "run": strings.Repeat("r", 1024)},
			})
		}
	})
}

func storeDeadLetters(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	for range 200 {
		if err := tn.Cloud.PubSub.Publish(t.Context(), "object-events-dead", bytes.Repeat([]byte("a"), 10<<10), map[string]string{"a": strings.Repeat("a", 1024)}); err != nil {
			t.Fatal(err)
		}
	}
}

// message returns the request with which Pub/Sub delivers a message.
func message(t *testing.T, topic, id string, data []byte, attributes map[string]string) request {
	t.Helper()
	return request{
		method: http.MethodPost, path: "/", redelivered: true,
		body: encode(t, map[string]any{"message": map[string]any{"messageId": id, "data": data, "attributes": attributes}}),
		header: []string{
			"Ce-Id", id, "Ce-Specversion", "1.0", "Ce-Type", "google.cloud.pubsub.topic.v1.messagePublished",
			"Ce-Source", "//pubsub.googleapis.com/projects/" + suite.ProjectID + "/topics/" + topic,
		},
	}
}

// largestNotifications have every field of an object, at its limit:
// cloud.google.com/storage/quotas#objects.
func largestNotifications(t *testing.T, tn *cloudtest.Tenant) func(int) request {
	name := strings.Repeat("n", 1024)
	return func(n int) request {
		return message(t, "object-events", fmt.Sprint(n), encode(t, map[string]any{
			"bucket": tn.OutputsBucket, "name": name, "generation": "1", "size": "8388608", "crc32c": "AAAAAA==", "contentType": name,
			"contentEncoding": name, "contentDisposition": name, "contentLanguage": name, "cacheControl": name,
			"metadata": map[string]string{"a": strings.Repeat("m", 8<<10)},
		}), map[string]string{"eventType": "OBJECT_FINALIZE", "bucketId": tn.OutputsBucket, "objectId": name})
	}
}

// largestRunEvents are of runs with the largest reports, each of a check of its own.
func largestRunEvents(t *testing.T, tn *cloudtest.Tenant) func(int) request {
	c := tn.Cloud
	err := c.IAM.Unbind(iam.Binding{Member: suite.Account("pubsub-push"), Role: "roles/run.invoker", Resource: "functions/assistant-update"})
	if err != nil {
		t.Fatal(err)
	}
	return func(n int) request {
		id, report := cloudtest.NewRun(t), bytes.ReplaceAll(encode(t, largestReport()), []byte(`"sli":"`), fmt.Appendf(nil, `"sli":"%d-`, n))
		tn.Do(t, "runner", http.MethodPut, tn.RunPath(id), map[string]any{"task": fmt.Sprint("task ", n), "start": time.Now().Add(-time.Hour).UTC()}).Want(t, http.StatusOK)
		tn.Do(t, "runner", http.MethodPost, tn.RunPath(id)+"/report", report).Want(t, http.StatusOK)
		return message(t, "run-events", fmt.Sprint(n), nil, map[string]string{
			"kind": "run.ended", "tenant": string(tn.ID), "workspace": string(tn.Workspace), "run": id, "entry": id,
		})
	}
}
