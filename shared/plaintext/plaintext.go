// Package plaintext removes from untrusted text, such as the answer of a language model,
// what could act on its reader:
//
//   - control characters, except newline and tab
//   - invisible characters, and those that change the direction of text: see [run.IsInvisible]
//   - bytes that are not UTF-8
//   - links, images and HTML: a space is inserted, so that no viewer makes them load or open
//
// For example, "![x](https://example.com/?q=secret)" becomes "![x] (https:/ /example.com/?q=secret)",
// which is text in Markdown, in HTML and in a terminal.
package plaintext

import (
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/strongroom-dev/strongroom/shared/run"
)

// Clean returns text without what could act on its reader.
func Clean(text string) string {
	var b strings.Builder
	w := NewWriter(&b)
	_, _ = io.WriteString(w, text) // a Builder does not fail
	_ = w.Flush()
	return b.String()
}

// Line returns text of at most maxBytes as one line: each run of spaces and newlines is one space.
// It cuts text off at the end of a word if it can.
func Line(text string, maxBytes int) string {
	line := strings.Join(strings.Fields(Clean(text[:min(len(text), 4*maxBytes)])), " ")
	if len(line) <= maxBytes {
		return line
	}
	for maxBytes > 0 && !utf8.RuneStart(line[maxBytes]) {
		maxBytes--
	}
	cut := line[:maxBytes]
	if word := strings.LastIndexByte(cut, ' '); word > 0 {
		return cut[:word]
	}
	return cut
}

// Writer cleans text that arrives in pieces, wherever it is split. It is not safe for
// concurrent use.
type Writer struct {
	out     io.Writer
	partial []byte  // an incomplete character, or one that depends on the next, at most 7 bytes
	last    [3]rune // the last characters that were written, the newest first
	text    []byte  // reused
}

// NewWriter returns a Writer that writes to out. Call Flush at the end.
func NewWriter(out io.Writer) *Writer { return &Writer{out: out} }

// Write implements io.Writer.
func (w *Writer) Write(p []byte) (int, error) {
	data := p
	if len(w.partial) > 0 {
		data = append(w.partial, p...)
	}
	w.text = w.text[:0]
	data = w.clean(data, false)
	w.partial = append([]byte(nil), data...)
	if _, err := w.out.Write(w.text); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush writes what is left. It drops an incomplete character.
func (w *Writer) Flush() error {
	w.text = w.text[:0]
	w.clean(w.partial, true)
	w.partial = nil
	_, err := w.out.Write(w.text)
	return err
}

// clean appends data to w.text. It returns what cannot be cleaned before more data, or
// the end, is known.
func (w *Writer) clean(data []byte, atEnd bool) []byte {
	for {
		r, size, after, ok := run.DecodeNext(data, atEnd)
		if !ok {
			return data
		}
		isInvalid := r == utf8.RuneError && size == 1
		isControl := unicode.IsControl(r) && r != '\n' && r != '\t'
		if !isInvalid && !isControl && !run.IsInvisible(w.last[0], r, after) {
			w.add(r)
		}
		data = data[size:]
	}
}

// add appends a character, with a space before it if it would complete a link.
func (w *Writer) add(r rune) {
	if w.completesLink(r) {
		w.text = append(w.text, ' ')
	}
	w.text = utf8.AppendRune(w.text, r)
	w.last = [3]rune{r, w.last[0], w.last[1]}
}

// completesLink reports whether r makes the characters before it a link or a tag, in
// CommonMark, its GitHub dialect (which links www.) or HTML.
func (w *Writer) completesLink(r rune) bool {
	before := w.last[0]
	switch r {
	case '/':
		return before == '/' || before == '<'
	case '(', '[', ':':
		return before == ']'
	case '.':
		return w.last == [3]rune{'w', 'w', 'w'} || w.last == [3]rune{'W', 'W', 'W'}
	}
	return before == '<' && (unicode.IsLetter(r) || r == '!' || r == '?')
}
