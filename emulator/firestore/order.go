package firestore

import (
	"encoding/binary"
	"maps"
	"math"
	"slices"
	"strings"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
)

// Values are ordered by an encoding whose bytes sort as Firestore sorts the values,
// so that one string comparison serves order-by, cursors, equality and indexes. An
// encoded value is never a proper prefix of another.
// Reference: firebase.google.com/docs/firestore/manage-data/data-types#value_type_ordering.

// The tags of the types, in their order. 0 is reserved for ends of sequences and 255
// for ends of ranges.
const (
	tagNull byte = iota + 5
	tagFalse
	tagTrue
	tagNaN
	tagNumber
	tagTimestamp
	tagString
	tagBytes
	tagReference
	tagGeoPoint
	tagArray
	tagVector
	tagMap
)

const endOfSequence = 0

// orderKey returns the encoding of v.
func orderKey(v *pb.Value) string { return string(appendValue(nil, v)) }

func appendValue(dst []byte, v *pb.Value) []byte {
	switch t := v.GetValueType().(type) {
	case *pb.Value_BooleanValue:
		if t.BooleanValue {
			return append(dst, tagTrue)
		}
		return append(dst, tagFalse)
	case *pb.Value_IntegerValue:
		return appendInteger(append(dst, tagNumber), t.IntegerValue)
	case *pb.Value_DoubleValue:
		return appendNumber(dst, t.DoubleValue)
	case *pb.Value_TimestampValue:
		dst = appendOrderedInt(append(dst, tagTimestamp), t.TimestampValue.GetSeconds())
		return binary.BigEndian.AppendUint32(dst, uint32(t.TimestampValue.GetNanos()))
	case *pb.Value_StringValue:
		return appendTerminated(append(dst, tagString), t.StringValue)
	case *pb.Value_BytesValue:
		return appendTerminated(append(dst, tagBytes), string(t.BytesValue))
	case *pb.Value_ReferenceValue:
		return appendReference(append(dst, tagReference), t.ReferenceValue)
	case *pb.Value_GeoPointValue:
		dst = appendDouble(append(dst, tagGeoPoint), t.GeoPointValue.GetLatitude())
		return appendDouble(dst, t.GeoPointValue.GetLongitude())
	case *pb.Value_ArrayValue:
		return appendArray(append(dst, tagArray), t.ArrayValue.GetValues())
	case *pb.Value_MapValue:
		return appendMap(dst, t.MapValue.GetFields())
	default:
		return append(dst, tagNull)
	}
}

func appendNumber(dst []byte, d float64) []byte {
	if math.IsNaN(d) {
		return append(dst, tagNaN)
	}
	return appendRounded(appendDouble(append(dst, tagNumber), d), 0)
}

// appendInteger appends the nearest double and then the difference to the integer,
// which is at most 512 either way. Integers and doubles thus compare exactly.
func appendInteger(dst []byte, i int64) []byte {
	d := float64(i)
	if d == 1<<63 { // no int64 has this value
		return appendRounded(appendDouble(dst, d), int16(i-math.MaxInt64)-1)
	}
	return appendRounded(appendDouble(dst, d), int16(i-int64(d)))
}

func appendRounded(dst []byte, residue int16) []byte {
	return binary.BigEndian.AppendUint16(dst, uint16(residue)^1<<15)
}

// appendDouble appends bytes that sort as numbers do. -0 equals 0.
func appendDouble(dst []byte, d float64) []byte {
	bits := math.Float64bits(d)
	if d == 0 {
		bits = 0
	}
	if bits>>63 != 0 {
		bits = ^bits
	} else {
		bits |= 1 << 63
	}
	return binary.BigEndian.AppendUint64(dst, bits)
}

func appendOrderedInt(dst []byte, i int64) []byte {
	return binary.BigEndian.AppendUint64(dst, uint64(i)^1<<63)
}

// appendTerminated appends s, ended by 00 01. It escapes 00 in s as 00 FF.
func appendTerminated(dst []byte, s string) []byte {
	for {
		i := strings.IndexByte(s, 0)
		if i < 0 {
			return append(append(dst, s...), 0, 1)
		}
		dst = append(append(dst, s[:i]...), 0, 0xff)
		s = s[i+1:]
	}
}

// cutTerminated reverses appendTerminated.
func cutTerminated(key string) (s, rest string) {
	var b []byte
	for {
		i := strings.IndexByte(key, 0)
		b = append(b, key[:i]...)
		end := key[i+1] == 1
		key = key[i+2:]
		if end {
			return string(b), key
		}
		b = append(b, 0)
	}
}

func appendReference(dst []byte, name string) []byte {
	for id := range strings.SplitSeq(name, "/") {
		dst = appendID(dst, id)
	}
	return append(dst, endOfSequence, endOfSequence)
}

func appendArray(dst []byte, values []*pb.Value) []byte {
	for _, v := range values {
		dst = appendValue(dst, v)
	}
	return append(dst, endOfSequence)
}

func appendMap(dst []byte, m fields) []byte {
	if v, ok := vector(m); ok {
		dst = binary.BigEndian.AppendUint32(append(dst, tagVector), uint32(len(v)))
		return appendArray(dst, v)
	}
	dst = append(dst, tagMap)
	for _, name := range slices.Sorted(maps.Keys(m)) {
		dst = appendTerminated(append(dst, tagString), name)
		dst = appendValue(dst, m[name])
	}
	return append(dst, endOfSequence)
}

// vector returns the elements of a map that represents a vector:
// {"__type__": "__vector__", "value": [doubles]}.
func vector(m fields) ([]*pb.Value, bool) {
	if len(m) != 2 || m["__type__"].GetStringValue() != "__vector__" {
		return nil, false
	}
	a := m["value"].GetArrayValue()
	return a.GetValues(), a != nil
}

// prefixEnd returns the first string after all strings that begin with prefix, or ""
// if none exists.
func prefixEnd(prefix string) string {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xff {
			return prefix[:i] + string([]byte{prefix[i] + 1})
		}
	}
	return ""
}

// inverted returns a key that sorts in the reverse order.
func inverted(key string) string {
	b := []byte(key)
	for i := range b {
		b[i] = ^b[i]
	}
	return string(b)
}
