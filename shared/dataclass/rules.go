package dataclass

import "slices"

// Rule says what may be done with the data of one class. The zero Rule permits
// nothing.
type Rule struct {
	What    string   // what the class is, for people
	Plain   []Place  // may have the data as it is
	Sealed  []Place  // may have it only encrypted with AES-256-GCM or wrapped by KMS
	Keys    []Key    // that encrypt it where it is stored
	Readers []string // roles that an API may show it to
	Model   Model
	Kept    string // for how long
}

var (
	members   = []string{"viewer", "auditor", "admin"}
	everybody = []string{"runner", "builder", "viewer", "auditor", "admin", "platform"}
	bothAgree = Model{Allowed: true, Consents: []Consent{TenantAdmin, PlatformTeam}}
	api       = []Place{Parameter, Request, Response}
	untilGone = "until the tenant is offboarded"
)

// Rules is the one table of what may be done with each class.
var Rules = map[Class]Rule{
	Public: {
		What:    "what its author has published for everybody: the catalog of tasks, source code",
		Plain:   append([]Place{PlatformDocument, CodeBucket, ModelPayload}, api...),
		Keys:    []Key{DatabaseKey},
		Readers: []string{"viewer", "auditor", "admin", "platform"},
		Model:   Model{Allowed: true},
		Kept:    "until a newer edition of its source no longer has it",
	},
	Configuration: {
		What:    "what a tenant sets: objectives, assistants, trust, limits, and the configurations of workspaces",
		Plain:   append([]Place{TenantDocument, PlatformDocument, ExportsBucket, ConfigsBucket}, api...),
		Keys:    []Key{DatabaseKey, TenantKey},
		Readers: append([]string{"builder"}, members...),
		Kept:    "until it is replaced, or until the tenant is offboarded",
	},
	Output: {
		What:    "the bytes that a task wrote",
		Plain:   []Place{OutputsBucket, ExportsBucket, Response},
		Keys:    []Key{TenantKey},
		Readers: members,
		Kept:    "as the lifecycle of the tenant's outputs bucket, and of its exports bucket, says",
	},
	Metadata: {
		What:    "what is known about runs: names, states, times, numbers, findings",
		Plain:   append([]Place{TenantDocument, ExportsBucket, ModelPayload}, api...),
		Keys:    []Key{DatabaseKey, TenantKey},
		Readers: members,
		Model:   bothAgree,
		Kept:    untilGone,
	},
	Text: {
		What:    "the free text of metadata: titles, details, steps, lines",
		Plain:   []Place{Request, Response, ExportsBucket, ModelPayload},
		Sealed:  []Place{TenantDocument},
		Keys:    []Key{TenantKey, DatabaseKey},
		Readers: members,
		Model:   bothAgree,
		Kept:    untilGone,
	},
	Operational: {
		What:    "references, codes, times and counts of the platform's own work",
		Plain:   append([]Place{TenantDocument, PlatformDocument, Message, TenantTopic, ExportsBucket, ModelPayload}, api...),
		Keys:    []Key{DatabaseKey, TenantKey},
		Readers: everybody,
		Model:   bothAgree, // it goes along with what it refers to
		Kept:    untilGone,
	},
	Audit: {
		What:    "who did what",
		Plain:   []Place{Response, TenantTopic, ExportsBucket, AuditBucket},
		Sealed:  []Place{TenantDocument, PlatformDocument},
		Keys:    []Key{AuditKey, DatabaseKey, TenantKey},
		Readers: []string{"auditor", "admin"},
		Kept:    "for the retention of the audit log, also after the tenant is offboarded",
	},
	Secret: {
		What:    "signed URLs, tokens and keys",
		Plain:   []Place{Request, Response},
		Sealed:  []Place{TenantDocument, PlatformDocument},
		Keys:    []Key{TenantKey, AuditKey},
		Readers: []string{"runner", "auditor", "admin"}, // the URLs that they asked for
		Kept:    "a URL is not kept; a wrapped key is kept as long as values that it sealed",
	},
}

// Storage is how a place may have a class.
type Storage int

// The ways.
const (
	Forbidden Storage = iota
	Sealed            // only encrypted, so the field is []byte
	Plain
)

// In returns how a place may have the data of a class. An unknown class is
// forbidden everywhere.
func (c Class) In(p Place) Storage {
	rule := Rules[c]
	switch {
	case slices.Contains(rule.Plain, p):
		return Plain
	case slices.Contains(rule.Sealed, p):
		return Sealed
	}
	return Forbidden
}

// ReadableBy reports whether an API may show the class to a role.
func (c Class) ReadableBy(role string) bool { return slices.Contains(Rules[c].Readers, role) }
