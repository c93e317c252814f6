package view

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/strongroom-dev/strongroom/shared/run"
)

// Escaper writes text so that it cannot control the terminal. These become
// visible escapes:
//   - control characters, except newline and tab
//   - invisible characters, and those that change the direction of text: see [run.IsInvisible]
//   - bytes that are not UTF-8
type Escaper struct {
	// Colors writes sequences that set colors and styles as they are, except those that
	// hide text. Flush then resets the style.
	Colors bool

	out     io.Writer
	partial []byte // what cannot be shown before the next bytes are known, at most 70 bytes
	before  rune   // the last visible character
	text    []byte // reused
	styled  bool   // the style is not the default
}

// escape starts a control sequence.
const escape = 0x1b

// NewEscaper returns an Escaper that writes to out. Call Flush at the end.
func NewEscaper(out io.Writer) *Escaper { return &Escaper{out: out} }

// Write implements io.Writer.
func (e *Escaper) Write(p []byte) (int, error) {
	data := p
	if len(e.partial) > 0 {
		data = append(e.partial, p...)
	}
	e.text = e.text[:0]
	data = e.escape(data, false)
	e.partial = append([]byte(nil), data...)
	if _, err := e.out.Write(e.text); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush writes what is left, which may be an incomplete character.
func (e *Escaper) Flush() error {
	e.text = e.text[:0]
	for _, b := range e.escape(e.partial, true) {
		e.text = fmt.Appendf(e.text, `\x%02x`, b)
	}
	if e.styled {
		e.text = append(e.text, resetStyle...)
	}
	e.partial, e.before, e.styled = nil, 0, false
	_, err := e.out.Write(e.text)
	return err
}

// escape appends data to e.text. It returns what cannot be escaped before more
// data, or the end, is known.
func (e *Escaper) escape(data []byte, atEnd bool) []byte {
	for {
		if e.Colors && len(data) > 0 && data[0] == escape {
			size := colors(data)
			if size < 0 && !atEnd {
				return data
			}
			if size > 0 {
				e.appendStyle(data[:size])
				data = data[size:]
				continue
			}
		}
		r, size, after, ok := run.DecodeNext(data, atEnd)
		if !ok {
			return data
		}
		if run.IsInvisible(e.before, r, after) {
			e.text = fmt.Appendf(e.text, escapeFormat(r), r)
		} else {
			e.text = appendEscaped(e.text, r, data[:size])
			e.before = r
		}
		data = data[size:]
	}
}

// escapeFormat returns the form of an escaped character, as in Go.
func escapeFormat(r rune) string {
	if r > 0xffff {
		return `\U%08x`
	}
	return `\u%04x`
}

func appendEscaped(text []byte, r rune, raw []byte) []byte {
	switch {
	case r == '\n' || r == '\t':
		return append(text, raw...)
	case r == utf8.RuneError && len(raw) == 1, r < utf8.RuneSelf && unicode.IsControl(r):
		return fmt.Appendf(text, `\x%02x`, raw[0])
	case unicode.IsControl(r):
		return fmt.Appendf(text, escapeFormat(r), r)
	}
	return append(text, raw...)
}

// Name returns the name of a file for one line of text. Line breaks and tabs become
// visible escapes too.
func Name(name string) string {
	var text bytes.Buffer
	escaper := NewEscaper(&text)
	_, _ = escaper.Write([]byte(name)) // a buffer never fails
	_ = escaper.Flush()
	return strings.NewReplacer("\n", `\n`, "\t", `\t`).Replace(text.String())
}
