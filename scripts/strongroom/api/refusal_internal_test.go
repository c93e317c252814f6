package api

import (
	"net/http"
	"slices"
	"testing"
)

// TestEveryRefusalIsFinalOrTransient has a response for each row of the table, and for
// those that have no row.
func TestEveryRefusalIsFinalOrTransient(t *testing.T) {
	t.Parallel()
	const final, transient = false, true
	cases := []struct {
		status int
		code   string // of the bucket
		want   bool
	}{
		{400, "CloudKmsDisabledKey", transient},
		{400, "CloudKmsEncryptionKeyNotFound", transient},
		{403, "CloudKmsPermissionDenied", transient},
		{429, "CloudKmsQuotaExceeded", transient},
		{403, "AccessDenied", transient},
		{403, "UserProjectAccountProblem", transient},
		{403, "AccountProblem", transient},
		{400, "RequestTimeout", transient},
		{400, "IncompleteBody", transient},
		{503, "SlowDown", transient},
		{409, "OperationAborted", transient},
		{http.StatusRequestTimeout, "", transient},
		{http.StatusTooEarly, "", transient},
		{http.StatusTooManyRequests, "", transient},
		{http.StatusNotImplemented, "", final},
		{http.StatusHTTPVersionNotSupported, "", final},

		{http.StatusInternalServerError, "InternalError", transient},
		{http.StatusBadGateway, "", transient},
		{http.StatusServiceUnavailable, "", transient}, // also the platform's, while the tenant's key is disabled
		{http.StatusGatewayTimeout, "", transient},
		{http.StatusBadRequest, "", final},
		{http.StatusBadRequest, "BadDigest", final},
		{http.StatusBadRequest, "EntityTooLarge", final},
		{http.StatusBadRequest, "MalformedSecurityHeader", final},
		{http.StatusUnauthorized, "", final}, // unless the token was rotated: see Client.rejected
		{http.StatusForbidden, "", final},
		{http.StatusForbidden, "SignatureDoesNotMatch", final},
		{http.StatusNotFound, "NoSuchBucket", final},
		{http.StatusConflict, "", final},
		{http.StatusRequestEntityTooLarge, "", final},
		{http.StatusUnprocessableEntity, "", final},
		{http.StatusFound, "", final},
	}
	for _, r := range refusals {
		if !slices.ContainsFunc(cases, func(c struct {
			status int
			code   string
			want   bool
		}) bool {
			return c.code == r.code && (r.status == 0 || c.status == r.status)
		}) {
			t.Errorf("the row %+v has no case", r)
		}
		if r.why == "" {
			t.Errorf("the row %+v has no reason", r)
		}
	}
	for _, c := range cases {
		if got := isTransient(c.status, c.code); got != c.want {
			t.Errorf("%d %s: transient is %v", c.status, c.code, got)
		}
	}
}
