package api

import (
	"net/http"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
)

// RefusedError is a refusal by the platform or the bucket that a retry of the same
// request does not change.
type RefusedError struct {
	Err    error
	Status int // HTTP status code
}

// Error returns the message of Err.
func (r *RefusedError) Error() string { return r.Err.Error() }

// Unwrap returns Err.
func (r *RefusedError) Unwrap() error { return r.Err }

// refusal is one kind of response other than success.
type refusal struct {
	status    int    // zero: any
	code      string // of the bucket; empty: any
	transient bool   // a retry may succeed
	why       string
}

// refusals classifies the responses of the platform and of the bucket. The first
// row that matches decides. No row: a 5xx is transient, all others are final. The
// bucket's codes: cloud.google.com/storage/docs/xml-api/reference-status
var refusals = []refusal{
	{code: "CloudKmsDisabledKey", transient: true, why: "the tenant can enable its key again"},
	{code: "CloudKmsEncryptionKeyNotFound", transient: true, why: "the tenant can restore its key within its scheduled time"},
	{code: "CloudKmsPermissionDenied", transient: true, why: "the tenant can grant the right again"},
	{code: "CloudKmsQuotaExceeded", transient: true, why: "the quota is per minute"},
	{code: "AccessDenied", transient: true, why: "rights take minutes to arrive, and a key's denial has this code too"},
	{code: "UserProjectAccountProblem", transient: true, why: "billing can be enabled again"},
	{code: "AccountProblem", transient: true, why: "billing can be enabled again"},
	{code: "RequestTimeout", transient: true, why: "the connection was too slow"},
	{code: "IncompleteBody", transient: true, why: "the connection broke"},
	{code: "SlowDown", transient: true, why: "too many requests"},
	{code: "OperationAborted", transient: true, why: "another request was faster"},
	{status: http.StatusRequestTimeout, transient: true, why: "the connection was too slow"},
	{status: http.StatusTooEarly, transient: true, why: "the request may be repeated later"},
	{status: http.StatusTooManyRequests, transient: true, why: "too many requests"},
	{status: http.StatusNotImplemented, why: "the server does not know the request"},
	{status: http.StatusHTTPVersionNotSupported, why: "the server does not know the protocol"},
}

// isTransient reports whether a retry of a request may succeed that was answered
// with a status and, by the bucket, a code.
func isTransient(status int, code string) bool {
	for _, r := range refusals {
		if (r.status == 0 || r.status == status) && (r.code == "" || r.code == code) {
			return r.transient
		}
	}
	return status >= 500
}

// classify marks an error as transient, or as refused.
func classify(err error, res *http.Response, code string) error {
	if isTransient(res.StatusCode, code) {
		return &retry.Transient{Err: err, After: retryAfter(res.Header)}
	}
	return &RefusedError{Err: err, Status: res.StatusCode}
}
