package firestore_test

import (
	"testing"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
)

var queryTests = []conformanceTest{
	{"filters, orders and cursors", queries},
	{"queries that Firestore rejects", rejectedQueries},
	{"a projection shows only its fields", projection},
}

func queries(t *testing.T, c *firestore.Client) {
	put(t, c, map[string]map[string]any{
		"n/a": {"x": 1, "g": "u", "t": []string{"p", "q"}},
		"n/b": {"x": 2, "g": "u", "t": []string{"q"}},
		"n/c": {"x": 3, "g": "v"},
		"n/d": {"x": "s", "g": "v"},
		"n/e": {"g": "u"},
		"n/f": {"x": nil, "g": "u"},
	})
	n := c.Collection("n")
	for _, row := range []struct {
		name  string
		query firestore.Query
		want  string
	}{
		{"all, by name", n.Query, "a b c d e f"},
		{"equality by name, backwards", n.Where("g", "==", "u").OrderBy("__name__", firestore.Desc), "f e b a"},
		{"in, ordered backwards by another field", n.Where("x", "in", []any{2, 1, "s"}).OrderBy("g", firestore.Desc), "d b a"},
		{"in leaves out null", n.Where("x", "in", []any{1, nil}), "a"},
		{"in null only finds nothing", n.Where("x", "in", []any{nil}), ""},
		{"not in with null finds nothing", n.Where("x", "not-in", []any{1, nil}), ""},
		{"names in", n.Where("__name__", "in", []any{n.Doc("c"), n.Doc("a"), n.Doc("absent")}), "a c"},
		{"cursors of both orders", n.OrderBy("g", firestore.Asc).OrderBy("x", firestore.Desc).StartAt("u", 1).EndBefore("v", 3), "a f d"},
		{"an order and a name", n.OrderBy("g", firestore.Asc).OrderBy("__name__", firestore.Desc).StartAt("u", "b"), "b a d c"},
		{"two inequalities", n.Where("x", ">", 0).Where("g", ">", "u"), "c"},
		{"an order leaves out what lacks the field", n.OrderBy("x", firestore.Asc), "f a b c d"},
		{"an order, backwards", n.OrderBy("x", firestore.Desc), "d c b a f"},
		{"greater compares within a type", n.Where("x", ">", 1), "b c"},
		{"at most", n.Where("x", "<=", 2), "a b"},
		{"equality", n.Where("g", "==", "u"), "a b e f"},
		{"equality, ordered by another field", n.Where("g", "==", "u").OrderBy("x", firestore.Desc), "b a f"},
		{"in", n.Where("x", "in", []any{1, "s", 9}), "a d"},
		{"not equal leaves out null and absent", n.Where("x", "!=", 2), "a c d"},
		{"not in", n.Where("x", "not-in", []any{1, 2}), "c d"},
		{"is null", n.Where("x", "==", nil), "f"},
		{"is not null", n.Where("x", "!=", nil), "a b c d"},
		{"array-contains", n.Where("t", "array-contains", "q"), "a b"},
		{"array-contains-any", n.Where("t", "array-contains-any", []string{"p", "q"}), "a b"},
		{"start at", n.OrderBy("x", firestore.Asc).StartAt(2), "b c d"},
		{"start after", n.OrderBy("x", firestore.Asc).StartAfter(2), "c d"},
		{"end before, backwards", n.OrderBy("x", firestore.Desc).EndBefore(1), "d c b"},
		{"end at, backwards", n.OrderBy("x", firestore.Desc).EndAt(1), "d c b a"},
		{"limit and offset", n.OrderBy("x", firestore.Asc).Offset(1).Limit(2), "a b"},
		{"limit to last", n.OrderBy("x", firestore.Asc).LimitToLast(2), "c d"},
		{"a range of names", n.Where("__name__", ">", n.Doc("b")).Where("__name__", "<=", n.Doc("d")), "c d"},
		{"or", n.WhereEntity(firestore.OrFilter{Filters: []firestore.EntityFilter{
			firestore.PropertyFilter{Path: "x", Operator: "==", Value: 1},
			firestore.PropertyFilter{Path: "g", Operator: "==", Value: "v"},
		}}), "a c d"},
	} {
		if got := ids(t, row.query); got != row.want {
			t.Errorf("%s: got %q, want %q", row.name, got, row.want)
		}
	}
}

func rejectedQueries(t *testing.T, c *firestore.Client) {
	n := c.Collection("n")
	for _, row := range []struct {
		name  string
		query firestore.Query
		want  codes.Code
	}{
		{"by name, backwards", n.OrderBy("__name__", firestore.Desc), codes.FailedPrecondition},
		{"an order after the name", n.OrderBy("__name__", firestore.Asc).OrderBy("x", firestore.Asc), codes.InvalidArgument},
		{"two not-equals", n.Where("x", "!=", 1).Where("x", "!=", 2), codes.InvalidArgument},
		{"two array-contains", n.Where("x", "array-contains", 1).Where("y", "array-contains", 2), codes.InvalidArgument},
		{"in nothing", n.Where("x", "in", []any{}), codes.InvalidArgument},
		{"in 31 values", n.Where("x", "in", make([]int, 31)), codes.InvalidArgument},
		{"not in 11 values", n.Where("x", "not-in", make([]int, 11)), codes.InvalidArgument},
		{"the same order twice", n.OrderBy("x", firestore.Asc).OrderBy("x", firestore.Desc), codes.InvalidArgument},
		{"a reserved field", n.Where("__x__", "==", 1), codes.InvalidArgument},
	} {
		_, err := row.query.Documents(t.Context()).GetAll()
		wantCode(t, row.name, err, row.want)
	}
}

func projection(t *testing.T, c *firestore.Client) {
	put(t, c, map[string]map[string]any{"n/a": {"x": 1, "m": map[string]any{"in": 2, "out": 3}}})
	snaps, err := c.Collection("n").Select("m.in", "absent").Documents(t.Context()).GetAll()
	if err != nil || len(snaps) != 1 {
		t.Fatal(snaps, err)
	}
	if diff := cmp.Diff(map[string]any{"m": map[string]any{"in": int64(2)}}, snaps[0].Data()); diff != "" {
		t.Error(diff)
	}
}
