package access

import "github.com/strongroom-dev/strongroom/shared/auditlog"

// WhileOffboarding lists the actions of a tenant that is being offboarded: those that read,
// that export, that withdraw a consent, that control the key, and that end a membership or remove a rule. All others change what the
// tenant takes along, so they are refused.
var WhileOffboarding = set(
	auditlog.ReadRun, auditlog.ReadIssueLines, auditlog.ListOutputs, auditlog.ReadOutput,
	auditlog.ListIssues, auditlog.ReadIssue, auditlog.ListSLIs, auditlog.ReadSLI, auditlog.ReadGraph,
	auditlog.AskAssistant, auditlog.SearchCatalog, auditlog.ReadDataMap,
	auditlog.PreviewExplainIssue, auditlog.PreviewSummarizeWorkspace, auditlog.PreviewRankNextTasks,

	auditlog.CreateExport, auditlog.ListExports, auditlog.ReadExport, auditlog.ReadExportFiles, auditlog.CancelExport, auditlog.ReadExportSchedule,
	auditlog.WithdrawConsent, auditlog.ReadConsents, auditlog.ListModelSends, auditlog.ReadModelRequest,
	auditlog.ReadConfig, auditlog.ReadConfigReviews, auditlog.ReadHeldConfig,

	auditlog.ReadTenant, auditlog.TestKey, auditlog.DisableKey, auditlog.EnableKey, auditlog.DestroyKey,
	auditlog.ReadStorage, auditlog.ReadHolds, auditlog.PlaceHold, auditlog.LiftHold,
	auditlog.ReadMembers, auditlog.RemoveMember, auditlog.ReadTrust, auditlog.TestTrust, auditlog.RemoveTrustRule,
	auditlog.RequestOffboarding, auditlog.StopOffboarding, auditlog.ReadCertificate,

	auditlog.ReadAuditEntries, auditlog.ReadAuditLog, auditlog.CosignAuditLog,
)

func set(actions ...auditlog.Action) map[auditlog.Action]bool {
	all := make(map[auditlog.Action]bool, len(actions))
	for _, action := range actions {
		all[action] = true
	}
	return all
}
