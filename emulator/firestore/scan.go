package firestore

import (
	"iter"
	"strings"

	"github.com/google/btree"
)

// prepare makes the plans of a query and sees that their indexes exist from
// now on. A view taken before may lack one; reading it then takes longer.
func (q *query) prepare(db *database) []plan {
	var plans []plan
	for _, conj := range q.filter {
		p := q.plan(conj)
		db.need(q, p)
		if !p.byName() {
			db.ensureIndex(p.scope, p.columns)
		}
		plans = append(plans, p)
	}
	return plans
}

// byName tells whether the documents of a collection can be read as they lie.
func (p *plan) byName() bool { return len(p.columns) == 0 && p.scope.collection != "" }

// found is a document with what sorts it among all that a query finds.
type found struct {
	sort     string
	document *document
}

// run gives the documents that the plans find, in order, each once. Offset and
// limit are the caller's.
func (q *query) run(s *state, plans []plan) iter.Seq[*document] {
	var scans []iter.Seq[found]
	for _, p := range plans {
		scans = append(scans, q.accepted(p, s.scan(p)))
	}
	if len(scans) == 1 {
		return documentsOf(scans[0])
	}
	return documentsOf(merge(scans, q.backward()))
}

func documentsOf(scan iter.Seq[found]) iter.Seq[*document] {
	return func(yield func(*document) bool) {
		for f := range scan {
			if !yield(f.document) {
				return
			}
		}
	}
}

// scan reads what lies between the bounds of a plan.
func (s *state) scan(p plan) iter.Seq[found] {
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

// entriesOf makes the index just for this scan when the state lacks it.
func (s *state) entriesOf(p plan) (*index, *btree.BTreeG[entry]) {
	if ix := s.index(p.scope, p.columns); ix != nil {
		return ix, s.entries
	}
	made := newState()
	made.documents = s.documents
	ix := newIndex(0, p.scope, p.columns)
	made.addIndex(ix)
	return ix, made.entries
}

// between visits the keys from prefix+from up to, without, prefix+to.
func (p plan) between(prefix string, source func(from string, visit func(string, *document) bool)) iter.Seq[found] {
	low, high := prefix+p.from, prefixEnd(prefix)
	if p.to != "" {
		high = prefix + p.to
	}
	start := low
	if p.backward {
		start = high
	}
	return func(yield func(found) bool) {
		source(start, func(key string, d *document) bool {
			switch {
			case p.backward && key >= high, !p.backward && key < low:
				return true
			case key < low || high != "" && key >= high:
				return false
			}
			return yield(found{strings.TrimPrefix(key, prefix), d})
		})
	}
}

// walk starts at from; backwards from "" is from the end.
func walk[T any](t *btree.BTreeG[T], from T, backward bool, visit func(T) bool) {
	if backward {
		t.DescendLessOrEqual(from, visit)
	} else {
		t.AscendGreaterOrEqual(from, visit)
	}
}

// accepted leaves out what meets the bounds but not all conditions.
func (q *query) accepted(p plan, scan iter.Seq[found]) iter.Seq[found] {
	if len(p.check) == 0 && len(q.exists) == 0 && p.below == "" {
		return scan
	}
	return func(yield func(found) bool) {
		for f := range scan {
			if q.accepts(p, f.document) && !yield(f) {
				return
			}
		}
	}
}

func (q *query) accepts(p plan, d *document) bool {
	name := d.path()
	if len(name) <= len(q.parent) || !strings.HasPrefix(pathKey(name), p.below) {
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

// merge keeps the order of its scans and drops what comes twice.
func merge(scans []iter.Seq[found], backward bool) iter.Seq[found] {
	return func(yield func(found) bool) {
		heads := make([]found, len(scans))
		next := make([]func() (found, bool), len(scans))
		for i, s := range scans {
			pull, stop := iter.Pull(s)
			defer stop()
			next[i] = pull
			heads[i], _ = pull()
		}
		for {
			first := foremost(heads, backward)
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

// foremost is the zero found when all scans have ended.
func foremost(heads []found, backward bool) found {
	var first found
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
