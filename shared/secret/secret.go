// Package secret holds values that must not appear in a log, an error, an event or a
// document: signed URLs, tokens and keys. A String prints as [redacted] with every
// verb and encoder. Only Reveal returns the value.
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
// It holds a pointer, because fmt does not call the methods of a value in an
// unexported field of another struct: it prints the address of the pointer there.
// As a consequence, == compares identity and not text.
type String struct{ value *string }

// New returns a String that holds value.
func New(value string) String { return String{&value} }

// Reveal returns the value. Call it only where the secret is used: in a header, in
// a signature, or in the response to a client that is entitled to it.
func (s String) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Empty reports whether the value is empty.
func (s String) Empty() bool { return s.Reveal() == "" }

// String implements fmt.Stringer.
func (s String) String() string { return redacted }

// GoString implements fmt.GoStringer.
func (s String) GoString() string { return redacted }

// Format implements fmt.Formatter, so that no verb prints the value.
func (s String) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue implements slog.LogValuer.
func (s String) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements encoding.TextMarshaler, so that encoders write [redacted].
func (s String) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// UnmarshalText implements encoding.TextUnmarshaler, for settings.
func (s *String) UnmarshalText(text []byte) error {
	*s = New(string(text))
	return nil
}
