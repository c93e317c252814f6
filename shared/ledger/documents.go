package ledger

import (
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Status is how a request ended. The zero Status is Open.
type Status string

// The statuses.
const (
	Open        Status = ""            // no end is recorded: it may have been sent
	Answered    Status = "answered"    // the answer is complete, or reached the limit of tokens
	Blocked     Status = "blocked"     // the model refused
	Invalid     Status = "invalid"     // the answer is too long or not valid
	Failed      Status = "failed"      // the model returned an error
	Interrupted Status = "interrupted" // the answer was cut off, or did not come in time
	NotSent     Status = "not-sent"    // no byte of it was sent
)

// Send is the document of a request.
type Send struct {
	Time        time.Time           `firestore:"time" class:"operational"` // when it was recorded
	Feature     consent.Feature     `firestore:"feature" class:"operational"`
	Destination consent.Destination `firestore:"destination" class:"operational"`
	Workspace   tenant.WorkspaceID  `firestore:"workspace" class:"operational"` // empty: none
	Resource    string              `firestore:"resource" class:"operational"`  // path of what it is about, such as issues/ID
	ProjectID   string              `firestore:"projectId" class:"operational"`
	Location    string              `firestore:"location" class:"operational"`
	Model       string              `firestore:"model" class:"operational"` // pinned name
	Fields      []string            `firestore:"fields" class:"operational"`
	Omitted     []string            `firestore:"omitted" class:"operational"`
	Bytes       int64               `firestore:"bytes" class:"operational"`  // of the request's body
	SHA256      string              `firestore:"sha256" class:"operational"` // hex, of the request's exact body
	TenantHalf  string              `firestore:"tenantHalf" class:"operational"`
	StaffHalf   string              `firestore:"staffHalf" class:"operational"`
	Reserved    int64               `firestore:"reserved" class:"operational"`    // tokens
	StoredUntil time.Time           `firestore:"storedUntil" class:"operational"` // the exact request can be shown before this; zero: it is not stored

	Ended        time.Time `firestore:"ended" class:"operational"`    // zero: Open
	EndEntry     string    `firestore:"endEntry" class:"operational"` // ID of the entry models.end
	Status       Status    `firestore:"status" class:"operational"`
	Reason       string    `firestore:"reason" class:"operational"` // block or finish reason of the model, or a code
	Version      string    `firestore:"version" class:"operational"`
	PromptTokens int64     `firestore:"promptTokens" class:"operational"`
	AnswerTokens int64     `firestore:"answerTokens" class:"operational"`
	AnswerBytes  int64     `firestore:"answerBytes" class:"operational"`
	AnswerSHA256 string    `firestore:"answerSha256" class:"operational"` // hex, of the text of the answer
}

// storedRequest is the document of an exact request that the tenant wants to see later.
// A TTL policy on until deletes it.
type storedRequest struct {
	Request []byte    `firestore:"request" class:"text"` // sealed
	Until   time.Time `firestore:"until,omitempty" class:"operational"`

	// HeldUntil is Until while a legal hold covers the request, so that the TTL policy does not.
	HeldUntil time.Time `firestore:"heldUntil,omitempty" class:"operational"`
}

var (
	_ = dataclass.Stored[Send]("tenants/{tenant}/modelSends/{send}")
	_ = dataclass.Stored[Send]("platform/models/sends/{send}")
	_ = dataclass.Stored[storedRequest]("tenants/{tenant}/modelRequests/{send}")
	_ = dataclass.Stored[spend]("tenants/{tenant}/modelSpend/{feature}")
	_ = dataclass.Stored[spend]("platform/models/spend/{feature}")
)

// Home is where the ledger of a tenant is. Without a tenant, it is the platform's.
type Home struct {
	DB     *firestore.Client
	Tenant tenant.ID
}

// Sends returns the collection of requests.
func (h Home) Sends() *firestore.CollectionRef {
	if h.Tenant == "" {
		return h.platform().Collection("sends")
	}
	return h.tenant().Collection("modelSends")
}

// SpendRef returns the document that counts a feature's requests.
func (h Home) SpendRef(f consent.Feature) *firestore.DocumentRef {
	if h.Tenant == "" {
		return h.platform().Collection("spend").Doc(string(f))
	}
	return h.tenant().Collection("modelSpend").Doc(string(f))
}

// RequestsCollection is the name of the collection of exact requests, whose field request
// is sealed.
const RequestsCollection = "modelRequests"

func (h Home) requestRef(send string) *firestore.DocumentRef {
	return h.tenant().Collection(RequestsCollection).Doc(send)
}

func (h Home) platform() *firestore.DocumentRef { return h.DB.Collection("platform").Doc("models") }

func (h Home) tenant() *firestore.DocumentRef {
	return h.DB.Collection("tenants").Doc(string(h.Tenant))
}
