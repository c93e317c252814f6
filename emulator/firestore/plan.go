package firestore

import (
	"cmp"
	"slices"
	"strings"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
)

// plan says how to find the documents of one conjunction in their order: the index
// to read, the range of keys, and the conditions that the range does not ensure.
// The package comment has a worked example.
type plan struct {
	scope    scope
	columns  []column // of the index; none in a collection's scope: read the documents directly
	equal    string   // values that every key begins with, after the index's prefix
	from, to string   // bounds of the keys after equal; to is exclusive, and empty for no bound
	backward bool
	check    conjunction // conditions that the bounds do not ensure
	ancestor string      // pathKey of the parent of a collection group; "" for the root
}

func (q *query) plan(conj conjunction) plan {
	p := plan{scope: q.scope(), backward: q.backward()}
	if q.group {
		p.ancestor = pathKey(q.parent)
	}
	remaining := p.addEqualities(conj)
	ordered := q.orderColumns(p.backward)
	p.columns = append(p.columns, ordered...)
	p.addRange(q, ordered, remaining)
	q.narrowToCursors(&p, ordered)
	return p
}

// addEqualities adds a column for each condition that requires one value. It
// returns the other conditions.
func (p *plan) addEqualities(conj conjunction) (remaining conjunction) {
	var fixed conjunction
	for _, c := range conj {
		if c.op.inequality() || c.field.isName() {
			remaining = append(remaining, c)
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
	return remaining
}

// orderColumns returns the columns of the orders before the name. The name ends
// every key and is stored ascending, so a backward scan reverses all columns.
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

// interval is a range of order keys. An inclusive bound includes every key that
// begins with it.
type interval struct {
	low, high       string
	openLow, openHi bool // exclusive
}

// addRange narrows the scan by the inequalities on the field of the first order.
func (p *plan) addRange(q *query, ordered []column, remaining conjunction) {
	first := column{field: fieldPath{nameField}}
	if len(ordered) > 0 {
		first = ordered[0]
	}
	for _, c := range remaining {
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

// interval returns a range that contains all values that satisfy the condition.
// It is exact if every value in the range satisfies the condition.
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

// bounds returns the keys of a column between which the interval lies. An empty to
// means no bound.
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

// narrow intersects the plan's bounds with these.
func (p *plan) narrow(from, to string) {
	p.from = max(p.from, from)
	if p.to == "" || to != "" && to < p.to {
		p.to = to
	}
}

// narrowToCursors narrows the bounds to the cursors. A cursor's values, encoded
// like the index's columns, are a prefix of the keys at its position.
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
	if before == p.backward { // the position after all keys that begin with key
		bound = prefixEnd(key)
	}
	switch {
	case key == "" && isFrom == (before == p.backward):
		p.matchNothing()
	case isFrom:
		p.narrow(bound, "")
	default:
		p.narrow("", bound)
	}
}

// matchNothing sets bounds that contain no key.
func (p *plan) matchNothing() { p.from, p.to = "\xff", "\x00" }

func (q *query) cursorKey(c *cursor, ordered []column) string {
	var b strings.Builder
	for i, v := range c.values {
		if i < len(ordered) {
			b.WriteString(ordered[i].encode(v))
			continue
		}
		b.WriteString(q.nameKey(v))
		break // names are unique, so further values do not matter
	}
	return b.String()
}

// nameKey returns the end of a document's keys in the scope.
func (q *query) nameKey(v *pb.Value) string {
	_, p, _ := splitName(v.GetReferenceValue())
	return q.scope().suffix(p)
}

// nameInterval converts order keys of references to name keys of the scope. It is
// not exact if they name documents outside the scope.
func (q *query) nameInterval(i interval) (_ interval, exact bool) {
	low, okLow := q.nameBound(i.low)
	high, okHigh := q.nameBound(i.high)
	if !okLow || !okHigh {
		return interval{}, false
	}
	return interval{low: low, high: high, openLow: i.openLow, openHi: i.openHi}, true
}

func (q *query) nameBound(key string) (string, bool) {
	if len(key) == 1 { // only the type
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
