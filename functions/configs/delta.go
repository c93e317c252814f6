package configs

import (
	"bytes"
	"errors"
	"io"
)

var errDelta = errPack("a change in the pack does not fit the object that it changes; push again")

// deltaSizes returns the sizes of the objects before and after a delta.
func deltaSizes(delta []byte) (before, after int64, err error) {
	r := bytes.NewReader(delta)
	if before, err = readVarint(r); err == nil {
		after, err = readVarint(r)
	}
	switch {
	case err != nil:
		return 0, 0, errDelta
	case after > maxObjectBytes:
		return 0, 0, errTooLarge
	}
	return before, after, nil
}

// applyDelta returns the object that a delta makes of its base.
func applyDelta(base, delta []byte) ([]byte, error) {
	before, after, err := deltaSizes(delta)
	if err != nil || before != int64(len(base)) {
		return nil, errDelta
	}
	r := bytes.NewReader(delta)
	_, _ = readVarint(r) // the sizes are valid
	_, _ = readVarint(r)
	out := make([]byte, 0, after)
	for r.Len() > 0 {
		op, _ := r.ReadByte() // one is left
		from, length, err := copied(r, op)
		if err != nil {
			return nil, errDelta
		}
		source := base
		if op < 0x80 { // the bytes are in the delta
			source, from, length = delta, len(delta)-r.Len(), int(op)
			_, _ = r.Seek(int64(length), io.SeekCurrent) // past the end is an error below
		}
		if length == 0 || from > len(source) || length > len(source)-from || length > cap(out)-len(out) {
			return nil, errDelta
		}
		out = append(out, source[from:from+length]...)
	}
	if int64(len(out)) != after {
		return nil, errDelta
	}
	return out, nil
}

// copied reads which bytes of the base are copied: four bits say which bytes of the offset
// follow, and three which of the length.
func copied(r *bytes.Reader, op byte) (from, length int, err error) {
	if op < 0x80 {
		return 0, 0, nil
	}
	for bit := range 7 {
		if op&(1<<bit) == 0 {
			continue
		}
		b, err := r.ReadByte()
		if err != nil {
			return 0, 0, err
		}
		if bit < 4 {
			from |= int(b) << (8 * bit)
		} else {
			length |= int(b) << (8 * (bit - 4))
		}
	}
	if length == 0 {
		length = 0x10000
	}
	return from, length, nil
}

// readHeader reads the type and the size of an object.
func readHeader(r *bytes.Reader) (kind byte, size int64, err error) {
	b, err := r.ReadByte()
	if err != nil {
		return 0, 0, err
	}
	kind, size = b>>4&7, int64(b&15)
	for shift := 4; b&0x80 != 0; shift += 7 {
		if b, err = r.ReadByte(); err != nil || shift > 40 {
			return 0, 0, errors.Join(err, errTruncated)
		}
		size |= int64(b&0x7f) << shift
	}
	return kind, size, nil
}

// readVarint reads a number of at most 42 bits, whose low bits come first.
func readVarint(r *bytes.Reader) (n int64, err error) {
	for shift := 0; ; shift += 7 {
		b, err := r.ReadByte()
		if err != nil || shift > 35 {
			return 0, errors.Join(err, errTruncated)
		}
		n |= int64(b&0x7f) << shift
		if b&0x80 == 0 {
			return n, nil
		}
	}
}

// readOffset reads how far before a delta its base is. The high bits come first, and each
// further byte adds one, so that every number has one form.
func readOffset(r *bytes.Reader) (n int64, err error) {
	for bytes := 0; ; bytes++ {
		b, err := r.ReadByte()
		if err != nil || bytes > 5 {
			return 0, errors.Join(err, errTruncated)
		}
		n |= int64(b & 0x7f)
		if b&0x80 == 0 {
			return n, nil
		}
		n = (n + 1) << 7
	}
}
