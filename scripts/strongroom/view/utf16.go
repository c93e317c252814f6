package view

import (
	"encoding/binary"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/strongroom-dev/strongroom/shared/charset"
)

// Decoder writes text as UTF-8, if its start shows that it is UTF-16. Any other text is
// written as it is.
type Decoder struct {
	out   io.Writer
	found func(charset.Encoding) // called for text that is UTF-16
	keep  bool                   // write UTF-16 as it is

	started bool
	order   binary.ByteOrder // nil: the text is written as it is
	partial []byte           // the start of the text, or half of a character
}

// NewDecoder returns a Decoder that writes to out, and calls found with the encoding of a
// text that is UTF-16. If keep is set, it does not change the text. Call Flush at the end.
func NewDecoder(out io.Writer, keep bool, found func(charset.Encoding)) *Decoder {
	return &Decoder{out: out, keep: keep, found: found}
}

// Write implements io.Writer.
func (d *Decoder) Write(p []byte) (int, error) {
	data := p
	if len(d.partial) > 0 {
		data = append(d.partial, p...)
		d.partial = nil
	}
	if !d.started {
		d.start(data)
	}
	_, err := d.out.Write(d.decode(data, false))
	return len(p), err
}

// start finds the encoding. The first write of an output has its start: at least a few
// bytes, unless there are no more yet.
func (d *Decoder) start(data []byte) {
	d.started = true
	encoding := charset.UTF16(data)
	if encoding == "" {
		return
	}
	d.found(encoding)
	if !d.keep {
		d.order = encoding.Order()
	}
}

// decode returns text as UTF-8, and keeps half a character for the next write.
func (d *Decoder) decode(data []byte, atEnd bool) []byte {
	if d.order == nil {
		return data
	}
	var text []byte
	for len(data) >= 2 {
		r := rune(d.order.Uint16(data))
		size := 2
		if utf16.IsSurrogate(r) && len(data) < 4 && !atEnd {
			break
		}
		if utf16.IsSurrogate(r) && len(data) >= 4 {
			if pair := utf16.DecodeRune(r, rune(d.order.Uint16(data[2:]))); pair != utf8.RuneError {
				r, size = pair, 4
			}
		}
		data = data[size:]
		if r != '\ufeff' {
			text = utf8.AppendRune(text, r)
		}
	}
	if atEnd {
		return append(text, data...)
	}
	d.partial = append([]byte(nil), data...)
	return text
}

// Flush writes what is left.
func (d *Decoder) Flush() error {
	if len(d.partial) == 0 {
		return nil
	}
	_, err := d.out.Write(d.decode(d.partial, true))
	d.partial = nil
	return err
}
