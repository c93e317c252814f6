package suite_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/exportjob"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// operation is one row of the matrix: who may call an operation, and how to call it.
// The test fails if an operation has no row or a row has no operation.
type operation struct {
	roles  []tenant.Role
	action auditlog.Action
	ask    ask

	lists   bool // in a workspace without data, it succeeds instead of returning 404
	shared  bool // its path has no workspace, so the workspace of the matrix does not matter
	owned   bool // its path has a tenant, which must be the caller's; it has no workspace
	creates bool // it writes into every workspace that exists
	viewed  bool // it names a view of the caller, which opens only its own workspace; it returns 400 instead of 404

	// recordedFirst is true if the operation must be in the audit log before it takes
	// effect. The other operations write and return only IDs, codes, numbers and times.
	recordedFirst bool
	ends          bool // what it records is the end of a read

	stops bool // it changes the state of the tenant, so other operations are refused after it

	// receipt is the action of the entry that a response names, if it is not action and
	// nothing else must be recorded first.
	receipt auditlog.Action
}

var (
	readers       = []tenant.Role{tenant.Viewer, tenant.Auditor, tenant.Admin}
	runners       = []tenant.Role{tenant.Runner}
	builders      = []tenant.Role{tenant.Builder}
	actors        = []tenant.Role{tenant.Viewer, tenant.Admin}
	admins        = []tenant.Role{tenant.Admin}
	auditors      = []tenant.Role{tenant.Auditor, tenant.Admin}
	staff         = []tenant.Role{tenant.Platform}
	configReaders = append([]tenant.Role{tenant.Builder}, readers...)
	anybody       = append([]tenant.Role{tenant.Platform}, readers...)
)

// operations has every route of every function. The laws 4 and 6 try each of them.
var operations = map[string]operation{
	"POST /v1/workspaces/{workspace}/runs/{run}/uploads":                      {roles: runners, action: auditlog.MintUpload, ask: inNewRun("/uploads", oneUpload()), recordedFirst: true},
	"PUT /v1/workspaces/{workspace}/runs/{run}":                               {roles: runners, action: auditlog.StartRun, ask: inNewRun("", aStart), recordedFirst: true},
	"POST /v1/workspaces/{workspace}/runs/{run}/report":                       {roles: runners, action: auditlog.ReportRun, ask: inNewRun("/report", aReport), recordedFirst: true},
	"POST /v1/workspaces/{workspace}/runs/{run}/heartbeat":                    {roles: runners, action: auditlog.HeartbeatRun, ask: inNewRun("/heartbeat", nil)},
	"GET /v1/workspaces/{workspace}/runs/{run}":                               {roles: readers, action: auditlog.ReadRun, ask: inRun("")},
	"GET /v1/workspaces/{workspace}/runs/{run}/outputs":                       {roles: readers, action: auditlog.ListOutputs, ask: inRun("/outputs")},
	"GET /v1/workspaces/{workspace}/runs/{run}/outputs/{output}":              {roles: readers, action: auditlog.ReadOutput, ask: inRun("/outputs/kept.log"), recordedFirst: true},
	"POST /v1/workspaces/{workspace}/runs/{run}/outputs/{output}/views":       {roles: readers, action: auditlog.ReadOutput, ask: atOutput("/views"), recordedFirst: true},
	"POST /v1/workspaces/{workspace}/runs/{run}/outputs/{output}/views/close": {roles: readers, action: auditlog.ReadOutput, ask: underView("/views/close", everything), viewed: true, recordedFirst: true, ends: true},
	"POST /v1/workspaces/{workspace}/runs/{run}/outputs/{output}/search":      {roles: readers, action: auditlog.ReadOutput, ask: underView("/search", map[string]any{"text": "of the tenant"}), viewed: true},
	"POST /v1/workspaces/{workspace}/runs/search":                             {roles: readers, action: auditlog.ReadRun, ask: at("/runs/search", everything), lists: true},
	"GET /v1/workspaces/{workspace}/runs/{run}/issues":                        {roles: readers, action: auditlog.ReadIssueLines, ask: inRun("/issues"), recordedFirst: true},
	"GET /v1/workspaces/{workspace}/slis/{sli}/samples":                       {roles: readers, action: auditlog.ReadSLI, ask: at("/slis/latency/samples", nil), lists: true},
	"POST /v1/workspaces/{workspace}/issues/search":                           {roles: readers, action: auditlog.ListIssues, ask: at("/issues/search", everything), lists: true, recordedFirst: true},
	"GET /v1/workspaces/{workspace}/issues/{issue}":                           {roles: readers, action: auditlog.ReadIssue, ask: atIssue("", nil), recordedFirst: true},
	"POST /v1/workspaces/{workspace}/issues/{issue}/investigate":              {roles: actors, action: auditlog.InvestigateIssue, ask: atIssue("/investigate", nil), recordedFirst: true},
	"POST /v1/workspaces/{workspace}/issues/{issue}/ignore":                   {roles: actors, action: auditlog.IgnoreIssue, ask: atIssue("/ignore", map[string]any{"until": time.Now().Add(time.Hour), "reason": "waits for the new disk"}), recordedFirst: true},
	"POST /v1/workspaces/{workspace}/slis/search":                             {roles: readers, action: auditlog.ListSLIs, ask: at("/slis/search", everything), lists: true},
	"GET /v1/workspaces/{workspace}/slis/{sli}":                               {roles: readers, action: auditlog.ReadSLI, ask: atSet("/slis/latency", anObjective)},
	"PUT /v1/workspaces/{workspace}/slis/{sli}":                               {roles: admins, action: auditlog.SetSLI, ask: at("/slis/throughput", anObjective), lists: true, creates: true, recordedFirst: true},
	"POST /v1/workspaces/{workspace}/graph/search":                            {roles: readers, action: auditlog.ReadGraph, ask: at("/graph/search", everything), lists: true},
	"GET /v1/workspaces/{workspace}/assistants/{assistant}":                   {roles: readers, action: auditlog.AskAssistant, ask: atSet("/assistants/edgar", anAssistant), recordedFirst: true},
	"PUT /v1/workspaces/{workspace}/assistants/{assistant}":                   {roles: admins, action: auditlog.SetAssistant, ask: at("/assistants/eager", anAssistant), lists: true, creates: true, recordedFirst: true},
	"POST /v1/catalog/tasks/search":                                           {roles: anybody, action: auditlog.SearchCatalog, ask: atFixedPath("/v1/catalog/tasks/search", map[string]any{"query": "dns"}), lists: true, shared: true},
	"PUT /v1/catalog/tasks":                                                   {roles: staff, action: auditlog.WriteCatalog, ask: newTask, lists: true, shared: true, recordedFirst: true},
	"GET /v1/audit/entries":                                                   {roles: auditors, action: auditlog.ReadAuditEntries, ask: atFixedPath("/v1/audit/entries", nil), lists: true, shared: true, recordedFirst: true},
	"GET /v1/audit/entries/{entry}":                                           {roles: auditors, action: auditlog.ReadAuditEntries, ask: atEntry("/v1/audit/entries/", ""), shared: true, recordedFirst: true},
	"GET /v1/audit/entries/{entry}/proof":                                     {roles: auditors, action: auditlog.ReadAuditEntries, ask: atEntry("/v1/audit/entries/", "/proof"), shared: true, recordedFirst: true},
	"GET /v1/workspaces/{workspace}/audit/entries":                            {roles: auditors, action: auditlog.ReadAuditEntries, ask: at("/audit/entries", nil), lists: true, recordedFirst: true},
	"GET /v1/tenants/{tenant}/audit/log/checkpoint":                           {roles: auditors, action: auditlog.ReadAuditLog, ask: inLog("checkpoint"), owned: true},
	"GET /v1/tenants/{tenant}/audit/log/cosigned-checkpoint":                  {roles: auditors, action: auditlog.ReadAuditLog, ask: inLog("cosigned-checkpoint"), owned: true},
	"POST /v1/tenants/{tenant}/audit/log/cosignatures":                        {roles: auditors, action: auditlog.CosignAuditLog, ask: cosignature, owned: true, recordedFirst: true},
	"GET /v1/tenants/{tenant}/audit/log/keys":                                 {roles: auditors, action: auditlog.ReadAuditLog, ask: inLog("keys"), owned: true},
	"GET /v1/tenants/{tenant}/audit/log/policy":                               {roles: auditors, action: auditlog.ReadAuditLog, ask: inLog("policy"), owned: true},
	"GET /v1/tenants/{tenant}/audit/log/tile/{tile...}":                       {roles: auditors, action: auditlog.ReadAuditLog, ask: inLog("tile/entries/000.p/1"), owned: true, recordedFirst: true},
	"GET /v1/platform/audit/entries":                                          {roles: staff, action: auditlog.ReadPlatformEntries, ask: atFixedPath("/v1/platform/audit/entries", nil), lists: true, shared: true, recordedFirst: true},
	"GET /v1/platform/audit/entries/{entry}":                                  {roles: staff, action: auditlog.ReadPlatformEntries, ask: atEntry("/v1/platform/audit/entries/", ""), shared: true, recordedFirst: true},
	"GET /v1/platform/audit/entries/{entry}/proof":                            {roles: staff, action: auditlog.ReadPlatformEntries, ask: atEntry("/v1/platform/audit/entries/", "/proof"), shared: true, recordedFirst: true},
	"GET /v1/platform/audit/log/checkpoint":                                   {roles: staff, action: auditlog.ReadPlatformLog, ask: inPlatformLog("checkpoint"), shared: true},
	"GET /v1/platform/audit/log/keys":                                         {roles: staff, action: auditlog.ReadPlatformLog, ask: inPlatformLog("keys"), shared: true},
	"GET /v1/platform/audit/log/policy":                                       {roles: staff, action: auditlog.ReadPlatformLog, ask: inPlatformLog("policy"), shared: true},
	"GET /v1/platform/audit/log/tile/{tile...}":                               {roles: staff, action: auditlog.ReadPlatformLog, ask: inPlatformLog("tile/entries/000.p/1"), shared: true, recordedFirst: true},
	"GET /v1/quarantine":                                                      {roles: staff, action: auditlog.ListQuarantine, ask: atFixedPath("/v1/quarantine", nil), lists: true, shared: true},

	"GET /v1/workspaces/{workspace}/config.git/info/refs":             {roles: configReaders, action: auditlog.ReadConfig, ask: at("/config.git/info/refs?service=git-upload-pack", nil), lists: true},
	"POST /v1/workspaces/{workspace}/config.git/git-upload-pack":      {roles: configReaders, action: auditlog.ReadConfig, ask: fetchOfConfig, recordedFirst: true},
	"POST /v1/workspaces/{workspace}/config.git/git-receive-pack":     {roles: builders, action: auditlog.PushConfig, ask: pushOfConfig, creates: true, recordedFirst: true},
	"GET /v1/workspaces/{workspace}/config":                           {roles: configReaders, action: auditlog.ReadConfig, ask: atConfig, recordedFirst: true},
	"GET /v1/workspaces/{workspace}/config/reviews":                   {roles: readers, action: auditlog.ReadConfigReviews, ask: at("/config/reviews", nil), lists: true},
	"PUT /v1/workspaces/{workspace}/config/reviews/{review}":          {roles: []tenant.Role{tenant.Builder, tenant.Admin}, action: auditlog.ReviewConfig, ask: newReview, lists: true, creates: true, recordedFirst: true},
	"GET /v1/workspaces/{workspace}/config/reviews/{review}":          {roles: readers, action: auditlog.ReadConfigReviews, ask: atReview, recordedFirst: true},
	"GET /v1/workspaces/{workspace}/config/reviews/{review}/files":    {roles: admins, action: auditlog.ReadHeldConfig, ask: atHeld("/files", nil), recordedFirst: true},
	"POST /v1/workspaces/{workspace}/config/reviews/{review}/approve": {roles: admins, action: auditlog.ApproveConfig, ask: atHeld("/approve", nil), recordedFirst: true},
	"POST /v1/workspaces/{workspace}/config/reviews/{review}/reject":  {roles: admins, action: auditlog.RejectConfig, ask: atHeld("/reject", nil), recordedFirst: true},
	"GET /v1/workspaces/{workspace}/config/files/{file}":              {roles: configReaders, action: auditlog.ReadConfig, ask: atConfigFile, recordedFirst: true},
	"GET /v1/workspaces/{workspace}/config/log":                       {roles: configReaders, action: auditlog.ReadConfig, ask: atConfigLog, recordedFirst: true},
	"POST /v1/workspaces/{workspace}/config/reset":                    {roles: admins, action: auditlog.ResetConfig, ask: resetOfConfig, recordedFirst: true},

	"PUT /v1/exports/{export}":                  {roles: auditors, action: auditlog.CreateExport, ask: newExport("/v1/exports/"), lists: true, shared: true, recordedFirst: true},
	"GET /v1/exports":                           {roles: auditors, action: auditlog.ListExports, ask: atFixedPath("/v1/exports", nil), lists: true, shared: true},
	"GET /v1/exports/{export}":                  {roles: auditors, action: auditlog.ReadExport, ask: atExport(export.Done, ""), lists: true, shared: true},
	"POST /v1/exports/{export}/cancel":          {roles: auditors, action: auditlog.CancelExport, ask: atExport(export.Queued, "/cancel"), lists: true, shared: true, recordedFirst: true},
	"GET /v1/exports/{export}/files":            {roles: auditors, action: auditlog.ReadExportFiles, ask: atExport(export.Done, "/files"), lists: true, shared: true, recordedFirst: true},
	"PUT /v1/tenants/{tenant}/exports/{export}": {roles: staff, action: auditlog.StartTenantExport, ask: newExportOfTenant, lists: true, shared: true, recordedFirst: true},
	"GET /v1/export-schedules":                  {roles: auditors, action: auditlog.ReadExportSchedule, ask: atFixedPath("/v1/export-schedules", nil), lists: true, shared: true},
	"PUT /v1/export-schedules/{schedule}":       {roles: auditors, action: auditlog.SetExportSchedule, ask: newSchedule, lists: true, shared: true, recordedFirst: true},
	"GET /v1/export-schedules/{schedule}":       {roles: auditors, action: auditlog.ReadExportSchedule, ask: atSchedule("shown"), lists: true, shared: true},
	"DELETE /v1/export-schedules/{schedule}":    {roles: auditors, action: auditlog.DeleteExportSchedule, ask: atSchedule("deleted"), lists: true, shared: true, recordedFirst: true},

	"GET /v1/consents":                                                      {roles: auditors, action: auditlog.ReadConsents, ask: atFixedPath("/v1/consents", nil), lists: true, shared: true},
	"GET /v1/consents/{feature}/{destination}":                              {roles: auditors, action: auditlog.ReadConsents, ask: atFixedPath("/v1/consents/explain-issue/shared", nil), lists: true, shared: true},
	"PUT /v1/consents/{feature}/{destination}":                              {roles: admins, action: auditlog.GiveConsent, ask: newHalf("/v1/consents/explain-issue/shared"), lists: true, shared: true, recordedFirst: true},
	"DELETE /v1/consents/{feature}/{destination}":                           {roles: admins, action: auditlog.WithdrawConsent, ask: givenHalf("admin"), lists: true, shared: true, recordedFirst: true},
	"GET /v1/consent-texts/{text}":                                          {roles: auditors, action: auditlog.ReadConsents, ask: agreedText, lists: true, shared: true},
	"GET /v1/tenants/{tenant}/consents":                                     {roles: staff, action: auditlog.ReadTenantConsents, ask: ofTenant("/consents", nil), lists: true, shared: true},
	"GET /v1/tenants/{tenant}/consents/{feature}/{destination}":             {roles: staff, action: auditlog.ReadTenantConsents, ask: ofTenant("/consents/explain-issue/shared", nil), lists: true, shared: true},
	"PUT /v1/tenants/{tenant}/consents/{feature}/{destination}":             {roles: staff, action: auditlog.GiveStaffHalf, ask: newHalf("/v1/tenants/TENANT/consents/explain-issue/shared"), lists: true, shared: true, recordedFirst: true},
	"DELETE /v1/tenants/{tenant}/consents/{feature}/{destination}":          {roles: staff, action: auditlog.WithdrawStaffHalf, ask: givenHalf("platform"), lists: true, shared: true, recordedFirst: true},
	"GET /v1/model-sends":                                                   {roles: auditors, action: auditlog.ListModelSends, ask: atFixedPath("/v1/model-sends", nil), lists: true, shared: true},
	"GET /v1/model-sends/{send}/request":                                    {roles: auditors, action: auditlog.ReadModelRequest, ask: storedModelRequest, lists: true, shared: true, recordedFirst: true},
	"GET /v1/platform/model-sends":                                          {roles: staff, action: auditlog.ListPlatformSends, ask: atFixedPath("/v1/platform/model-sends", nil), lists: true, shared: true},
	"POST /v1/workspaces/{workspace}/issues/{issue}/explain":                {roles: actors, action: auditlog.ExplainIssue, ask: withConsent(consent.ExplainIssue, atIssue("/explain", everything)), recordedFirst: true},
	"GET /v1/workspaces/{workspace}/issues/{issue}/explain/preview":         {roles: readers, action: auditlog.PreviewExplainIssue, ask: atIssue("/explain/preview", nil), recordedFirst: true},
	"POST /v1/workspaces/{workspace}/assistants/{assistant}/summary":        {roles: actors, action: auditlog.SummarizeWorkspace, ask: withConsent(consent.SummariseWorkspace, ofEdgar("/summary", everything)), recordedFirst: true},
	"GET /v1/workspaces/{workspace}/assistants/{assistant}/summary/preview": {roles: readers, action: auditlog.PreviewSummarizeWorkspace, ask: ofEdgar("/summary/preview", nil), recordedFirst: true},
	"POST /v1/workspaces/{workspace}/assistants/{assistant}/rank":           {roles: actors, action: auditlog.RankNextTasks, ask: ofEdgar("/rank", everything), recordedFirst: true},
	"GET /v1/workspaces/{workspace}/assistants/{assistant}/rank/preview":    {roles: readers, action: auditlog.PreviewRankNextTasks, ask: ofEdgar("/rank/preview", nil), recordedFirst: true},
	"GET /v1/tenant":              {roles: auditors, action: auditlog.ReadTenant, ask: atFixedPath("/v1/tenant", nil), lists: true, shared: true},
	"GET /v1/tenant/usage":        {roles: auditors, action: auditlog.ReadTenant, ask: atFixedPath("/v1/tenant/usage", nil), lists: true, shared: true},
	"GET /v1/tenant/retention":    {roles: auditors, action: auditlog.ReadTenant, ask: atFixedPath("/v1/tenant/retention", nil), lists: true, shared: true},
	"POST /v1/tenant/key/test":    {roles: admins, action: auditlog.TestKey, ask: atFixedPath("/v1/tenant/key/test", nil), lists: true, shared: true, recordedFirst: true},
	"POST /v1/tenant/key/rotate":  {roles: admins, action: auditlog.RotateKey, ask: rotation, lists: true, shared: true, recordedFirst: true},
	"POST /v1/tenant/key/disable": {roles: admins, action: auditlog.DisableKey, ask: keyState("enable", "disable"), lists: true, shared: true, recordedFirst: true},
	"POST /v1/tenant/key/enable":  {roles: admins, action: auditlog.EnableKey, ask: keyState("disable", "enable"), lists: true, shared: true, recordedFirst: true},
	"POST /v1/tenant/key/destroy": {roles: admins, action: auditlog.DestroyKey, ask: destruction, lists: true, shared: true, recordedFirst: true},

	"GET /v1/tenants":                   {roles: staff, action: auditlog.ListTenants, ask: atFixedPath("/v1/tenants", nil), lists: true, shared: true},
	"GET /v1/tenants/{tenant}":          {roles: staff, action: auditlog.ReadTenantStatus, ask: ofTenant("", nil), lists: true, shared: true},
	"POST /v1/tenants/{tenant}/suspend": {roles: staff, action: auditlog.SuspendTenant, ask: stateOfTenant("resume", "suspend"), stops: true, lists: true, shared: true, recordedFirst: true},
	"POST /v1/tenants/{tenant}/resume":  {roles: staff, action: auditlog.ResumeTenant, ask: stateOfTenant("suspend", "resume"), stops: true, lists: true, shared: true, recordedFirst: true},
	"PUT /v1/tenants/{tenant}/quotas":   {roles: staff, action: auditlog.LimitTenant, ask: lowerQuota, lists: true, shared: true, recordedFirst: true},

	"GET /v1/tenant/storage":         {roles: auditors, action: auditlog.ReadStorage, ask: verifiedStorage, lists: true, shared: true},
	"POST /v1/tenant/storage/verify": {roles: admins, action: auditlog.VerifyStorage, ask: unverifiedStorage, lists: true, shared: true, recordedFirst: true},

	"GET /v1/tenant/holds":                        {roles: auditors, action: auditlog.ReadHolds, ask: atFixedPath("/v1/tenant/holds", nil), lists: true, shared: true},
	"PUT /v1/tenant/holds/{hold}":                 {roles: admins, action: auditlog.PlaceHold, ask: newLegalHold, lists: true, shared: true, recordedFirst: true},
	"POST /v1/tenant/holds/{hold}/lift":           {roles: admins, action: auditlog.LiftHold, ask: placedHold, lists: true, shared: true, recordedFirst: true},
	"POST /v1/tenants/{tenant}/holds/{hold}/lift": {roles: staff, action: auditlog.ConfirmLift, ask: liftingOfHold, lists: true, shared: true, recordedFirst: true},

	"GET /v1/tenant/workspaces":                                 {roles: auditors, action: auditlog.ReadMembers, ask: atFixedPath("/v1/tenant/workspaces", nil), lists: true, shared: true},
	"GET /v1/tenant/workspaces/{workspace}/members":             {roles: auditors, action: auditlog.ReadMembers, ask: atMembers(""), lists: true, creates: true},
	"POST /v1/tenant/workspaces/{workspace}/members":            {roles: admins, action: auditlog.AddMember, ask: newMember, lists: true, creates: true, recordedFirst: true},
	"GET /v1/tenant/workspaces/{workspace}/members/{member}":    {roles: auditors, action: auditlog.ReadMembers, ask: addedMember},
	"DELETE /v1/tenant/workspaces/{workspace}/members/{member}": {roles: admins, action: auditlog.RemoveMember, ask: addedMember, recordedFirst: true},

	"GET /v1/tenant/trust":                 {roles: auditors, action: auditlog.ReadTrust, ask: atFixedPath("/v1/tenant/trust", nil), lists: true, shared: true},
	"POST /v1/tenant/trust/test":           {roles: admins, action: auditlog.TestTrust, ask: atFixedPath("/v1/tenant/trust/test", map[string]any{"token": "no token"}), lists: true, shared: true, recordedFirst: true},
	"POST /v1/tenant/trust/rules":          {roles: admins, action: auditlog.AddTrustRule, ask: newTrustRule, lists: true, shared: true, recordedFirst: true},
	"DELETE /v1/tenant/trust/rules/{rule}": {roles: admins, action: auditlog.RemoveTrustRule, ask: addedTrustRule, lists: true, shared: true, recordedFirst: true},

	"POST /v1/tenant/offboarding":                {roles: admins, action: auditlog.RequestOffboarding, ask: requestToLeave, lists: true, shared: true, recordedFirst: true},
	"POST /v1/tenant/offboarding/stop":           {roles: admins, action: auditlog.StopOffboarding, ask: leavingTenant("/v1/tenant/offboarding/stop", false), stops: true, lists: true, shared: true, recordedFirst: true},
	"GET /v1/tenant/certificate":                 {roles: auditors, action: auditlog.ReadCertificate, ask: certified("/v1/tenant/certificate"), lists: true, shared: true},
	"POST /v1/tenants/{tenant}/offboarding":      {roles: staff, action: auditlog.StartOffboarding, ask: leavingTenant("/offboarding", true), stops: true, lists: true, shared: true, recordedFirst: true},
	"GET /v1/tenants/{tenant}/offboarding":       {roles: staff, action: auditlog.ReadOffboarding, ask: leavingTenant("/offboarding", false), lists: true, shared: true},
	"POST /v1/tenants/{tenant}/offboarding/stop": {roles: staff, action: auditlog.StaffStopsOffboarding, ask: leavingTenant("/offboarding/stop", false), stops: true, lists: true, shared: true, recordedFirst: true},
	"GET /v1/tenants/{tenant}/certificate":       {roles: staff, action: auditlog.ReadOffboarding, ask: certified(""), lists: true, shared: true},

	"GET /v1/data-map": {roles: anybody, action: auditlog.ReadDataMap, ask: atFixedPath("/v1/data-map", nil), lists: true, shared: true},

	// In this matrix, the embedded model's answer is no enrichment, so nothing is stored.
	"POST /v1/catalog/enrich": {roles: staff, action: auditlog.EnrichCatalog, ask: enrichmentOfNewTask, lists: true, shared: true, receipt: auditlog.SendToModel},

	// In this matrix, the next three operations find nothing to act on, so they record
	// nothing. The tests of their functions cover them with a failing audit log.
	"POST /v1/catalog/prune":       {roles: staff, action: auditlog.PruneCatalog, ask: pruneOfUploadedEdition, lists: true, shared: true},
	"POST /v1/quarantine/replay":   {roles: staff, action: auditlog.ReplayQuarantine, ask: atFixedPath("/v1/quarantine/replay", map[string]any{"function": "assistant-update", "before": longAgo}), lists: true, shared: true},
	"POST /v1/dead-letters/replay": {roles: staff, action: auditlog.ReplayDeadLetters, ask: atFixedPath("/v1/dead-letters/replay", map[string]any{"topic": "run-events", "before": longAgo}), lists: true, shared: true},
}

var (
	everything  = map[string]any{} // a search without filters
	aStart      = map[string]any{"task": "dns-check", "start": time.Now().UTC()}
	aReport     = map[string]any{"end": time.Now().UTC(), "outcome": "success", "exitCode": 0}
	anObjective = map[string]any{"objective": map[string]any{"max": 100, "target": 0.99}}
	anAssistant = map[string]any{"name": "Edgar"}
	anExport    = map[string]any{"kinds": []string{"metadata"}}
	aSchedule   = map[string]any{"kinds": []string{"metadata"}, "every": "daily"}
	longAgo     = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // so that messages of other tests are not replayed
	aCatalog    = map[string]any{"tasks": []map[string]any{{"name": "Check DNS", "suite": "dns", "source": "https://example.com/dns.robot"}}, "edition": "e1"}
)

// inRun calls a path of the run of a place.
func inRun(path string) ask {
	return func(_ *testing.T, _ *matrixFixture, p place) (string, any) {
		return runPath(p.workspace, p.run) + path, nil
	}
}

// inNewRun calls a path of a run that does not exist yet.
func inNewRun(path string, body any) ask {
	return func(t *testing.T, _ *matrixFixture, p place) (string, any) {
		return runPath(p.workspace, cloudtest.NewRun(t)) + path, body
	}
}

// newTask uploads a task that the catalog does not have, so that there is something
// to record.
func newTask(*testing.T, *matrixFixture, place) (string, any) {
	task := map[string]any{"name": "Check " + uuid.NewString(), "suite": "dns", "source": "https://example.com/dns.robot"}
	return "/v1/catalog/tasks", map[string]any{"tasks": []map[string]any{task}, "edition": "e1"}
}

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

// ofEdgar returns a request about an assistant that exists, except in the other workspace.
func ofEdgar(path string, body any) ask {
	return func(t *testing.T, f *matrixFixture, p place) (string, any) {
		edgar, _ := atSet("/assistants/edgar", anAssistant)(t, f, p)
		if p.name != "other" {
			f.seedIssue(t, p, issue.ID(issue.NewCheckID("issue", "of the matrix")))
		}
		return edgar + path, body
	}
}

// withConsent makes both halves of a consent before a request.
func withConsent(feature consent.Feature, ask ask) ask {
	return func(t *testing.T, f *matrixFixture, p place) (string, any) {
		f.owner(p).Consent(t, feature, consent.Shared)
		return ask(t, f, p)
	}
}

// enrichmentOfNewTask asks the model about a task that it uploads.
func enrichmentOfNewTask(t *testing.T, f *matrixFixture, p place) (string, any) {
	path, task := newTask(t, f, p)
	var out struct{ IDs []string }
	f.owner(p).Do(t, "platform", http.MethodPut, path, task).Want(t, http.StatusOK).JSON(t, &out)
	return "/v1/catalog/enrich", map[string]any{"tasks": []map[string]any{{"id": out.IDs[0]}}}
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

// newExport returns a request for a new export.
func newExport(prefix string) ask {
	return func(t *testing.T, f *matrixFixture, _ place) (string, any) {
		id := cloudtest.NewRun(t)
		f.endAfterTest(t, id)
		return prefix + id, anExport
	}
}

// endAfterTest ends an export at the end of the test: its parts would otherwise wait
// for the next minute, and the tenant may have a few active exports only.
func (f *matrixFixture) endAfterTest(t *testing.T, id string) {
	ref := exportjob.Home{DB: operatorDB(t, f.cloud), Tenant: f.tenant.ID}.Exports().Doc(id)
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		doc, _ := ref.Get(ctx) // it does not exist if it was denied
		if !doc.Exists() {
			return
		}
		if _, err := ref.Update(ctx, []firestore.Update{{Path: "state", Value: "canceled"}, {Path: "active", Value: false}}); err != nil {
			t.Error(err)
		}
	})
}

func newExportOfTenant(t *testing.T, f *matrixFixture, p place) (string, any) {
	t.Helper()
	return newExport("/v1/tenants/"+string(f.tenant.ID)+"/exports/")(t, f, p)
}

// atExport returns a request for an export in a state.
func atExport(state export.State, path string) ask {
	return func(t *testing.T, f *matrixFixture, _ place) (string, any) {
		home := exportjob.Home{DB: operatorDB(t, f.cloud), Tenant: f.tenant.ID}
		e := export.New(export.ID(cloudtest.NewRun(t)), export.Request{Kinds: []export.Kind{export.Metadata}}, f.tenant.ExportsBucket, f.cloud.Clock.Now())
		e.State, e.Active = state, state.Active()
		f.endAfterTest(t, string(e.ID))
		if _, err := home.Exports().Doc(string(e.ID)).Set(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		return "/v1/exports/" + string(e.ID) + path, nil
	}
}

// newSchedule returns a request for a schedule that does not exist.
func newSchedule(t *testing.T, f *matrixFixture, _ place) (string, any) {
	t.Helper()
	home := exportjob.Home{DB: operatorDB(t, f.cloud), Tenant: f.tenant.ID}
	if _, err := home.Schedules().Doc("set").Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	return "/v1/export-schedules/set", aSchedule
}

// atSchedule returns a request for a schedule that exists.
func atSchedule(name string) ask {
	return func(t *testing.T, f *matrixFixture, _ place) (string, any) {
		path := "/v1/export-schedules/" + name
		f.tenant.Do(t, "admin", http.MethodPut, path, aSchedule).Want(t, http.StatusOK)
		return path, nil
	}
}
