package rank

import (
	"cmp"
	"math"
	"slices"
)

// The parameters of BM25, as Robertson and Zaragoza recommend them ("The
// Probabilistic Relevance Framework: BM25 and Beyond", 2009).
const (
	k1 = 1.2
	b  = 0.75
)

// pool is how many documents, the best by BM25, are judged for relevance.
const pool = 100

// Match is a document that was found.
type Match struct {
	ID       string
	Score    float64    // (0,1]: see Search
	Evidence []Evidence // the words that were found, the one that counts most first
}

// Evidence is a word of the query that the document has.
type Evidence struct {
	Word  string  // as the query has it
	Share float64 // (0,1] of the match; the shares of a match add up to 1
}

// Words returns the words of the evidence, in the same order.
func (m Match) Words() []string {
	words := make([]string, len(m.Evidence))
	for n, e := range m.Evidence {
		words[n] = e.Word
	}
	return words
}

// candidate is a document that has a word of a query.
type candidate struct {
	*collection
	document int32
	gain     float64 // BM25
	match    float64 // see query.match
}

// Search gives the most relevant of the documents that BM25 finds best, limit at
// most; those that score the same come in the order of BM25, and then that in
// which they were given. What leave names is passed over; nil: nothing is.
//
// A score is 1-(1-f)^2.5, times the square of f's share of the best f. Here f is
// the F-measure of two shares, each weighed by how rare the words are: how much
// of the query the document has, which counts twice, and how much of the
// document's name the query has. So 1 means that query and name say the same; a query that says
// little, as "check it", is never more than partly had; and of siblings, as a
// task for deployments and one for daemon sets, the one that was named stands
// out. The numbers are fitted, so that 0.85 parts what an author meant from what
// only sounds like it: see testdata.
func (x *Index) Search(query string, limit int, leave func(id string) bool) []Match {
	q := x.ask(query)
	found := x.candidates(q, leave)
	best := 0.0
	for i := range found {
		found[i].match = q.match(found[i])
		best = max(best, found[i].match)
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(b.match, a.match) })
	matches := []Match{}
	for _, c := range found[:min(max(limit, 0), len(found))] {
		share := c.match / best
		matches = append(matches, Match{c.ids[c.document], score(c.match) * share * share, q.evidence(c)})
	}
	return matches
}

// score makes 0.85 of a match of 0.53.
func score(match float64) float64 { return 1 - math.Pow(1-match, 2.5) }

// candidates gives the best documents by BM25, the best first.
func (x *Index) candidates(q query, leave func(id string) bool) (best []candidate) {
	for _, c := range x.parts {
		for document, gain := range c.gains(q, x.parts[0].average) {
			full := len(best) == pool
			if gain == 0 || full && gain <= best[pool-1].gain || leave != nil && leave(c.ids[document]) {
				continue
			}
			if full {
				best = best[:pool-1]
			}
			at, _ := slices.BinarySearchFunc(best, gain, func(b candidate, gain float64) int {
				if b.gain >= gain { // those of the same gain stay before
					return -1
				}
				return 1
			})
			best = slices.Insert(best, at, candidate{collection: c, document: int32(document), gain: gain})
		}
	}
	return best
}

// gains gives each document's BM25.
func (c *collection) gains(q query, average float64) []float64 {
	gains := make([]float64, len(c.ids))
	for _, a := range q.asked {
		for _, term := range a.terms() {
			c.gain(gains, term, a.weight, average)
		}
	}
	return gains
}

// gain adds what a term adds to each document's BM25.
func (c *collection) gain(gains []float64, term string, weight, average float64) {
	number, known := c.terms[term]
	if !known {
		return
	}
	for _, p := range c.postings[number] {
		frequency, length := float64(p.frequency), float64(c.lengths[p.document])/average
		gains[p.document] += weight * frequency * (k1 + 1) / (frequency + k1*(1-b+b*length))
	}
}
