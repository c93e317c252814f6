package firestore

import (
	"math"
	"slices"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
)

// The limits are from firebase.google.com/docs/firestore/query-data/queries.
const (
	maxDisjunctions = 30
	maxNotIn        = 10
)

// operator is the operator of a condition.
type operator int

const (
	equal operator = iota + 1
	notEqual
	less
	lessOrEqual
	greater
	greaterOrEqual
	arrayContains
	notIn
)

// inequality reports whether the operator adds its field to the implied orders.
func (o operator) inequality() bool { return o != equal && o != arrayContains }

// condition is a condition on one field. It compares order keys of values.
type condition struct {
	field fieldPath
	op    operator
	keys  []string // one, or several for notIn
}

// disjunction is a filter in disjunctive normal form. A document matches if it
// satisfies all conditions of at least one conjunction.
type (
	disjunction []conjunction
	conjunction []condition
)

func parseFilter(f *pb.StructuredQuery_Filter) (disjunction, error) {
	switch t := f.GetFilterType().(type) {
	case *pb.StructuredQuery_Filter_CompositeFilter:
		return parseComposite(t.CompositeFilter)
	case *pb.StructuredQuery_Filter_FieldFilter:
		return parseFieldFilter(t.FieldFilter)
	case *pb.StructuredQuery_Filter_UnaryFilter:
		return parseUnary(t.UnaryFilter)
	}
	return nil, invalid("A filter has no type.")
}

func parseComposite(f *pb.StructuredQuery_CompositeFilter) (disjunction, error) {
	if len(f.GetFilters()) == 0 {
		return nil, invalid("A composite filter is empty.")
	}
	combine := map[pb.StructuredQuery_CompositeFilter_Operator]func(a, b disjunction) disjunction{
		pb.StructuredQuery_CompositeFilter_AND: both,
		pb.StructuredQuery_CompositeFilter_OR:  func(a, b disjunction) disjunction { return append(a, b...) },
	}[f.GetOp()]
	if combine == nil {
		return nil, invalid("A composite filter is neither AND nor OR.")
	}
	var all disjunction
	for i, part := range f.GetFilters() {
		d, err := parseFilter(part)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			all = d
		} else {
			all = combine(all, d)
		}
		if len(all) > maxDisjunctions {
			return nil, invalid("The query has more than %d disjunctions.", maxDisjunctions)
		}
	}
	return all, nil
}

func both(a, b disjunction) disjunction {
	var all disjunction
	for _, x := range a {
		for _, y := range b {
			all = append(all, append(append(conjunction{}, x...), y...))
		}
	}
	return all
}

func one(field fieldPath, op operator, keys ...string) disjunction {
	return disjunction{{condition{field, op, keys}}}
}

func parseUnary(f *pb.StructuredQuery_UnaryFilter) (disjunction, error) {
	field, err := parseFieldPath(f.GetField().GetFieldPath())
	if err != nil {
		return nil, err
	}
	nan := double(math.NaN())
	switch f.GetOp() {
	case pb.StructuredQuery_UnaryFilter_IS_NAN:
		return one(field, equal, orderKey(nan)), nil
	case pb.StructuredQuery_UnaryFilter_IS_NULL:
		return one(field, equal, orderKey(null)), nil
	case pb.StructuredQuery_UnaryFilter_IS_NOT_NAN:
		return one(field, notEqual, orderKey(nan)), nil
	case pb.StructuredQuery_UnaryFilter_IS_NOT_NULL:
		return one(field, notEqual, orderKey(null)), nil
	}
	return nil, invalid("A unary filter has no operator.")
}

var simpleOperators = map[pb.StructuredQuery_FieldFilter_Operator]operator{
	pb.StructuredQuery_FieldFilter_EQUAL:                 equal,
	pb.StructuredQuery_FieldFilter_NOT_EQUAL:             notEqual,
	pb.StructuredQuery_FieldFilter_LESS_THAN:             less,
	pb.StructuredQuery_FieldFilter_LESS_THAN_OR_EQUAL:    lessOrEqual,
	pb.StructuredQuery_FieldFilter_GREATER_THAN:          greater,
	pb.StructuredQuery_FieldFilter_GREATER_THAN_OR_EQUAL: greaterOrEqual,
	pb.StructuredQuery_FieldFilter_ARRAY_CONTAINS:        arrayContains,
}

func parseFieldFilter(f *pb.StructuredQuery_FieldFilter) (disjunction, error) {
	field, err := parseFieldPath(f.GetField().GetFieldPath())
	if err != nil {
		return nil, err
	}
	if err := checkOperand(field, f.GetValue()); err != nil {
		return nil, err
	}
	if op, ok := simpleOperators[f.GetOp()]; ok {
		return one(field, op, orderKey(f.GetValue())), nil
	}
	return parseListFilter(field, f)
}

// parseListFilter turns in and array-contains-any into one conjunction per value.
func parseListFilter(field fieldPath, f *pb.StructuredQuery_FieldFilter) (disjunction, error) {
	values := f.GetValue().GetArrayValue().GetValues()
	if len(values) == 0 {
		return nil, invalid("'%s' requires an non-empty ArrayValue.", f.GetOp())
	}
	keys := listKeys(values)
	op := equal
	switch f.GetOp() {
	case pb.StructuredQuery_FieldFilter_NOT_IN:
		if len(values) > maxNotIn {
			return nil, invalid("'NOT_IN' supports up to %d comparison values.", maxNotIn)
		}
		return one(field, notIn, keys...), nil
	case pb.StructuredQuery_FieldFilter_ARRAY_CONTAINS_ANY:
		op = arrayContains
	case pb.StructuredQuery_FieldFilter_IN:
	default:
		return nil, invalid("A field filter has no operator.")
	}
	if len(values) > maxDisjunctions {
		return nil, invalid("'%s' supports up to %d comparison values.", f.GetOp(), maxDisjunctions)
	}
	d := disjunction{}
	for _, key := range keys {
		if op == arrayContains || !isNull(key) {
			d = append(d, one(field, op, key)...)
		}
	}
	return d, nil
}

// listKeys returns the order keys of a list's values. NaN in a list matches nothing
// and is omitted. Null is kept: in ignores it, and not-in with it matches nothing.
func listKeys(values []*pb.Value) []string {
	return slices.DeleteFunc(distinctKeys(values), func(key string) bool { return key[0] == tagNaN })
}

// check rejects filters that Firestore's indexes do not support.
func (d disjunction) check() error {
	for _, conj := range d {
		contains, excludes := 0, 0
		for _, c := range conj {
			if c.op == arrayContains && c.field.isName() {
				return invalid("%s is not an array.", nameField)
			}
			switch c.op {
			case arrayContains:
				contains++
			case notEqual, notIn:
				excludes++
			}
		}
		if contains > 1 {
			return invalid("A maximum of 1 'ARRAY_CONTAINS' filter is allowed per disjunction.")
		}
		if excludes > 1 {
			return invalid("Only a single 'NOT_EQUAL', 'NOT_IN', 'IS_NOT_NAN', or 'IS_NOT_NULL' filter allowed per query.")
		}
	}
	return nil
}

// checkOperand requires references in comparisons with the name.
func checkOperand(field fieldPath, v *pb.Value) error {
	if v.GetValueType() == nil {
		return invalid("A filter has no value.")
	}
	if !field.isName() {
		return nil
	}
	values := []*pb.Value{v}
	if a := v.GetArrayValue(); a != nil {
		values = a.GetValues()
	}
	for _, v := range values {
		if _, ok := v.GetValueType().(*pb.Value_ReferenceValue); !ok {
			return invalid("__key__ filter value must be a Key")
		}
		if err := checkReference(v.GetReferenceValue()); err != nil {
			return err
		}
	}
	return nil
}

// matches checks a field's value. An absent field, nil, never matches.
func (c condition) matches(v *pb.Value) bool {
	if v == nil {
		return false
	}
	if c.op == arrayContains {
		return keySet(v.GetArrayValue().GetValues())[c.keys[0]]
	}
	key := orderKey(v)
	switch c.op {
	case equal:
		return key == c.keys[0]
	case notEqual:
		return key != c.keys[0] && !isNull(key)
	case notIn:
		return c.notIn(key)
	}
	if class(key) != class(c.keys[0]) {
		return false
	}
	switch c.op {
	case less:
		return key < c.keys[0]
	case lessOrEqual:
		return key <= c.keys[0]
	case greater:
		return key > c.keys[0]
	default:
		return key >= c.keys[0]
	}
}

func (c condition) notIn(key string) bool {
	for _, k := range c.keys {
		if k == key || isNull(k) {
			return false
		}
	}
	return !isNull(key)
}

func isNull(key string) bool { return key[0] == tagNull }

// class returns the class of a value's type: an inequality compares only values of
// the same class. It is the lowest tag of these types.
func class(key string) byte {
	if key[0] == tagTrue {
		return tagFalse
	}
	return key[0]
}

// classEnd returns the highest tag of the class.
func classEnd(class byte) byte {
	if class == tagFalse {
		return tagTrue
	}
	return class
}
