package halves

import (
	"strings"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// newest is the document of a consent: the newest half of each side.
type newest struct {
	Workspace   tenant.WorkspaceID  `firestore:"workspace" class:"operational"` // empty: all workspaces
	Feature     consent.Feature     `firestore:"feature" class:"operational"`
	Destination consent.Destination `firestore:"destination" class:"operational"`
	Tenant      []byte              `firestore:"tenantHalf" class:"metadata"`   // signed note; empty: never given
	Platform    []byte              `firestore:"platformHalf" class:"metadata"` // signed note; empty: never given
}

func (n newest) note(s consent.Side) []byte {
	if s == consent.TenantSide {
		return n.Tenant
	}
	return n.Platform
}

// given is the document of a half that was given.
type given struct {
	Consent string       `firestore:"consent" class:"operational"` // ID of the document in consents
	Side    consent.Side `firestore:"side" class:"operational"`
	Given   time.Time    `firestore:"given" class:"operational"`
	Note    []byte       `firestore:"note" class:"metadata"` // signed
}

// End is how a half ended before its end date.
type End struct {
	At     time.Time      `firestore:"at" class:"operational"`
	By     consent.Person `firestore:"by"`
	Reason EndReason      `firestore:"reason" class:"operational"`
}

// EndReason says why a half ended.
type EndReason string

// The reasons.
const (
	WithdrawnByParty EndReason = "withdrawn" // the side withdrew it
	Replaced         EndReason = "replaced"  // the side gave another one
)

// storedText is the document of a text.
type storedText struct {
	Body string `firestore:"body" class:"operational"`
}

var (
	_ = dataclass.Stored[newest]("tenants/{tenant}/consents/{consent}")
	_ = dataclass.Stored[given]("tenants/{tenant}/consentHalves/{half}")
	_ = dataclass.Stored[End]("tenants/{tenant}/consentEnds/{half}")
	_ = dataclass.Stored[storedText]("tenants/{tenant}/consentTexts/{text}")
)

func tenantRef(db *firestore.Client, t tenant.ID) *firestore.DocumentRef {
	return db.Collection("tenants").Doc(string(t))
}

func consentRef(db *firestore.Client, s consent.Scope) *firestore.DocumentRef {
	return tenantRef(db, s.Tenant).Collection("consents").Doc(DocumentID(s))
}

func halfRef(db *firestore.Client, t tenant.ID, half string) *firestore.DocumentRef {
	return tenantRef(db, t).Collection("consentHalves").Doc(half)
}

func endRef(db *firestore.Client, t tenant.ID, half string) *firestore.DocumentRef {
	return tenantRef(db, t).Collection("consentEnds").Doc(half)
}

func textRef(db *firestore.Client, t tenant.ID, version string) *firestore.DocumentRef {
	return tenantRef(db, t).Collection("consentTexts").Doc(version)
}

// DocumentID returns the ID of a consent's document. No part of a scope has a dot.
func DocumentID(s consent.Scope) string {
	id := string(s.Feature) + "." + string(s.Destination)
	if s.Workspace != "" {
		id += "." + string(s.Workspace)
	}
	return id
}

// parseDocumentID is the inverse of DocumentID.
func parseDocumentID(t tenant.ID, id string) consent.Scope {
	parts := strings.SplitN(id+"..", ".", 4)
	return consent.Scope{
		Tenant: t, Feature: consent.Feature(parts[0]), Destination: consent.Destination(parts[1]), Workspace: tenant.WorkspaceID(parts[2]),
	}
}
