package firestore_test

import (
	"testing"

	"cloud.google.com/go/firestore"
)

var queryTests = []conformanceTest{
	{"filters, orders and cursors", queries},
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
		{"by name, backwards", n.OrderBy("__name__", firestore.Desc), "f e d c b a"},
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
