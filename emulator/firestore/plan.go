package firestore

import (
	"cmp"
	"slices"
	"strings"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
)

// plan says how to find the documents of one conjunction in their order: which
// index to read, between which keys, and what to check further.
type plan struct {
	scope    scope
	columns  []column // of the index; none and a collection's scope: the documents themselves
	equal    string   // values that every key begins with, after the index's prefix
	from, to string   // bounds of what follows; an empty to is no bound
	backward bool
	check    conjunction // what the bounds do not ensure
	below    string      // pathKey of the parent; "" for the root
}

func (q *query) plan(conj conjunction) plan {
	p := plan{scope: q.scope(), backward: q.backward()}
	if q.group {
		p.below = pathKey(q.parent)
	}
	rest := p.takeEqualities(conj)
	ordered := q.orderColumns(p.backward)
	p.columns = append(p.columns, ordered...)
	p.takeRange(q, ordered, rest)
	q.narrowToCursors(&p, ordered)
	return p
}

// takeEqualities makes columns of what must equal a value.
func (p *plan) takeEqualities(conj conjunction) (rest conjunction) {
	var fixed conjunction
	for _, c := range conj {
		if c.op.inequality() || c.field.isName() {
			rest = append(rest, c)
		} else {
			fixed = append(fixed, c)
		}
	}
	slices.SortStableFunc(fixed, func(a, b condition) int {
		return cmp.Or(cmp.Compare(a.op, b.op), cmp.Compare(a.field.String(), b.field.String()))
	})
	for _, c := range fixed {
		kind := ascending
		if c.op == arrayContains {
			kind = contains
		}
		p.columns = append(p.columns, column{c.field, kind})
		p.equal += c.keys[0]
	}
	return rest
}

// orderColumns are the orders before the name, which ends every key, ascending:
// a backward scan turns all of them round.
func (q *query) orderColumns(backward bool) []column {
	var columns []column
	for _, o := range q.orders {
		if o.field.isName() {
			break
		}
		kind := ascending
		if o.desc != backward {
			kind = descending
		}
		columns = append(columns, column{o.field, kind})
	}
	return columns
}

// interval is a range of values' order keys. Inclusive bounds take in all that
// begins with them.
type interval struct {
	low, high       string
	openLow, openHi bool // exclusive
}

// takeRange narrows the scan by the inequalities of the first order.
func (p *plan) takeRange(q *query, ordered []column, rest conjunction) {
	first := column{field: fieldPath{nameField}}
	if len(ordered) > 0 {
		first = ordered[0]
	}
	for _, c := range rest {
		if c.field.String() != first.field.String() {
			p.check = append(p.check, c)
			continue
		}
		i, exact := c.interval()
		if exact && c.field.isName() {
			i, exact = q.nameInterval(i)
		}
		if !exact {
			p.check = append(p.check, c)
		}
		p.narrow(first.bounds(i))
	}
}

// interval holds all that the condition admits; exact if it holds nothing else.
func (c condition) interval() (i interval, exact bool) {
	if c.op == notEqual || c.op == notIn {
		return interval{}, false
	}
	low := class(c.keys[0])
	i = interval{low: string([]byte{low}), high: string([]byte{classEnd(low)})}
	switch c.op {
	case equal:
		i.low, i.high = c.keys[0], c.keys[0]
	case less:
		i.high, i.openHi = c.keys[0], true
	case lessOrEqual:
		i.high = c.keys[0]
	case greater:
		i.low, i.openLow = c.keys[0], true
	case greaterOrEqual:
		i.low = c.keys[0]
	}
	return i, true
}

// bounds are the keys of a column between which the interval lies; an empty to
// is no bound.
func (c column) bounds(i interval) (from, to string) {
	if c.kind == descending {
		i = interval{low: inverted(i.high), high: inverted(i.low), openLow: i.openHi, openHi: i.openLow}
	}
	from, to = i.low, i.high
	if i.openLow {
		from = prefixEnd(i.low)
	}
	if !i.openHi && to != "" {
		to = prefixEnd(to)
	}
	return from, to
}

// narrow keeps what lies between the bounds as well.
func (p *plan) narrow(from, to string) {
	p.from = max(p.from, from)
	if p.to == "" || to != "" && to < p.to {
		p.to = to
	}
}

// narrowToCursors turns the cursors into bounds: their values, encoded as the
// index's columns are, begin the keys they stand before or after.
func (q *query) narrowToCursors(p *plan, ordered []column) {
	if q.start != nil {
		p.narrowTo(q.cursorKey(q.start, ordered), !p.backward, q.start.before)
	}
	if q.end != nil {
		p.narrowTo(q.cursorKey(q.end, ordered), p.backward, q.end.before)
	}
}

func (p *plan) narrowTo(key string, isFrom, before bool) {
	bound := key
	if before == p.backward { // the other side of all that begins with key
		bound = prefixEnd(key)
	}
	switch {
	case key == "" && isFrom == (before == p.backward):
		p.nothing()
	case isFrom:
		p.narrow(bound, "")
	default:
		p.narrow("", bound)
	}
}

// nothing lets no key pass.
func (p *plan) nothing() { p.from, p.to = "\xff", "\x00" }

func (q *query) cursorKey(c *cursor, ordered []column) string {
	var b strings.Builder
	for i, v := range c.values {
		if i < len(ordered) {
			b.WriteString(ordered[i].encode(v))
			continue
		}
		b.WriteString(q.nameKey(v))
		break // names are unique: nothing after them matters
	}
	return b.String()
}

// nameKey is how a document's name ends the keys of the scope.
func (q *query) nameKey(v *pb.Value) string {
	_, p, _ := splitName(v.GetReferenceValue())
	return q.scope().suffix(p)
}

// nameInterval turns order keys of references into name keys of the scope; it
// is not exact if they name documents elsewhere.
func (q *query) nameInterval(i interval) (_ interval, exact bool) {
	low, okLow := q.nameBound(i.low)
	high, okHigh := q.nameBound(i.high)
	if !okLow || !okHigh {
		return interval{}, false
	}
	return interval{low, high, i.openLow, i.openHi}, true
}

func (q *query) nameBound(key string) (string, bool) {
	if len(key) == 1 { // the type only
		return "", true
	}
	root := appendReference([]byte{tagReference}, q.database+"/documents")
	ids, ok := strings.CutPrefix(key, string(root[:len(root)-len(collectionEnd)]))
	if !ok || q.group {
		return ids, ok
	}
	ids, ok = strings.CutPrefix(ids, pathKey(q.parent.child(q.collection)))
	ids = strings.TrimSuffix(ids, collectionEnd)
	return ids, ok && len(parsePath(ids)) == 1
}
