package authn

import (
	"errors"
	"log/slog"
	"time"
)

// The kinds of errors. Distinguish them with errors.Is.
var (
	// ErrUnauthenticated: the token is not valid; the client needs another one (HTTP 401).
	ErrUnauthenticated = errors.New("unauthenticated")
	// ErrSuspended: the token is valid, but its tenant is suspended (HTTP 403).
	ErrSuspended = errors.New("tenant suspended")
	// ErrUnavailable: the token cannot be verified now (HTTP 503 with Retry-After).
	ErrUnavailable = errors.New("unavailable")
)

// Error is the only type of error that Verify and Bearer return. It contains
// nothing of the token.
type Error struct {
	Kind       error         // ErrUnauthenticated, ErrSuspended or ErrUnavailable
	Reason     string        // fixed text that any client may see
	RetryAfter time.Duration // for ErrUnavailable: when to retry; otherwise zero
	cause      error         // for the platform's log; contains nothing of the token
}

// Error returns the Reason. Only LogValue shows the cause.
func (e *Error) Error() string { return e.Reason }

// Unwrap returns the kind and, if there is one, the cause.
func (e *Error) Unwrap() []error {
	if e.cause == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.cause}
}

// LogValue implements slog.LogValuer. It adds the cause, which clients do not see.
func (e *Error) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("kind", e.Kind.Error()), slog.String("reason", e.Reason)}
	if e.cause != nil {
		attrs = append(attrs, slog.String("cause", e.cause.Error()))
	}
	return slog.GroupValue(attrs...)
}

var (
	errNoToken   = refusal("the request has no bearer token")
	errMalformed = refusal("the token is not a compact JSON Web Signature of at most 16 KiB")
	errHeader    = refusal("the token's header is not strict JSON")
	errAlgorithm = refusal("the token must be signed with RS256 or ES256")
	errExtension = refusal("the token's header requires an extension that is not supported")
	errType      = refusal("the token's typ is neither JWT nor at+jwt")
	errClaims    = refusal("the token's claims are not strict JSON")
	errIssuer    = refusal("the token has no issuer")
	errSubject   = refusal("the token's subject does not have 1 to 255 printable bytes")
	errAudiences = refusal("the token must have exactly one audience")
	errAudience  = refusal("the token's audience does not name a tenant")
	errTimes     = refusal("the token must have exp and iat in seconds since 1970")
	errExpired   = refusal("the token has expired")
	errEarly     = refusal("the token is not valid yet")
	errFuture    = refusal("the token was issued in the future")
	errLifetime  = refusal("the token's lifetime is more than 24 hours")

	// Only Explain returns these two: an admin may know what the own tenant trusts.
	errOtherAudience = refusal("the token's audience is neither your tenant nor a client ID that your tenant trusts for the token's issuer")
	errOtherIssuer   = refusal("your tenant does not trust the token's issuer; Terraform adds issuers")

	// An unknown tenant, issuer or key and an invalid signature have the same text,
	// so that it does not reveal which of them exist.
	errUntrusted = refusal("the token is not signed by a key that its audience trusts for its issuer")
)

var errSuspended = &Error{Kind: ErrSuspended, Reason: "the tenant is suspended"}

// untrusted returns errUntrusted, with a cause for the platform's log if the token
// names a key that is in the key set and cannot be used.
func untrusted(cause error) *Error {
	return &Error{Kind: errUntrusted.Kind, Reason: errUntrusted.Reason, cause: cause}
}

func refusal(reason string) *Error {
	return &Error{Kind: ErrUnauthenticated, Reason: reason}
}

func unavailable(cause error) *Error {
	return &Error{
		Kind:       ErrUnavailable,
		Reason:     "the token cannot be verified at the moment",
		RetryAfter: failureCooldown,
		cause:      cause,
	}
}
