package api

import (
	"fmt"
	"math"
	"net/http"
	"strconv"

	"github.com/strongroom-dev/strongroom/shared/consent"
)

// refusalStatus has the HTTP status of each code of a request to a language model.
var refusalStatus = map[consent.Code]int{
	consent.CodeNoConsent:     http.StatusForbidden,
	consent.CodeNoDestination: http.StatusConflict,
	consent.CodeLimit:         http.StatusTooManyRequests,
	consent.CodeKeyLocked:     http.StatusForbidden,
	consent.CodeTooLarge:      http.StatusUnprocessableEntity,
	consent.CodeNotSent:       http.StatusServiceUnavailable,
	consent.CodeUnavailable:   http.StatusServiceUnavailable,
	consent.CodeBlocked:       http.StatusUnprocessableEntity,
	consent.CodeAnswer:        http.StatusServiceUnavailable,
}

// fromRefusal returns the problem for a request that was not sent to a model, or not
// answered. It says which halves are missing, and who can give them.
func fromRefusal(r *consent.Refusal) *Problem {
	p := Refuse(refusalStatus[r.Code], (&consent.Refusal{Code: r.Code, Reason: r.Reason}).Error())
	p.Code = string(r.Code)
	for _, m := range r.Missing {
		who, path := "an admin", "/v1/consents/"
		if m.Side == consent.PlatformSide {
			who, path = "the platform's staff", "/v1/tenants/{tenant}/consents/"
		}
		p.Errors = append(p.Errors, Fault{Message: fmt.Sprintf("the %s half for %s %s; %s can give it with PUT %s%s/%s",
			m.Side, m.Destination, m.State.Describe(), who, path, r.Feature, m.Destination)})
	}
	if r.SamePerson {
		p.Errors = append(p.Errors, Fault{Message: "one person gave both halves, so they have no effect; another person must give one of them"})
	}
	switch {
	case r.Code == consent.CodeLimit:
		p.With("Retry-After", strconv.Itoa(max(1, int(math.Ceil(r.RetryAfter.Seconds())))))
	case p.Status == http.StatusServiceUnavailable:
		p.With("Retry-After", "5")
	}
	return p
}
