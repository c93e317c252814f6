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
	Order      []string // paths that the answer is sorted by, "-" before one that descends; the name, which follows in the last one's direction, is left out
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
	ix := Index{Collection: q.collection, Group: q.group, Order: q.order()}
	for _, c := range p.columns[:len(p.columns)-len(ix.Order)] {
		if c.kind == contains {
			ix.Contains = append(ix.Contains, c.field.String())
		} else {
			ix.Equal = append(ix.Equal, c.field.String())
		}
	}
	slices.Sort(ix.Equal)
	slices.Sort(ix.Contains)
	db.mu.Lock()
	defer db.mu.Unlock()
	db.needs[ix.key()] = ix
}

// order is the order of the query before the name.
func (q *query) order() []string {
	var fields []string
	for _, o := range q.orders {
		if o.field.isName() {
			break
		}
		field := o.field.String()
		if o.desc {
			field = "-" + field
		}
		fields = append(fields, field)
	}
	return fields
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
