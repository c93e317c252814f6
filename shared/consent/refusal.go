package consent

import (
	"fmt"
	"strings"
	"time"
)

// Code says why something was not sent, or has no answer. It is stable: programs
// compare it, and the ledger has it.
type Code string

// The codes. With those of the first group, nothing was sent and nothing is on the
// ledger. With the others, the ledger says what happened.
const (
	CodeNoConsent     Code = "consent-missing"     // a half is missing, expired, withdrawn or outdated; see Missing
	CodeNoDestination Code = "no-model"            // the tenant or the platform has no such destination
	CodeLimit         Code = "model-limit"         // the spend limit is reached; see RetryAfter
	CodeKeyLocked     Code = "key-locked"          // the tenant's key is disabled
	CodeTooLarge      Code = "model-payload-empty" // no field of the payload is within the limit

	CodeNotSent     Code = "model-not-sent"    // it was on the ledger, and then could not be sent
	CodeUnavailable Code = "model-unavailable" // the model did not answer, or not in time, or the answer was cut off
	CodeBlocked     Code = "model-blocked"     // the model refused; see Reason
	CodeAnswer      Code = "model-answer"      // the answer is too long or not valid
)

// MissingHalf is what a consent lacks.
type MissingHalf struct {
	Destination Destination
	Side        Side
	State       State // any but Active
}

// Refusal is the error of a request to a model that was not sent, or not answered. Its
// text has no data of a tenant.
type Refusal struct {
	Code       Code
	Feature    Feature
	Missing    []MissingHalf // for CodeNoConsent: what to give, for each destination that exists
	SamePerson bool          // for CodeNoConsent: one person gave both halves
	Reason     string        // for CodeBlocked: the model's block or finish reason
	RetryAfter time.Duration // for CodeLimit
	Entry      string        // ID of the ledger's entry; empty: none exists
}

// texts says what to do, by code.
var texts = map[Code]string{
	CodeNoConsent:     "the feature needs the consent of the tenant's admin and of the platform's staff",
	CodeNoDestination: "there is no such model endpoint; name another destination",
	CodeLimit:         "the spend limit of this feature is reached; try again later",
	CodeKeyLocked:     "the tenant's key is disabled or destroyed; ask the tenant's administrator",
	CodeTooLarge:      "no field of the request has a value within the limit, so there is nothing to send",
	CodeNotSent:       "the request could not be sent to the model; try again",
	CodeUnavailable:   "the model did not answer completely; try again later",
	CodeBlocked:       "the model refused to answer",
	CodeAnswer:        "the model's answer is too long or not valid; try again",
}

// Error implements error.
func (r *Refusal) Error() string {
	text := texts[r.Code]
	if r.Reason != "" {
		text += ": " + r.Reason
	}
	if len(r.Missing) == 0 {
		return text
	}
	missing := make([]string, len(r.Missing))
	for i, m := range r.Missing {
		missing[i] = fmt.Sprintf("%s half at %s is %s", m.Side, m.Destination, m.State)
	}
	return text + ": " + strings.Join(missing, ", ")
}
