package firestore

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/google/btree"
)

// state is all documents of a database at one moment, with their indexes. A clone
// shares everything that did not change (copy on write), so a snapshot costs nothing
// until its original is written again.
type state struct {
	documents *btree.BTreeG[*document]
	entries   *btree.BTreeG[entry]
	indexes   map[scope][]*index // never changed in place
	created   int                // number of indexes
	temporary *temporary         // of this state alone
}

// temporary are the indexes that reads of a state have made because it is older than the
// index that they need. Many transactions read the same state.
type temporary struct {
	sync.Mutex
	made map[scope][]*state
}

const btreeDegree = 32

func newState() *state {
	return &state{
		documents: btree.NewG(btreeDegree, func(a, b *document) bool { return a.key < b.key }),
		entries:   btree.NewG(btreeDegree, func(a, b entry) bool { return a.key < b.key }),
		temporary: &temporary{},
	}
}

func (s *state) clone() *state {
	return &state{documents: s.documents.Clone(), entries: s.entries.Clone(), indexes: s.indexes, created: s.created, temporary: &temporary{}}
}

// get returns nil if the document does not exist.
func (s *state) get(key string) *document {
	d, _ := s.documents.Get(&document{key: key})
	return d
}

// put stores a version of the document with this key; nil deletes the document.
func (s *state) put(key string, d *document) {
	s.temporary = &temporary{}
	var old *document
	if d == nil {
		old, _ = s.documents.Delete(&document{key: key})
	} else {
		old, _ = s.documents.ReplaceOrInsert(d)
	}
	s.reindex(key, old, d)
}

func (s *state) reindex(key string, old, now *document) {
	if len(s.indexes) == 0 {
		return
	}
	p := parsePath(key)
	var before, after fields
	for _, sc := range scopesOf(p) {
		for _, ix := range s.indexes[sc] {
			if before == nil {
				before, after = old.fields(), now.fields()
			}
			s.replaceEntries(ix, p, indexed{old, before}, indexed{now, after})
		}
	}
}

// indexed is a document version with its decoded fields.
type indexed struct {
	document *document
	fields   fields
}

func (s *state) replaceEntries(ix *index, p path, old, now indexed) {
	var added []string
	if now.document != nil {
		added = ix.keys(p, now.fields)
	}
	if old.document != nil {
		for _, key := range ix.keys(p, old.fields) {
			if !slices.Contains(added, key) {
				s.entries.Delete(entry{key: key})
			}
		}
	}
	for _, key := range added {
		s.entries.ReplaceOrInsert(entry{key, now.document})
	}
}

// addIndex fills a new index from the existing documents. Decoding them takes most
// of the time. Entries are sorted first, because the tree inserts them faster in
// order (BenchmarkIndex).
func (s *state) addIndex(ix *index) {
	var added []entry
	s.inScope(ix.scope, func(d *document) {
		for _, key := range ix.keys(d.path(), d.fields()) {
			added = append(added, entry{key, d})
		}
	})
	slices.SortFunc(added, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	for _, e := range added {
		s.entries.ReplaceOrInsert(e)
	}
	s.indexes = maps.Clone(s.indexes)
	if s.indexes == nil {
		s.indexes = map[scope][]*index{}
	}
	s.indexes[ix.scope] = append(slices.Clip(s.indexes[ix.scope]), ix)
	s.created++
}

// inScope visits the documents that an index of the scope covers.
func (s *state) inScope(sc scope, visit func(*document)) {
	s.documents.AscendGreaterOrEqual(&document{key: sc.collection}, func(d *document) bool {
		if !strings.HasPrefix(d.key, sc.collection) {
			return false
		}
		if sc.covers(d.path()) {
			visit(d)
		}
		return true
	})
}
