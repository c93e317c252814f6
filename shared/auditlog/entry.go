// Package auditlog is the record of who did what: one append-only log a
// tenant, written before the act it records.
package auditlog

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/strongroom-dev/strongroom/shared/authn"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Action is what was asked for. The zero Action is none.
type Action string

// The actions on record.
const (
	MintUpload       Action = "uploads.mint"
	StartRun         Action = "runs.start"
	ReportRun        Action = "runs.report"
	ReadRun          Action = "runs.read"
	ReadIssueLines   Action = "runs.issues.read"
	ListOutputs      Action = "outputs.list"
	ReadOutput       Action = "outputs.read"
	EndReadOutput    Action = "outputs.read.end"
	QuarantineObject Action = "custody.quarantine"

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

	ListQuarantine    Action = "quarantine.list"
	ReplayQuarantine  Action = "quarantine.replay"
	ReplayDeadLetters Action = "deadletters.replay"
)

// Outcome is what became of it.
type Outcome string

// The outcomes: it was allowed and follows this entry, it was denied, it was
// done (for ends, and for what the platform does by itself).
const (
	Allowed Outcome = "allowed"
	Denied  Outcome = "denied"
	Done    Outcome = "done"
)

// Actor is who asked. The platform itself has the subject of its function and
// no issuer.
type Actor struct {
	Issuer  string `json:"issuer,omitempty" class:"audit"`
	Subject string `json:"subject" class:"audit"`
	Role    string `json:"role,omitempty" class:"audit"`
}

// Entry is one line of the log: ids, codes and counts, no free text.
type Entry struct {
	ID        string             `json:"id" class:"audit"`   // UUIDv7; set by Append
	Time      time.Time          `json:"time" class:"audit"` // set by Append
	Tenant    tenant.ID          `json:"tenant" class:"audit"`
	Actor     Actor              `json:"actor" class:"audit"`
	Action    Action             `json:"action" class:"audit"`
	Outcome   Outcome            `json:"outcome" class:"audit"`
	Reason    string             `json:"reason,omitempty" class:"audit"` // code of a denial
	Workspace tenant.WorkspaceID `json:"workspace,omitempty" class:"audit"`
	Resource  string             `json:"resource,omitempty" class:"audit"` // path of what was acted on
	Objects   []string           `json:"objects,omitempty" class:"audit"`  // each "output/part", of a mint
	Counts    map[string]int64   `json:"counts,omitempty" class:"audit"`   // bytes sent, and the like
	Of        string             `json:"of,omitempty" class:"audit"`       // id of the entry that this one ends
}

// By makes an Actor of a verified principal.
func By(p authn.Principal) Actor {
	return Actor{Issuer: p.Issuer, Subject: p.Subject, Role: string(p.Role)}
}

// Canonical is the entry as RFC 8785 writes it: the bytes of its Merkle leaf.
func (e Entry) Canonical() ([]byte, error) {
	plain, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode audit entry: %w", err)
	}
	value := jsontext.Value(plain)
	if err := value.Canonicalize(); err != nil {
		return nil, fmt.Errorf("canonicalise audit entry: %w", err)
	}
	return value, nil
}
