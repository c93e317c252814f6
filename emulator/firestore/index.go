package firestore

import (
	"encoding/binary"
	"strings"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
)

// scope is the set of documents that an index covers: those of one collection,
// those of every collection with one ID, or all of them (the zero scope).
type scope struct {
	collection string // collectionKey
	group      string // collection ID
}

func scopesOf(document path) []scope {
	collection := document.parent()
	return []scope{{collection: collectionKey(collection)}, {group: collection.id()}, {}}
}

func (s scope) covers(document path) bool {
	collection := document.parent()
	switch {
	case s.collection != "":
		return collectionKey(collection) == s.collection
	case s.group != "":
		return collection.id() == s.group
	}
	return true
}

// suffix returns the end of a document's keys. It distinguishes the documents of a
// scope and sorts them by name.
func (s scope) suffix(document path) string {
	if s.collection != "" {
		return string(appendID(nil, document.id()))
	}
	return pathKey(document) + collectionEnd
}

// index is a composite index that is created when a query first needs it. Firestore
// has the same entries but requires that indexes of several fields are declared.
type index struct {
	scope   scope
	columns []column
	prefix  string // of the keys of its entries
}

// column is one field of an index. The zero kind is ascending.
type column struct {
	field fieldPath
	kind  columnKind
}

type columnKind int

const (
	ascending columnKind = iota
	descending
	contains // one entry for each element of an array
)

// entry points to a document. Its key is the index's prefix, the values of the
// columns and the scope's suffix.
type entry struct {
	key      string
	document *document
}

func newIndex(number int, sc scope, columns []column) *index {
	return &index{scope: sc, columns: columns, prefix: string(binary.BigEndian.AppendUint32(nil, uint32(number)))}
}

// signature identifies an index within its scope.
func signature(columns []column) string {
	var b strings.Builder
	for _, c := range columns {
		b.WriteString(c.field.String())
		b.WriteByte("\x00\x01\x02"[c.kind])
	}
	return b.String()
}

func (s *state) index(sc scope, columns []column) *index {
	want := signature(columns)
	for _, ix := range s.indexes[sc] {
		if signature(ix.columns) == want {
			return ix
		}
	}
	return nil
}

// keys returns the keys of a document's entries. The list is empty if the document
// lacks the field of a column.
func (ix *index) keys(p path, doc fields) []string {
	keys := []string{ix.prefix}
	for _, c := range ix.columns {
		var next []string
		for _, v := range c.values(doc) {
			for _, key := range keys {
				next = append(next, key+v)
			}
		}
		keys = next
	}
	suffix := ix.scope.suffix(p)
	for i := range keys {
		keys[i] += suffix
	}
	return keys
}

func (c column) values(doc fields) []string {
	v := c.field.get(doc)
	switch {
	case v == nil:
		return nil
	case c.kind == contains:
		return distinctKeys(v.GetArrayValue().GetValues())
	}
	return []string{c.encode(v)}
}

func (c column) encode(v *pb.Value) string {
	if c.kind == descending {
		return inverted(orderKey(v))
	}
	return orderKey(v)
}

func distinctKeys(values []*pb.Value) []string {
	seen := map[string]bool{}
	var keys []string
	for _, v := range values {
		key := orderKey(v)
		if !seen[key] {
			seen[key] = true
			keys = append(keys, key)
		}
	}
	return keys
}
