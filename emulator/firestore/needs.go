package firestore

import (
	"slices"
	"strings"
)

// Index is what an index must have to answer a query that was asked. Filters
// with OR or in ask several, one for each way to satisfy them. Firestore
// answers one with a single index, or by merging several that share the order:
// cloud.google.com/firestore/docs/query-data/index-overview. Fields that sum and
// avg read are not part of it.
type Index struct {
	Collection string   // id of the collection
	Group      bool     // over every collection with that id
	Equal      []string // paths of fields that equal a value, sorted
	Contains   []string // paths of arrays that contain a value, sorted
	Order      []string // paths that the answer is sorted by, "-" before one that descends; without those in Equal, and without the name where it follows in the last one's direction
}

// Indexes are those that queries needed since New, in any database, each once
// and in no order. Queries by name alone need none. It is a snapshot.
func (s *Server) Indexes() []Index {
	found := map[string]Index{}
	for _, db := range s.all() {
		db.mu.Lock()
		for key, ix := range db.needs {
			found[key] = ix
		}
		db.mu.Unlock()
	}
	all := make([]Index, 0, len(found))
	for _, ix := range found {
		all = append(all, ix)
	}
	return all
}

// need notes the index that a plan of the query asks for.
func (db *database) need(q *query, p plan) {
	if len(p.columns) == 0 {
		return
	}
	order := q.orderColumns(false)
	ix := Index{Collection: q.collection, Group: q.group}
	for _, c := range p.columns[:len(p.columns)-len(order)] {
		if c.kind == contains {
			ix.Contains = append(ix.Contains, c.field.String())
		} else {
			ix.Equal = append(ix.Equal, c.field.String())
		}
	}
	for _, c := range order {
		if !slices.Contains(ix.Equal, c.field.String()) {
			ix.Order = append(ix.Order, []string{"", "-"}[c.kind]+c.field.String())
		}
	}
	if q.backward() != (order != nil && order[len(order)-1].kind == descending) && len(ix.Order) > 0 {
		ix.Order = append(ix.Order, map[bool]string{true: "-"}[q.backward()]+nameField)
	}
	slices.Sort(ix.Equal)
	slices.Sort(ix.Contains)
	db.mu.Lock()
	defer db.mu.Unlock()
	db.needs[ix.key()] = ix
}

func (ix Index) key() string {
	group := ""
	if ix.Group {
		group = "group"
	}
	var b strings.Builder
	for _, part := range [][]string{{ix.Collection, group}, ix.Equal, ix.Contains, ix.Order} {
		b.WriteString(strings.Join(part, "\x00") + "\x01")
	}
	return b.String()
}
