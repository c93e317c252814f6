package rank

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// The bounds of what words say, in nats: five tell one task of e⁵.
const (
	least       = 5.0 // what a query says is held against this much, or twice this much if it is by one word
	mostLooking = 1.0 // a word for looking at things says no more
)

// more is how many documents without any of the words are thought beside a
// collection: a small one does not say how rare a word is.
const more = 100

// looking are words for looking at things. Authors take them one for another, so
// they tell little however rare they are.
var looking = func() map[string]bool {
	terms := map[string]bool{}
	for w := range set("analyse analyze assess check collect confirm describe detect determine diagnose discover display ensure examine explore " +
		"fetch find gather get identify inspect investigate list look retrieve review see show summarize troubleshoot validate verify") {
		terms[stem(w)] = true
	}
	return terms
}()

// query is what a sentence asks for.
type query struct {
	index *Index
	asked []asked
}

// asked is a term of a query.
type asked struct {
	text   string // as the query has it
	term   string
	joined []string // with the word before, and with that after, if a document has it so
	weight float64  // inverse document frequency
	name   bool     // of a thing: it counts where a document has it
}

func (a asked) terms() []string { return append([]string{a.term}, a.joined...) }

// ask gives the terms of a query, each once. Words in quotes, and with digits,
// that no document has are names of things, and left out, as is what says where.
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
				q.asked = append(q.asked, asked{w.text, w.term, joined, q.weight(w.term), name})
			}
		}
	}
	return q
}

// weight is that of a query's next term. The first says what to do: if no task
// knows it, none does it, and it counts twice.
func (q query) weight(term string) float64 {
	if len(q.asked) == 0 && q.index.having(term) == 0 {
		return 2 * q.index.weight(term)
	}
	return q.index.weight(term)
}

// join gives the term that two words are in one, if documents write them so:
// "roll back" asks for "rollback" too. It notes it at the first of them.
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

// having counts the documents that have a term.
func (x *Index) having(term string) (n int) {
	for _, c := range x.parts {
		if number, known := c.terms[term]; known {
			n += len(c.postings[number])
		}
	}
	return n
}

// weight is the inverse document frequency of Robertson and Spärck Jones, never
// negative, in the first part of the index.
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

// match is how much the query and a document say the same, in (0,1]: the
// F-measure (van Rijsbergen, "Information Retrieval", 1979) of how much of the
// query the document has and how much of its name the query has.
func (q query) match(c candidate) float64 {
	const recall = 2 // counts twice as much as precision
	covered, named := q.covered(c), q.named(c)
	return min(1, (1+recall)*covered*named/(recall*named+covered))
}

// covered is how much of the query the document has. Two words are evidence, one
// is if it is rare.
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

// reach is how surely the document is about what is asked for; 0: it is not.
func (c candidate) reach(a asked) (reach float64) {
	for _, term := range a.terms() {
		if p, found := c.in(term, c.document); found {
			reach = max(reach, float64(p.reach))
		}
	}
	return reach
}

// unnamed is what a document has of a query's part in its name if it has none: it
// may be found, by its documentation, but is hardly meant.
const unnamed = 0.1

// named is how much of the document's name the query has.
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
