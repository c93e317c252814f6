package consent

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Side is one of the two parties of a consent. The zero Side is not valid.
type Side string

// The sides.
const (
	TenantSide   Side = "tenant"
	PlatformSide Side = "platform"
)

// Sides lists both sides.
var Sides = []Side{TenantSide, PlatformSide}

// MaxDuration is the longest time from when a half is given until it ends: a year, of
// which one may be a leap year.
const MaxDuration = 366 * 24 * time.Hour

// Scope identifies a consent.
type Scope struct {
	Tenant      tenant.ID          `json:"tenant"`
	Workspace   tenant.WorkspaceID `json:"workspace,omitempty"` // empty: all workspaces of the tenant
	Feature     Feature            `json:"feature"`
	Destination Destination        `json:"destination"`
}

// Person is who gave or ended a half. Two persons are the same if both fields are equal.
type Person struct {
	Issuer  string `json:"issuer" firestore:"issuer" class:"metadata"`   // exact `iss` of the token
	Subject string `json:"subject" firestore:"subject" class:"metadata"` // exact `sub` of the token
}

// Half is one party's agreement. Statement is what is signed.
type Half struct {
	ID      string    `json:"id"` // UUIDv7; the ledger names it
	Scope   Scope     `json:"scope"`
	Side    Side      `json:"side"`
	By      Person    `json:"by"`
	Given   time.Time `json:"given"`
	Expires time.Time `json:"expires"` // the half is active before this time
	Text    string    `json:"text"`    // version of the text that was agreed to; see Text
}

// statementHeader is the first line of a statement. No other note of the platform
// begins with it.
const statementHeader = "strongroom consent half v1\n"

// Statement returns the half as the text of a signed note.
func (h Half) Statement() (string, error) {
	encoded, err := json.Marshal(h, json.Deterministic(true))
	if err != nil {
		return "", fmt.Errorf("encode consent: %w", err)
	}
	return statementHeader + string(encoded) + "\n", nil
}

// errStatement is the error of a text that is not a statement.
var errStatement = errors.New("read consent: this is not the statement of a half")

// ParseStatement returns the half whose statement a signed note has. Verify the note's
// signature first.
func ParseStatement(text string) (Half, error) {
	body, ok := strings.CutPrefix(text, statementHeader)
	if !ok {
		return Half{}, errStatement
	}
	var h Half
	if err := json.Unmarshal([]byte(body), &h, json.RejectUnknownMembers(true)); err != nil {
		return Half{}, errStatement
	}
	if again, err := h.Statement(); err != nil || !bytes.Equal([]byte(again), []byte(text)) {
		return Half{}, errStatement
	}
	return h, nil
}

// CheckExpires returns an error if a half that is given now cannot end at a time.
func CheckExpires(now, expires time.Time) error {
	switch {
	case !expires.After(now):
		return errors.New("the end date is in the past; choose a later one")
	case expires.After(now.Add(MaxDuration)):
		return errors.New("the end date is more than a year ahead; choose an earlier one")
	}
	return nil
}

// State says whether a half has an effect. None is the state of a half that nobody gave.
type State string

// The states. Only an Active half has an effect.
const (
	None      State = "none"      // it was never given
	Active    State = "active"    // it is in effect, if the other half is active too
	Expired   State = "expired"   // its end date has passed
	Withdrawn State = "withdrawn" // it was withdrawn
	Outdated  State = "outdated"  // the text that was agreed to is not that of the feature and the destination now
	Invalid   State = "invalid"   // its signature does not verify
)

// Describe returns the rest of a sentence about the half: "was never given".
func (s State) Describe() string {
	switch s {
	case None:
		return "was never given"
	case Expired:
		return "has expired"
	case Withdrawn:
		return "was withdrawn"
	case Outdated:
		return "is for an earlier text"
	case Invalid:
		return "has a signature that does not verify"
	}
	return "is " + string(s)
}

// State returns the state of a half that is signed and not withdrawn, at a time. text is
// the version of the current text.
func (h Half) State(now time.Time, text string) State {
	switch {
	case h.ID == "":
		return None
	case !now.Before(h.Expires):
		return Expired
	case h.Text != text:
		return Outdated
	}
	return Active
}
