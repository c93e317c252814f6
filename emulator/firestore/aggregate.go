package firestore

import (
	"fmt"
	"iter"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
)

const maxAggregations = 5 // per query: StructuredAggregationQuery.aggregations

// aggregation is one aggregation of a query.
type aggregation struct {
	alias string
	field fieldPath // nil: count
	upTo  int64     // of a count; 0: unlimited
	mean  bool
}

// parseAggregations makes the query find only documents that have all aggregated
// fields, because Firestore's indexes contain only those.
func (q *query) parseAggregations(in []*pb.StructuredAggregationQuery_Aggregation) ([]aggregation, error) {
	if len(in) == 0 || len(in) > maxAggregations {
		return nil, invalid("An aggregation query must have 1 to %d aggregations.", maxAggregations)
	}
	var all []aggregation
	seen := map[string]bool{}
	for i, one := range in {
		a, err := parseAggregation(one)
		if err != nil {
			return nil, err
		}
		if a.alias == "" {
			a.alias = fmt.Sprintf("field_%d", i+1)
		}
		if seen[a.alias] {
			return nil, invalid("Aggregation alias %q is used twice.", a.alias)
		}
		seen[a.alias] = true
		all = append(all, a)
		if a.field != nil {
			q.exists = append(q.exists, a.field)
		}
	}
	return all, nil
}

func parseAggregation(in *pb.StructuredAggregationQuery_Aggregation) (a aggregation, err error) {
	a.alias = in.GetAlias()
	switch op := in.GetOperator().(type) {
	case *pb.StructuredAggregationQuery_Aggregation_Count_:
		a.upTo = op.Count.GetUpTo().GetValue()
		if op.Count.GetUpTo() != nil && a.upTo <= 0 {
			err = invalid("up_to of a count must be positive.")
		}
	case *pb.StructuredAggregationQuery_Aggregation_Sum_:
		a.field, err = parseFieldPath(op.Sum.GetField().GetFieldPath())
	case *pb.StructuredAggregationQuery_Aggregation_Avg_:
		a.mean = true
		a.field, err = parseFieldPath(op.Avg.GetField().GetFieldPath())
	default:
		err = invalid("An aggregation has no operator.")
	}
	return a, err
}

// total accumulates one aggregation.
type total struct {
	aggregation
	seen    int64 // documents
	numbers int64 // among the field's values
	exact   int64 // sum of the integers, as long as it fits
	inexact float64
	double  bool
}

func (t *total) add(doc fields) {
	t.seen++
	if t.field == nil {
		return
	}
	v := t.field.get(doc)
	if !isNumber(v) {
		return
	}
	t.numbers++
	t.inexact += asDouble(v)
	if _, ok := v.GetValueType().(*pb.Value_IntegerValue); !ok {
		t.double = true
	}
	i := v.GetIntegerValue()
	t.double = t.double || i != 0 && (t.exact+i > t.exact) != (i > 0) // overflow
	t.exact += i
}

func (t *total) value() *pb.Value {
	switch {
	case t.field == nil && t.upTo > 0:
		return integer(min(t.seen, t.upTo))
	case t.field == nil:
		return integer(t.seen)
	case t.mean && t.numbers == 0:
		return null
	case t.mean:
		return double(t.inexact / float64(t.numbers))
	case t.double:
		return double(t.inexact)
	}
	return integer(t.exact)
}

// aggregate reads all documents once and returns their number. It decodes them only
// if an aggregation needs their fields.
func aggregate(documents iter.Seq[*document], as []aggregation) (results fields, read int64) {
	totals := make([]total, len(as))
	decode := false
	for i, a := range as {
		totals[i].aggregation = a
		decode = decode || a.field != nil
	}
	for d := range documents {
		read++
		var doc fields
		if decode {
			doc = d.fields()
		}
		for i := range totals {
			totals[i].add(doc)
		}
	}
	results = fields{}
	for i := range totals {
		results[totals[i].alias] = totals[i].value()
	}
	return results, read
}
