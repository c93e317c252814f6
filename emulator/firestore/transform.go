package firestore

import (
	"math"
	"time"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
)

// transform computes a field's value from its current value.
// Reference: DocumentTransform.FieldTransform.
type transform struct {
	field fieldPath
	apply func(old *pb.Value, at micros) (now, result *pb.Value)
}

func parseTransforms(in []*pb.DocumentTransform_FieldTransform) ([]transform, error) {
	if len(in) > maxTransforms {
		return nil, invalid("A document has more than %d transforms in one write.", maxTransforms)
	}
	var transforms []transform
	for _, t := range in {
		field, err := parseFieldPath(t.GetFieldPath())
		if err == nil && field.isName() {
			err = invalid("%s cannot be written.", nameField)
		}
		if err != nil {
			return nil, err
		}
		apply, err := parseTransform(t)
		if err != nil {
			return nil, err
		}
		transforms = append(transforms, transform{field, apply})
	}
	return transforms, nil
}

func parseTransform(t *pb.DocumentTransform_FieldTransform) (func(*pb.Value, micros) (now, result *pb.Value), error) {
	switch op := t.GetTransformType().(type) {
	case *pb.DocumentTransform_FieldTransform_SetToServerValue:
		if op.SetToServerValue != pb.DocumentTransform_FieldTransform_REQUEST_TIME {
			return nil, invalid("A transform has an unknown server value.")
		}
		return serverTime, nil
	case *pb.DocumentTransform_FieldTransform_Increment:
		return numeric(op.Increment, sum)
	case *pb.DocumentTransform_FieldTransform_Maximum:
		return numeric(op.Maximum, func(old, v *pb.Value) *pb.Value { return pick(old, v, 1) })
	case *pb.DocumentTransform_FieldTransform_Minimum:
		return numeric(op.Minimum, func(old, v *pb.Value) *pb.Value { return pick(old, v, -1) })
	case *pb.DocumentTransform_FieldTransform_AppendMissingElements:
		return onArray(op.AppendMissingElements, union)
	case *pb.DocumentTransform_FieldTransform_RemoveAllFromArray:
		return onArray(op.RemoveAllFromArray, without)
	}
	return nil, invalid("A transform has no operation.")
}

// serverTime has a precision of milliseconds (ServerValue.REQUEST_TIME).
func serverTime(_ *pb.Value, at micros) (now, result *pb.Value) {
	t := at - at%micros(time.Millisecond/time.Microsecond)
	v := &pb.Value{ValueType: &pb.Value_TimestampValue{TimestampValue: t.proto()}}
	return v, v
}

// numeric applies f to two numbers. If the old value is not a number, the operand replaces it.
func numeric(operand *pb.Value, f func(old, operand *pb.Value) *pb.Value) (func(*pb.Value, micros) (now, result *pb.Value), error) {
	if !isNumber(operand) {
		return nil, invalid("The operand of a numeric transform is not a number.")
	}
	return func(old *pb.Value, _ micros) (now, result *pb.Value) {
		v := operand
		if isNumber(old) {
			v = f(old, operand)
		}
		return v, v
	}, nil
}

func isNumber(v *pb.Value) bool {
	switch v.GetValueType().(type) {
	case *pb.Value_IntegerValue, *pb.Value_DoubleValue:
		return true
	}
	return false
}

func asDouble(v *pb.Value) float64 {
	if i, ok := v.GetValueType().(*pb.Value_IntegerValue); ok {
		return float64(i.IntegerValue)
	}
	return v.GetDoubleValue()
}

func integer(i int64) *pb.Value { return &pb.Value{ValueType: &pb.Value_IntegerValue{IntegerValue: i}} }

func double(d float64) *pb.Value { return &pb.Value{ValueType: &pb.Value_DoubleValue{DoubleValue: d}} }

var null = &pb.Value{ValueType: &pb.Value_NullValue{}}

// sum saturates at the ends of the integers' range. With a double, the result is a double.
func sum(a, b *pb.Value) *pb.Value {
	x, ok := a.GetValueType().(*pb.Value_IntegerValue)
	y, ok2 := b.GetValueType().(*pb.Value_IntegerValue)
	if !ok || !ok2 {
		return double(asDouble(a) + asDouble(b))
	}
	return integer(saturated(x.IntegerValue, y.IntegerValue))
}

func saturated(a, b int64) int64 {
	c := a + b
	switch {
	case a > 0 && b > 0 && c < 0:
		return math.MaxInt64
	case a < 0 && b < 0 && c >= 0:
		return math.MinInt64
	}
	return c
}

// pick returns the larger (sign 1) or smaller (-1) number. It returns the old number
// if they are equal, and NaN if either is NaN.
func pick(old, v *pb.Value, sign int) *pb.Value {
	if math.IsNaN(asDouble(old)) || math.IsNaN(asDouble(v)) {
		return double(math.NaN())
	}
	a, b := orderKey(old), orderKey(v)
	if sign > 0 && b > a || sign < 0 && b < a {
		return v
	}
	return old
}

// onArray applies f to the old elements. The list is empty if the field is not an array.
func onArray(operand *pb.ArrayValue, f func(old, operand []*pb.Value) []*pb.Value) (func(*pb.Value, micros) (now, result *pb.Value), error) {
	if err := normalizeArray(operand.GetValues(), 1); err != nil {
		return nil, err
	}
	return func(old *pb.Value, _ micros) (now, result *pb.Value) {
		values := f(old.GetArrayValue().GetValues(), operand.GetValues())
		return &pb.Value{ValueType: &pb.Value_ArrayValue{ArrayValue: &pb.ArrayValue{Values: values}}}, null
	}, nil
}

func union(old, more []*pb.Value) []*pb.Value {
	seen := keySet(old)
	for _, v := range more {
		if key := orderKey(v); !seen[key] {
			seen[key] = true
			old = append(old, v)
		}
	}
	return old
}

func without(old, gone []*pb.Value) []*pb.Value {
	drop := keySet(gone)
	var kept []*pb.Value
	for _, v := range old {
		if !drop[orderKey(v)] {
			kept = append(kept, v)
		}
	}
	return kept
}

func keySet(values []*pb.Value) map[string]bool {
	set := map[string]bool{}
	for _, v := range values {
		set[orderKey(v)] = true
	}
	return set
}
