package api

import (
	"math"
	"net/http"
	"strconv"
	"time"
)

// QuotaExceededCode is the code of a request that is over a quota of its tenant. It is 429
// like that of a client that is too fast, but waiting for some seconds does not help.
const QuotaExceededCode = "quota-exceeded"

// RefuseQuota returns the problem for a request that is over a quota. Detail names the quota,
// its limit, and when it renews.
func RefuseQuota(detail string, renewsIn time.Duration) *Problem {
	p := Refuse(http.StatusTooManyRequests, detail).With("Retry-After", strconv.Itoa(max(1, int(math.Ceil(renewsIn.Seconds())))))
	p.Code = QuotaExceededCode
	return p
}
