package api

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"

	"github.com/strongroom-dev/strongroom/shared/consent"
)

// refusalStatuses are the statuses of the problems of models, by code.
var refusalStatuses = map[consent.Code]int{
	consent.CodeNoConsent:     http.StatusForbidden,
	consent.CodeNoDestination: http.StatusConflict,
	consent.CodeLimit:         http.StatusTooManyRequests,
	consent.CodeKeyLocked:     http.StatusForbidden,
	consent.CodeTooLarge:      http.StatusConflict,
	consent.CodeNotSent:       http.StatusServiceUnavailable,
	consent.CodeUnavailable:   http.StatusServiceUnavailable,
	consent.CodeBlocked:       http.StatusConflict,
	consent.CodeAnswer:        http.StatusBadGateway,
}

// RefusalStatuses lists the statuses of RefusalProblem, for the errors of an operation.
var RefusalStatuses = []int{
	http.StatusForbidden, http.StatusConflict, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable,
}

// RefusalProblem returns the problem for a request to a model that was refused, or has no
// answer. Any other error is returned as it is. If consent is missing, the problem has a
// fault for each half that must be given, and says how.
func RefusalProblem(err error) error {
	var r *consent.Refusal
	if !errors.As(err, &r) {
		return err
	}
	return fromRefusal(r)
}

func fromRefusal(r *consent.Refusal) *Problem {
	p := Refuse(refusalStatuses[r.Code], r.Error(), missingHalves(r)...)
	p.Code = string(r.Code)
	switch {
	case r.Code == consent.CodeLimit:
		p.With("Retry-After", strconv.Itoa(max(1, int(math.Ceil(r.RetryAfter.Seconds())))))
	case p.Status == http.StatusServiceUnavailable:
		p.With("Retry-After", "5")
	}
	return p
}

// missingHalves says which halves of a consent are to be given, where and by whom.
func missingHalves(r *consent.Refusal) (faults []Fault) {
	for _, m := range r.Missing {
		path, who := fmt.Sprintf("/v1/consents/%s/%s", r.Feature, m.Destination), "an admin of the tenant gives it"
		if m.Side == consent.PlatformSide {
			path, who = fmt.Sprintf("/v1/tenants/{tenant}/consents/%s/%s", r.Feature, m.Destination), "the platform's staff give it"
		}
		faults = append(faults, Fault{Message: fmt.Sprintf("the consent is %s; %s with PUT", m.State, who), Location: path})
	}
	if r.SamePerson {
		faults = append(faults, Fault{Message: "one person gave both halves; somebody else must give one of them"})
	}
	return faults
}
