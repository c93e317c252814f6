package firestore_test

import (
	"math"
	"testing"

	"cloud.google.com/go/firestore"
	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
)

var aggregateTests = []conformanceTest{
	{"counts, sums and averages", aggregates},
}

func aggregates(t *testing.T, c *firestore.Client) {
	put(t, c, map[string]map[string]any{
		"n/a": {"i": 1, "d": 0.5, "big": int64(math.MaxInt64)}, "n/b": {"i": 2, "d": 1.5, "big": 1},
		"n/c": {"i": "none", "d": 1}, "n/d": {"x": 1},
	})
	n := c.Collection("n")
	positive, three := n.Where("i", ">", 0), n.Limit(3)
	for _, row := range []struct {
		name  string
		query *firestore.AggregationQuery
		want  string
	}{
		{"count", n.NewAggregationQuery().WithCount("r"), "integer_value:4"},
		{"count with a filter", positive.NewAggregationQuery().WithCount("r"), "integer_value:2"},
		{"count with a limit", three.NewAggregationQuery().WithCount("r"), "integer_value:3"},
		{"sum of integers", n.NewAggregationQuery().WithSum("i", "r"), "integer_value:3"},
		{"sum with a double", n.NewAggregationQuery().WithSum("d", "r"), "double_value:3"},
		{"sum that overflows", n.NewAggregationQuery().WithSum("big", "r"), "double_value:9.223372036854776e+18"},
		{"sum of nothing", n.NewAggregationQuery().WithSum("none", "r"), "integer_value:0"},
		{"average", n.NewAggregationQuery().WithAvg("i", "r"), "double_value:1.5"},
		{"average of nothing", n.NewAggregationQuery().WithAvg("none", "r"), "null_value:NULL_VALUE"},
		{"a count and a sum", n.NewAggregationQuery().WithSum("i", "s").WithCount("r"), "integer_value:3"},
	} {
		got, err := row.query.Get(t.Context())
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		if v := got["r"].(*pb.Value); v.String() != row.want {
			t.Errorf("%s: got %v, want %s", row.name, v, row.want)
		}
	}
}
