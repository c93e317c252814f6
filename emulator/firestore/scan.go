package firestore

import (
	"iter"
	"strings"

	"github.com/google/btree"
)

// prepare plans the query and creates the indexes that it needs. A view that was
// taken before may lack an index, and reading it takes longer.
func (q *query) prepare(db *database) []plan {
	var plans []plan
	for _, conj := range q.filter {
		p := q.plan(conj)
		db.noteIndex(q, p)
		if !p.byName() {
			db.ensureIndex(p.scope, p.columns)
		}
		plans = append(plans, p)
	}
	return plans
}

// byName reports whether the documents of a collection can be read without an index.
func (p *plan) byName() bool { return len(p.columns) == 0 && p.scope.collection != "" }

// hit is a document that a scan found, with the key that sorts it among the hits
// of all scans of the query.
type hit struct {
	sort     string
	document *document
}

// run returns the documents that the plans find, in order, each once. It does not
// apply offset and limit.
func (q *query) run(s *state, plans []plan) iter.Seq[*document] {
	var scans []iter.Seq[hit]
	for _, p := range plans {
		scans = append(scans, q.checked(p, s.scan(p)))
	}
	if len(scans) == 1 {
		return documentsOf(scans[0])
	}
	return documentsOf(merge(scans, q.backward()))
}

func documentsOf(scan iter.Seq[hit]) iter.Seq[*document] {
	return func(yield func(*document) bool) {
		for f := range scan {
			if !yield(f.document) {
				return
			}
		}
	}
}

// scan reads the keys between the bounds of a plan.
func (s *state) scan(p plan) iter.Seq[hit] {
	prefix := p.scope.collection
	source := func(from string, visit func(key string, d *document) bool) {
		walk(s.documents, &document{key: from}, p.backward, func(d *document) bool { return visit(d.key, d) })
	}
	if !p.byName() {
		ix, entries := s.entriesOf(p)
		prefix = ix.prefix + p.equal
		source = func(from string, visit func(key string, d *document) bool) {
			walk(entries, entry{key: from}, p.backward, func(e entry) bool { return visit(e.key, e.document) })
		}
	}
	return p.between(prefix, source)
}

// entriesOf makes a temporary index if the state lacks the plan's index.
func (s *state) entriesOf(p plan) (*index, *btree.BTreeG[entry]) {
	if ix := s.index(p.scope, p.columns); ix != nil {
		return ix, s.entries
	}
	s.temporary.Lock()
	defer s.temporary.Unlock()
	for _, made := range s.temporary.made[p.scope] {
		if ix := made.index(p.scope, p.columns); ix != nil {
			return ix, made.entries
		}
	}
	made := newState()
	made.documents = s.documents
	ix := newIndex(0, p.scope, p.columns)
	made.addIndex(ix)
	if s.temporary.made == nil {
		s.temporary.made = map[scope][]*state{}
	}
	s.temporary.made[p.scope] = append(s.temporary.made[p.scope], made)
	return ix, made.entries
}

// between visits the keys from prefix+from to prefix+to, exclusive.
func (p plan) between(prefix string, source func(from string, visit func(string, *document) bool)) iter.Seq[hit] {
	low, high := prefix+p.from, prefixEnd(prefix)
	if p.to != "" {
		high = prefix + p.to
	}
	start := low
	if p.backward {
		start = high
	}
	return func(yield func(hit) bool) {
		source(start, func(key string, d *document) bool {
			switch {
			case p.backward && key >= high, !p.backward && key < low:
				return true
			case key < low || high != "" && key >= high:
				return false
			}
			return yield(hit{strings.TrimPrefix(key, prefix), d})
		})
	}
}

// walk visits items starting at from. Backward from "" starts at the end.
func walk[T any](t *btree.BTreeG[T], from T, backward bool, visit func(T) bool) {
	if backward {
		t.DescendLessOrEqual(from, visit)
	} else {
		t.AscendGreaterOrEqual(from, visit)
	}
}

// checked omits documents that are within the bounds but do not satisfy the query.
func (q *query) checked(p plan, scan iter.Seq[hit]) iter.Seq[hit] {
	if len(p.check) == 0 && len(q.exists) == 0 && p.ancestor == "" {
		return scan
	}
	return func(yield func(hit) bool) {
		for f := range scan {
			if q.satisfiedBy(p, f.document) && !yield(f) {
				return
			}
		}
	}
}

func (q *query) satisfiedBy(p plan, d *document) bool {
	name := d.path()
	if len(name) <= len(q.parent) || !strings.HasPrefix(pathKey(name), p.ancestor) {
		return false
	}
	if len(p.check) == 0 && len(q.exists) == 0 {
		return true
	}
	doc := d.fields()
	for _, c := range p.check {
		if !c.matches(q.value(name, doc, c.field)) {
			return false
		}
	}
	for _, f := range q.exists {
		if q.value(name, doc, f) == nil {
			return false
		}
	}
	return true
}

// merge keeps the order of the scans and returns each document once.
func merge(scans []iter.Seq[hit], backward bool) iter.Seq[hit] {
	return func(yield func(hit) bool) {
		heads := make([]hit, len(scans))
		next := make([]func() (hit, bool), len(scans))
		for i, s := range scans {
			pull, stop := iter.Pull(s)
			defer stop()
			next[i] = pull
			heads[i], _ = pull()
		}
		for {
			first := firstHit(heads, backward)
			if first.document == nil || !yield(first) {
				return
			}
			for i := range heads {
				if heads[i].document == first.document {
					heads[i], _ = next[i]()
				}
			}
		}
	}
}

// firstHit returns the zero hit when all scans have ended.
func firstHit(heads []hit, backward bool) hit {
	var first hit
	for _, h := range heads {
		if h.document == nil {
			continue
		}
		if first.document == nil || h.sort != first.sort && (h.sort > first.sort) == backward {
			first = h
		}
	}
	return first
}
