package rank

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// Bounds of information, in nats: five nats identify one task of e⁵.
const (
	least       = 5.0 // a query is treated as having at least this much; twice this if only one word matches
	mostLooking = 1.0 // a word for looking at things has at most this much
)

// more is the number of imaginary documents without any of the words that are added to
// a collection. A small collection alone does not show how rare a word is.
const more = 100

// looking are the words for looking at things. Authors use one for another, so they
// count little, however rare they are.
var looking = func() map[string]bool {
	terms := map[string]bool{}
	for w := range set("analyse analyze assess check collect confirm describe detect determine diagnose discover display ensure examine explore " +
		"fetch find gather get identify inspect investigate list look retrieve review see show summarize troubleshoot validate verify") {
		terms[stem(w)] = true
	}
	return terms
}()

// query is a parsed text.
type query struct {
	index *Index
	asked []asked
}

// asked is a term of a query.
type asked struct {
	text   string // as in the query
	term   string
	joined []string // compounds with the previous and the next word, if a document has them
	weight float64  // inverse document frequency
	name   bool     // of a thing: it counts only for documents that have it
}

func (a asked) terms() []string { return append([]string{a.term}, a.joined...) }

// ask returns the terms of a query, each once. It leaves out text that says where, and
// quoted words and words with digits that no document has: they are names of things.
func (x *Index) ask(text string) query {
	q, seen := query{index: x}, map[string]int{}
	for _, part := range split(text) {
		if part.kind == where {
			continue
		}
		before := word{}
		for w := range words(part.text) {
			joined := q.join(seen, before, w)
			before = w
			name := part.kind == quoted || strings.ContainsAny(w.text, "0123456789")
			if _, twice := seen[w.term]; !twice && (!name || x.having(w.term) > 0) {
				seen[w.term] = len(q.asked)
				q.asked = append(q.asked, asked{text: w.text, term: w.term, joined: joined, weight: q.weight(w.term), name: name})
			}
		}
	}
	return q
}

// weight returns the weight of the next term of a query. The first term says what to do.
// If no task has it, probably no task does it, so it counts twice.
func (q query) weight(term string) float64 {
	if len(q.asked) == 0 && q.index.having(term) == 0 {
		return 2 * q.index.weight(term)
	}
	return q.index.weight(term)
}

// join returns the compound of two words if a document has it, and adds it to the first
// word too: "roll back" asks for "rollback" as well.
func (q *query) join(seen map[string]int, first, second word) []string {
	at, known := seen[first.term]
	if !known {
		return nil
	}
	term := first.with(second)
	if q.index.having(term) == 0 {
		return nil
	}
	q.asked[at].joined = append(q.asked[at].joined, term)
	return []string{term}
}

// having returns the number of documents that have a term.
func (x *Index) having(term string) (n int) {
	for _, c := range x.parts {
		if number, known := c.terms[term]; known {
			n += len(c.postings[number])
		}
	}
	return n
}

// weight returns the inverse document frequency by Robertson and Spärck Jones in the
// first part of the index. It is never negative.
func (x *Index) weight(term string) float64 {
	c, having := x.parts[0], 0.0
	if number, known := c.terms[term]; known {
		having = float64(len(c.postings[number]))
	}
	weight := math.Log(1 + (float64(len(c.ids)+more)-having+0.5)/(having+0.5))
	if looking[term] {
		return min(weight, mostLooking)
	}
	return weight
}

// match returns in (0,1] how much the query and a document have in common. It is the
// F-measure (van Rijsbergen, "Information Retrieval", 1979) of how much of the query the
// document has (recall, counts twice) and how much of its name the query has
// (precision). With a recall of 0.9 and a precision of 0.6, it is
// 3*0.9*0.6/(2*0.6+0.9) = 0.77.
func (q query) match(c candidate) float64 {
	const recall = 2 // counts twice as much as precision
	covered, named := q.covered(c), q.named(c)
	return min(1, (1+recall)*covered*named/(recall*named+covered))
}

// covered returns how much of the query the document has. Two matching words are enough
// evidence. One word is only if it is rare.
func (q query) covered(c candidate) float64 {
	had, asked, telling := 0.0, 0.0, 0
	for _, a := range q.asked {
		reach := c.reach(a)
		had += a.weight * reach
		if reach > 0 || !a.name {
			asked += a.weight
		}
		if reach > 0 && !looking[a.term] {
			telling++
		}
	}
	if telling < 2 {
		return had / max(asked, 2*least)
	}
	return had / max(asked, least)
}

// reach returns how certain it is that the document is about a term. 0: it is not.
func (c candidate) reach(a asked) (reach float64) {
	for _, term := range a.terms() {
		if p, found := c.in(term, c.document); found {
			reach = max(reach, float64(p.reach))
		}
	}
	return reach
}

// unnamed is the precision of a document whose name has no word of the query. Its
// documentation may match, but it is hardly the task that the author meant.
const unnamed = 0.1

// named returns how much of the document's name the query has.
func (q query) named(c candidate) float64 {
	has := map[int32]bool{}
	for _, a := range q.asked {
		for _, term := range a.terms() {
			if number, known := c.terms[term]; known {
				has[number] = true
			}
		}
	}
	had, all := 0.0, 0.0
	for _, w := range c.names[c.document] {
		weight := c.weights[w.term]
		all += weight
		if has[w.term] || has[w.whole] || has[w.before] || has[w.after] {
			had += weight
		}
	}
	if all == 0 {
		return unnamed
	}
	return max(unnamed, had/all)
}

func (q query) evidence(c candidate) (evidence []Evidence) {
	total := 0.0
	for _, a := range q.asked {
		if reach := c.reach(a); reach > 0 {
			evidence = append(evidence, Evidence{a.text, a.weight * reach})
			total += a.weight * reach
		}
	}
	for i := range evidence {
		evidence[i].Share /= total
	}
	slices.SortStableFunc(evidence, func(a, b Evidence) int { return cmp.Compare(b.Share, a.Share) })
	return evidence
}
