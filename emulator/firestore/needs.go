package firestore

import (
	"slices"
	"strings"
)

// Index is an index that a query needs. A query with OR or in needs one for each
// way to satisfy its filter. Firestore answers with one index, or merges several
// that have the same order:
// cloud.google.com/firestore/docs/query-data/index-overview. Fields that sum and avg
// read are not included.
type Index struct {
	Collection string   // ID of the collection
	Group      bool     // covers every collection with that ID
	Equal      []string // paths of fields that must equal a value, sorted
	Contains   []string // paths of arrays that must contain a value, sorted
	// Order has the paths that sort the result, with "-" before a descending one. It
	// omits paths in Equal, and the name if it has the direction of the path before.
	Order []string
}

// Indexes returns the indexes that queries of any database have needed since New,
// each once and in no order. Queries by name alone need none.
func (s *Server) Indexes() []Index {
	found := map[string]Index{}
	for _, db := range s.all() {
		db.mu.Lock()
		for key, ix := range db.neededIndexes {
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

// noteIndex records the index that a plan of the query needs.
func (db *database) noteIndex(q *query, p plan) {
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
	db.neededIndexes[ix.key()] = ix
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
