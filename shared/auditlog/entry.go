// Package auditlog records who did what. Each tenant has one append-only log. An
// entry is written before the action that it records takes effect: either first, or
// in the same transaction. If the entry cannot be written, the action fails.
package auditlog

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/strongroom-dev/strongroom/shared/authn"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Action is what a principal asked to do. The zero Action is not valid.
type Action string

// The actions that the log records.
const (
	MintUpload       Action = "uploads.mint"
	FinalizeUploads  Action = "uploads.final"
	StartRun         Action = "runs.start"
	ReportRun        Action = "runs.report"
	HeartbeatRun     Action = "runs.heartbeat"
	ReadRun          Action = "runs.read"
	ReadIssueLines   Action = "runs.issues.read"
	ListOutputs      Action = "outputs.list"
	ReadOutput       Action = "outputs.read"
	EndReadOutput    Action = "outputs.read.end"
	QuarantineObject Action = "custody.quarantine"
	AdoptObject      Action = "custody.adopt"

	ListIssues       Action = "issues.list"
	ReadIssue        Action = "issues.read"
	InvestigateIssue Action = "issues.investigate"
	IgnoreIssue      Action = "issues.ignore"
	ListSLIs         Action = "slis.list"
	ReadSLI          Action = "slis.read"
	SetSLI           Action = "slis.set"
	ReadGraph        Action = "graph.read"
	AskAssistant     Action = "assistants.ask"
	SetAssistant     Action = "assistants.set"
	SearchCatalog    Action = "catalog.search"
	WriteCatalog     Action = "catalog.write"
	PruneCatalog     Action = "catalog.prune"

	ExplainIssue              Action = "issues.explain"
	PreviewExplainIssue       Action = "issues.explain.preview"
	SummarizeWorkspace        Action = "assistants.summary"
	PreviewSummarizeWorkspace Action = "assistants.summary.preview"
	RankNextTasks             Action = "assistants.rank"
	PreviewRankNextTasks      Action = "assistants.rank.preview"
	EnrichCatalog             Action = "catalog.enrich"
	ReadDataMap               Action = "datamap.read"

	CreateExport         Action = "exports.create"
	StartTenantExport    Action = "exports.create.staff"
	ListExports          Action = "exports.list"
	ReadExport           Action = "exports.read"
	ReadExportFiles      Action = "exports.files"
	CancelExport         Action = "exports.cancel"
	EndExport            Action = "exports.end"
	SetExportSchedule    Action = "exports.schedule.set"
	ReadExportSchedule   Action = "exports.schedule.read"
	DeleteExportSchedule Action = "exports.schedule.delete"

	ReadConfig        Action = "configs.read"
	PushConfig        Action = "configs.push"
	ReviewConfig      Action = "configs.review"
	ReadConfigReviews Action = "configs.reviews.read"
	ReadHeldConfig    Action = "configs.held.read"
	ApproveConfig     Action = "configs.approve"
	RejectConfig      Action = "configs.reject"
	ResetConfig       Action = "configs.reset"

	ListQuarantine    Action = "quarantine.list"
	ReplayQuarantine  Action = "quarantine.replay"
	ReplayDeadLetters Action = "deadletters.replay"

	GiveConsent        Action = "consents.give"
	WithdrawConsent    Action = "consents.withdraw"
	GiveStaffHalf      Action = "consents.staff.give"
	WithdrawStaffHalf  Action = "consents.staff.withdraw"
	ReadConsents       Action = "consents.read"
	ReadTenantConsents Action = "consents.staff.read"
	SendToModel        Action = "models.send"
	EndSendToModel     Action = "models.end"
	ListModelSends     Action = "models.sends.list"
	ReadModelRequest   Action = "models.request.read"
	ListPlatformSends  Action = "platform.models.sends.list"

	ReadTenant Action = "tenant.read"
	TestKey    Action = "tenant.key.test"
	RotateKey  Action = "tenant.key.rotate"
	DisableKey Action = "tenant.key.disable"
	EnableKey  Action = "tenant.key.enable"
	DestroyKey Action = "tenant.key.destroy"

	ListTenants      Action = "tenants.list"
	ReadTenantStatus Action = "tenants.read"
	SuspendTenant    Action = "tenants.suspend"
	ResumeTenant     Action = "tenants.resume"

	RequestOffboarding    Action = "tenant.offboarding.request"
	StopOffboarding       Action = "tenant.offboarding.stop"
	ReadCertificate       Action = "tenant.certificate.read"
	StartOffboarding      Action = "tenants.offboarding.start"
	StaffStopsOffboarding Action = "tenants.offboarding.stop"
	ReadOffboarding       Action = "tenants.offboarding.read"
	OffboardStep          Action = "tenants.offboarding.step"

	ReadStorage   Action = "tenant.storage.read"
	VerifyStorage Action = "tenant.storage.verify"

	ReadHolds   Action = "tenant.holds.read"
	PlaceHold   Action = "tenant.holds.place"
	LiftHold    Action = "tenant.holds.lift"
	ConfirmLift Action = "tenants.holds.lift"

	ReadMembers  Action = "tenant.members.read"
	AddMember    Action = "tenant.members.add"
	RemoveMember Action = "tenant.members.remove"

	ReadTrust       Action = "tenant.trust.read"
	TestTrust       Action = "tenant.trust.test"
	AddTrustRule    Action = "tenant.trust.add"
	RemoveTrustRule Action = "tenant.trust.remove"

	ReadAuditEntries    Action = "audit.entries.read"
	ReadAuditLog        Action = "audit.log.read"
	CosignAuditLog      Action = "audit.log.cosign"
	ReadPlatformEntries Action = "platform.audit.entries.read"
	ReadPlatformLog     Action = "platform.audit.log.read"
)

// Outcome is the result of an action.
type Outcome string

// The outcomes.
const (
	Allowed Outcome = "allowed" // the action follows this entry
	Denied  Outcome = "denied"  // the action does not happen
	Done    Outcome = "done"    // the action has ended, or the platform itself performed it
)

// Actor is who performed the action. For the platform itself, the subject is the
// name of the function, and there is no issuer.
type Actor struct {
	Issuer  string `json:"issuer,omitempty" class:"audit"`
	Subject string `json:"subject" class:"audit"`
	Role    string `json:"role,omitempty" class:"audit"`
}

// Entry is one record of the log. It has IDs, codes and counts, and no free text.
type Entry struct {
	ID        string             `json:"id" class:"audit"`   // UUIDv7; Prepare sets it
	Time      time.Time          `json:"time" class:"audit"` // Prepare sets it
	Tenant    tenant.ID          `json:"tenant" class:"audit"`
	Actor     Actor              `json:"actor" class:"audit"`
	Action    Action             `json:"action" class:"audit"`
	Outcome   Outcome            `json:"outcome" class:"audit"`
	Reason    string             `json:"reason,omitempty" class:"audit"` // code of a denial or a quarantine
	Workspace tenant.WorkspaceID `json:"workspace,omitempty" class:"audit"`
	Resource  string             `json:"resource,omitempty" class:"audit"` // path of what the action affects
	Objects   []string           `json:"objects,omitempty" class:"audit"`  // each "output/part" for uploads.mint; what else an action is about, such as "subject/ann"
	Counts    map[string]int64   `json:"counts,omitempty" class:"audit"`   // such as the bytes sent
	Of        string             `json:"of,omitempty" class:"audit"`       // ID of the entry whose action has ended
	Model     *ModelCall         `json:"model,omitempty"`                  // for models.send and models.end; nil: another action
}

// ModelCall is what the log has about a request to a language model: an entry before it
// is sent, and an entry when it has ended.
type ModelCall struct {
	Feature     string   `json:"feature,omitempty" class:"audit"`
	Destination string   `json:"destination,omitempty" class:"audit"` // single-tenant or shared
	ProjectID   string   `json:"projectId,omitempty" class:"audit"`
	Location    string   `json:"location,omitempty" class:"audit"`
	Name        string   `json:"name,omitempty" class:"audit"`     // the pinned model
	Version     string   `json:"version,omitempty" class:"audit"`  // of the model, as its answer says
	Fields      []string `json:"fields,omitempty" class:"audit"`   // what was sent, each "issue.title text": a name and a data class
	Omitted     []string `json:"omitted,omitempty" class:"audit"`  // names of fields that did not fit
	SHA256      string   `json:"sha256,omitempty" class:"audit"`   // hex: of the exact body of the request, or of the text of the answer
	Consents    []string `json:"consents,omitempty" class:"audit"` // IDs of the tenant's half and the platform's half
	Status      string   `json:"status,omitempty" class:"audit"`   // of models.end
}

// By returns the Actor of a verified principal.
func By(p authn.Principal) Actor {
	return Actor{Issuer: p.Issuer, Subject: p.Subject, Role: string(p.Role)}
}

// Canonical returns the entry as canonical JSON (RFC 8785): the bytes of its
// Merkle leaf.
func (e Entry) Canonical() ([]byte, error) {
	plain, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode audit entry: %w", err)
	}
	value := jsontext.Value(plain)
	if err := value.Canonicalize(); err != nil {
		return nil, fmt.Errorf("canonicalize audit entry: %w", err)
	}
	return value, nil
}
