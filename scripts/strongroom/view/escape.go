package view

import (
	"fmt"
	"io"
	"unicode"
	"unicode/utf8"
)

// Escaper writes text so that it cannot control the terminal. These become
// visible escapes:
//   - control characters, except newline and tab
//   - characters that change the direction of text
//   - bytes that are not UTF-8
type Escaper struct {
	out     io.Writer
	partial []byte // the start of a character, at most 3 bytes
	text    []byte // reused
}

// NewEscaper returns an Escaper that writes to out. Call Flush at the end.
func NewEscaper(out io.Writer) *Escaper { return &Escaper{out: out} }

// Write implements io.Writer.
func (e *Escaper) Write(p []byte) (int, error) {
	data := p
	if len(e.partial) > 0 {
		data = append(e.partial, p...)
	}
	e.text = e.text[:0]
	for len(data) > 0 && utf8.FullRune(data) {
		r, size := utf8.DecodeRune(data)
		e.text = appendEscaped(e.text, r, data[:size])
		data = data[size:]
	}
	e.partial = append([]byte(nil), data...)
	if _, err := e.out.Write(e.text); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush writes the bytes of a character that is not complete.
func (e *Escaper) Flush() error {
	e.text = e.text[:0]
	for _, b := range e.partial {
		e.text = fmt.Appendf(e.text, `\x%02x`, b)
	}
	e.partial = nil
	_, err := e.out.Write(e.text)
	return err
}

func appendEscaped(text []byte, r rune, raw []byte) []byte {
	switch {
	case r == '\n' || r == '\t':
		return append(text, raw...)
	case r == utf8.RuneError && len(raw) == 1, r < utf8.RuneSelf && unicode.IsControl(r):
		return fmt.Appendf(text, `\x%02x`, raw[0])
	case unicode.IsControl(r), isBidiControl(r):
		return fmt.Appendf(text, `\u%04x`, r)
	}
	return append(text, raw...)
}

// isBidiControl reports whether r is a bidirectional formatting character
// (Unicode Standard Annex 9, section 2).
func isBidiControl(r rune) bool {
	return r == 0x061c || r == 0x200e || r == 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}
