package firestore

import (
	"bytes"
	"cmp"
	"maps"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/protobuf/proto"
)

// FuzzOrder compares the encoding with a comparison written down type by type,
// for any two documents' values.
func FuzzOrder(f *testing.F) {
	seeds := [][]*pb.Value{
		{integer(1<<53 + 1), double(1 << 53), integer(math.MaxInt64), double(1 << 63), integer(math.MinInt64)},
		{double(math.NaN()), double(math.Inf(-1)), double(math.Copysign(0, -1)), integer(0)},
		{str(""), str("a\x00"), str("a"), str("a\x00b"), null},
		{list(str("a")), list(), list(null, null), list(integer(1))},
	}
	for _, values := range seeds {
		data, err := proto.Marshal(&pb.ArrayValue{Values: values})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var a pb.ArrayValue
		if proto.Unmarshal(data, &a) != nil || normalizeArray(a.Values, 1) != nil {
			return
		}
		for _, v := range a.Values {
			for _, w := range a.Values {
				if got, want := cmp.Compare(orderKey(v), orderKey(w)), compare(v, w); got != want {
					t.Errorf("%v and %v: encoded %d, compared %d", v, w, got, want)
				}
			}
		}
	})
}

func TestNoEncodedValueIsAPrefixOfAnother(t *testing.T) {
	t.Parallel()
	values := []*pb.Value{
		null, str(""), str("\x00"), str("\x00\x01"), str("a"), list(), list(str("")), list(null),
		{ValueType: &pb.Value_ReferenceValue{ReferenceValue: "a/b"}}, {ValueType: &pb.Value_ReferenceValue{ReferenceValue: "a/b/c/d"}},
		{ValueType: &pb.Value_MapValue{MapValue: &pb.MapValue{Fields: fields{"a": null}}}},
		{ValueType: &pb.Value_MapValue{}},
	}
	for i, v := range values {
		for j, w := range values {
			if i != j && strings.HasPrefix(orderKey(w), orderKey(v)) {
				t.Errorf("%v begins as %v does", w, v)
			}
		}
	}
}

func TestKeysDecodeToPaths(t *testing.T) {
	t.Parallel()
	for _, p := range []path{{"a", "b"}, {"a", "b", "c", "d"}, {"\x00", "\x00\x01"}, {"a\x00b", "c\xff"}} {
		if got := parsePath(documentKey(p)); !slices.Equal(got, p) {
			t.Errorf("%q came back as %q", p, got)
		}
	}
}

func str(s string) *pb.Value { return &pb.Value{ValueType: &pb.Value_StringValue{StringValue: s}} }

func list(values ...*pb.Value) *pb.Value {
	return &pb.Value{ValueType: &pb.Value_ArrayValue{ArrayValue: &pb.ArrayValue{Values: values}}}
}

// compare is what the encoding must agree with.
func compare(a, b *pb.Value) int {
	if c := cmp.Compare(rank(a), rank(b)); c != 0 {
		return c
	}
	switch x := a.GetValueType().(type) {
	case *pb.Value_IntegerValue, *pb.Value_DoubleValue:
		return compareNumbers(a, b)
	case *pb.Value_TimestampValue:
		return x.TimestampValue.AsTime().Compare(b.GetTimestampValue().AsTime())
	case *pb.Value_StringValue:
		return strings.Compare(x.StringValue, b.GetStringValue())
	case *pb.Value_BytesValue:
		return bytes.Compare(x.BytesValue, b.GetBytesValue())
	case *pb.Value_ReferenceValue:
		return slices.Compare(strings.Split(x.ReferenceValue, "/"), strings.Split(b.GetReferenceValue(), "/"))
	case *pb.Value_GeoPointValue:
		p, q := x.GeoPointValue, b.GetGeoPointValue()
		return cmp.Or(cmp.Compare(p.GetLatitude(), q.GetLatitude()), cmp.Compare(p.GetLongitude(), q.GetLongitude()))
	case *pb.Value_ArrayValue:
		return slices.CompareFunc(x.ArrayValue.GetValues(), b.GetArrayValue().GetValues(), compare)
	case *pb.Value_MapValue:
		return compareMaps(x.MapValue.GetFields(), b.GetMapValue().GetFields())
	}
	return 0
}

func rank(v *pb.Value) int {
	switch x := v.GetValueType().(type) {
	case *pb.Value_BooleanValue:
		if x.BooleanValue {
			return 2
		}
		return 1
	case *pb.Value_IntegerValue:
		return 4
	case *pb.Value_DoubleValue:
		if math.IsNaN(x.DoubleValue) {
			return 3
		}
		return 4
	case *pb.Value_TimestampValue:
		return 5
	case *pb.Value_StringValue:
		return 6
	case *pb.Value_BytesValue:
		return 7
	case *pb.Value_ReferenceValue:
		return 8
	case *pb.Value_GeoPointValue:
		return 9
	case *pb.Value_ArrayValue:
		return 10
	case *pb.Value_MapValue:
		if _, ok := vector(x.MapValue.GetFields()); ok {
			return 11
		}
		return 12
	}
	return 0
}

func compareNumbers(a, b *pb.Value) int {
	if rank(a) == 3 {
		return 0
	}
	return exactly(a).Cmp(exactly(b))
}

func exactly(v *pb.Value) *big.Float {
	f := new(big.Float).SetPrec(100)
	if i, ok := v.GetValueType().(*pb.Value_IntegerValue); ok {
		return f.SetInt64(i.IntegerValue)
	}
	return f.SetFloat64(v.GetDoubleValue())
}

func compareMaps(a, b fields) int {
	if x, ok := vector(a); ok {
		y, _ := vector(b)
		return cmp.Or(cmp.Compare(len(x), len(y)), slices.CompareFunc(x, y, compare))
	}
	names, others := slices.Sorted(maps.Keys(a)), slices.Sorted(maps.Keys(b))
	for i, name := range names[:min(len(names), len(others))] {
		if c := cmp.Or(cmp.Compare(name, others[i]), compare(a[name], b[others[i]])); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(names), len(others))
}
