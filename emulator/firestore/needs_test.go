package firestore_test

import (
	"cmp"
	"slices"
	"testing"

	"cloud.google.com/go/firestore"
	gocmp "github.com/google/go-cmp/cmp"

	emulated "github.com/strongroom-dev/strongroom/emulator/firestore"
)

func TestIndexesAreWhatQueriesNeed(t *testing.T) {
	t.Parallel()
	server := newServer(t, emulated.Config{})
	c := connectTo(t, listen(t, server), "p")
	n := c.Collection("n")
	for _, row := range []struct {
		name  string
		query firestore.Query
		want  []emulated.Index
	}{
		{"all of a collection need none", n.Query, nil},
		{"names in order need none", n.OrderBy(firestore.DocumentID, firestore.Asc), nil},
		{"an order", c.Collection("o").OrderBy("x", firestore.Asc), []emulated.Index{{Collection: "o", Order: []string{"x"}}}},
		{"an order, descending", c.Collection("d").OrderBy("x", firestore.Desc), []emulated.Index{{Collection: "d", Order: []string{"-x"}}}},
		{"equality needs no order", c.Collection("e").Where("b", "==", 1).Where("a.c", "==", 1), []emulated.Index{{Collection: "e", Equal: []string{"a.c", "b"}}}},
		{"an order by a field that must equal a value is omitted", c.Collection("g").Where("b", "==", 1).OrderBy("b", firestore.Asc).OrderBy("a", firestore.Desc), []emulated.Index{{Collection: "g", Equal: []string{"b"}, Order: []string{"-a"}}}},
		{"an inequality orders", c.Collection("i").Where("b", "==", 1).Where("a", "!=", 1), []emulated.Index{{Collection: "i", Equal: []string{"b"}, Order: []string{"a"}}}},
		{"a subcollection counts by its ID", c.Collection("p/q/e").Where("a.c", "==", 1).Where("b", "==", 1), []emulated.Index{{Collection: "e", Equal: []string{"a.c", "b"}}}},
		{"a group is another scope", c.CollectionGroup("e").Where("b", "==", 1), []emulated.Index{{Collection: "e", Group: true, Equal: []string{"b"}}}},
		{"an array that contains", c.Collection("a").Where("t", "array-contains", 1).Where("b", "==", 1), []emulated.Index{{Collection: "a", Equal: []string{"b"}, Contains: []string{"t"}}}},
		{"either of two needs two", c.Collection("w").WhereEntity(firestore.OrFilter{Filters: []firestore.EntityFilter{
			firestore.PropertyFilter{Path: "a", Operator: "==", Value: 1}, firestore.PropertyFilter{Path: "b", Operator: "==", Value: 1},
		}}), []emulated.Index{{Collection: "w", Equal: []string{"a"}}, {Collection: "w", Equal: []string{"b"}}}},
	} {
		before := indexes(server)
		if _, err := row.query.Documents(t.Context()).GetAll(); err != nil {
			t.Fatalf("%s: %v", row.name, err)
		}
		for _, ix := range row.want {
			if !slices.ContainsFunc(before, func(b emulated.Index) bool { return gocmp.Equal(b, ix) }) {
				before = append(before, ix)
			}
		}
		if diff := gocmp.Diff(sortedIndexes(before), indexes(server)); diff != "" {
			t.Errorf("%s: want (-), got (+):\n%s", row.name, diff)
		}
	}
}

func indexes(s *emulated.Server) []emulated.Index { return sortedIndexes(s.Indexes()) }

func sortedIndexes(all []emulated.Index) []emulated.Index {
	slices.SortFunc(all, func(a, b emulated.Index) int {
		return cmp.Or(cmp.Compare(a.Collection, b.Collection), slices.Compare(a.Equal, b.Equal), slices.Compare(a.Order, b.Order), cmp.Compare(b2i(a.Group), b2i(b.Group)))
	})
	return all
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
