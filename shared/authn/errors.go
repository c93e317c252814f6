package authn

import (
	"errors"
	"log/slog"
	"time"
)

// The kinds of failure, to be told apart with errors.Is.
var (
	// ErrUnauthenticated: nobody is proven; the client needs another token (HTTP 401).
	ErrUnauthenticated = errors.New("unauthenticated")
	// ErrSuspended: the token is good, and its tenant is not served (HTTP 403).
	ErrSuspended = errors.New("tenant suspended")
	// ErrUnavailable: the token could not be judged now (HTTP 503 with Retry-After).
	ErrUnavailable = errors.New("unavailable")
)

// Error is the only type of error that Verify and Bearer return. It says
// nothing of the token.
type Error struct {
	Kind       error         // ErrUnauthenticated, ErrSuspended or ErrUnavailable
	Reason     string        // fixed text, fit for any client
	RetryAfter time.Duration // of ErrUnavailable: when to try again; else zero
	cause      error         // for our own log: never of the token
}

// Error gives the Reason. The cause is for LogValue alone.
func (e *Error) Error() string { return e.Reason }

// Unwrap gives the kind and, where there is one, the cause.
func (e *Error) Unwrap() []error {
	if e.cause == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.cause}
}

// LogValue implements slog.LogValuer: it adds the cause, which no client sees.
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
	errExtension = refusal("the token's header demands an extension that is not supported")
	errType      = refusal("the token's typ is neither JWT nor at+jwt")
	errClaims    = refusal("the token's claims are not strict JSON")
	errIssuer    = refusal("the token has no issuer")
	errSubject   = refusal("the token's subject is not of 1 to 255 printable bytes")
	errAudiences = refusal("the token must have exactly one audience")
	errAudience  = refusal("the token's audience names no tenant")
	errTimes     = refusal("the token must have exp and iat in seconds since 1970")
	errExpired   = refusal("the token has expired")
	errEarly     = refusal("the token is not valid yet")
	errFuture    = refusal("the token was issued in the future")
	errLifetime  = refusal("the token's lifetime is more than 24 hours")

	// One text for an unknown tenant, issuer and key and for a bad signature:
	// it does not say which of them exist.
	errUntrusted = refusal("no key that the token's audience trusts for its issuer has signed it")
)

var errSuspended = &Error{Kind: ErrSuspended, Reason: "the tenant is suspended"}

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
