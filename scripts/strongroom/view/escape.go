package view

import (
	"fmt"
	"io"
	"unicode"
	"unicode/utf8"
)

// Escaper writes text so that a terminal shows it and does nothing else:
// control characters but newline and tab, characters that turn the direction of
// writing, and bytes that are no UTF-8 become visible escapes.
type Escaper struct {
	out  io.Writer
	rest []byte // the beginning of a character, at most 3 bytes
	text []byte // reused
}

// NewEscaper makes an Escaper. Flush it at the end.
func NewEscaper(out io.Writer) *Escaper { return &Escaper{out: out} }

// Write implements io.Writer.
func (e *Escaper) Write(p []byte) (int, error) {
	data := p
	if len(e.rest) > 0 {
		data = append(e.rest, p...)
	}
	e.text = e.text[:0]
	for len(data) > 0 && utf8.FullRune(data) {
		r, size := utf8.DecodeRune(data)
		e.text = appendEscaped(e.text, r, data[:size])
		data = data[size:]
	}
	e.rest = append([]byte(nil), data...)
	if _, err := e.out.Write(e.text); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush writes what was held back as the beginning of a character.
func (e *Escaper) Flush() error {
	e.text = e.text[:0]
	for _, b := range e.rest {
		e.text = fmt.Appendf(e.text, `\x%02x`, b)
	}
	e.rest = nil
	_, err := e.out.Write(e.text)
	return err
}

func appendEscaped(text []byte, r rune, raw []byte) []byte {
	switch {
	case r == '\n' || r == '\t':
		return append(text, raw...)
	case r == utf8.RuneError && len(raw) == 1, r < utf8.RuneSelf && unicode.IsControl(r):
		return fmt.Appendf(text, `\x%02x`, raw[0])
	case unicode.IsControl(r), turns(r):
		return fmt.Appendf(text, `\u%04x`, r)
	}
	return append(text, raw...)
}

// turns reports the bidirectional controls (Unicode Standard Annex 9, section 2).
func turns(r rune) bool {
	return r == 0x061c || r == 0x200e || r == 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}
