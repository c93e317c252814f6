package api

import (
	"net/http"
	"time"
)

// Contradiction returns the problem of filters that nothing can match together. An
// empty list would look as if there was nothing. Detail says what to change, and the
// location is that of one of the filters, such as body.to.
func Contradiction(detail, location string) *Problem {
	return Refuse(http.StatusUnprocessableEntity, detail, Fault{Message: "contradicts another filter", Location: location})
}

// CheckRange returns the problem of the filters from and to if no time is in
// between: from <= t < to. A zero time is no bound. In is where the filters are: body
// or query.
func CheckRange(in string, from, to time.Time) error {
	if from.IsZero() || to.IsZero() || to.After(from) {
		return nil
	}
	return Contradiction("to is not after from; use a later to or an earlier from", in+".to")
}
