// Package charset recognizes text that is not UTF-8. Windows programs, such as older
// PowerShells, write UTF-16.
package charset

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// Encoding is an encoding of text other than UTF-8. The zero Encoding means that none was recognized.
type Encoding string

// The encodings that can be recognized.
const (
	UTF16LE Encoding = "UTF-16 (little-endian)"
	UTF16BE Encoding = "UTF-16 (big-endian)"
	Other   Encoding = "not UTF-8, perhaps Latin-1"
)

// sniffed is how many bytes are looked at.
const sniffed = 512

// minUnits is how many characters without a byte order mark are enough to recognize
// UTF-16.
const minUnits = 4

// UTF16 returns the encoding of a text that starts with these bytes, if it is UTF-16:
// it has a byte order mark, or most of its characters are ASCII, so that every other
// byte is zero.
func UTF16(start []byte) Encoding {
	start = start[:min(len(start), sniffed)]
	switch {
	case bytes.HasPrefix(start, []byte{0xff, 0xfe}):
		return UTF16LE
	case bytes.HasPrefix(start, []byte{0xfe, 0xff}):
		return UTF16BE
	}
	var zeros [2]int // at even and at odd places
	for i, b := range start {
		if b == 0 {
			zeros[i%2]++
		}
	}
	units := len(start) / 2
	switch {
	case units < minUnits:
		return ""
	case zeros[0] == 0 && zeros[1] >= units*3/4:
		return UTF16LE
	case zeros[1] == 0 && zeros[0] >= units*3/4:
		return UTF16BE
	}
	return ""
}

// Of returns the encoding of a whole text. It is "" if the text is UTF-8.
func Of(text []byte) Encoding {
	if e := UTF16(text); e != "" {
		return e
	}
	if !utf8.Valid(text) {
		return Other
	}
	return ""
}

// Order returns the byte order of UTF-16.
func (e Encoding) Order() binary.ByteOrder {
	if e == UTF16BE {
		return binary.BigEndian
	}
	return binary.LittleEndian
}
