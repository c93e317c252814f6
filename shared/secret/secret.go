// Package secret holds values that must appear in no log, error, event or
// document: signed URLs, tokens, keys. A String prints as [redacted] whatever
// the verb or encoder; only Reveal gives the value.
package secret

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// String is a secret text. The zero String is the empty secret. It is safe
// for concurrent use.
//
// It holds a pointer, since fmt calls no method of what lies in an unexported
// field of another struct: there it prints an address. So == compares
// identity, not text.
type String struct{ value *string }

// New wraps value.
func New(value string) String { return String{&value} }

// Reveal gives the value. Call it only where the secret is used: in a header,
// a signature, a response to the one who may have it.
func (s String) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Empty reports whether there is no secret.
func (s String) Empty() bool { return s.Reveal() == "" }

// String implements fmt.Stringer.
func (s String) String() string { return redacted }

// GoString implements fmt.GoStringer.
func (s String) GoString() string { return redacted }

// Format implements fmt.Formatter, so that no verb prints the value.
func (s String) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue implements slog.LogValuer.
func (s String) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements encoding.TextMarshaler: encoders print no secret.
func (s String) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// UnmarshalText implements encoding.TextUnmarshaler, for settings.
func (s *String) UnmarshalText(text []byte) error {
	*s = New(string(text))
	return nil
}
