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

// pool is how many documents, the best by BM25, are scored.
const pool = 100

// Match is a document that a search found.
type Match struct {
	ID       string
	Score    float64    // (0,1]: see Search
	Evidence []Evidence // the matching words, the most important first
}

// Evidence is a word of the query that the document has.
type Evidence struct {
	Word  string  // as in the query
	Share float64 // in (0,1]; the shares of a match add up to 1
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

// Search returns at most limit documents, the highest score first. Documents with the
// same score are in the order of BM25, and then in the order of the index. exclude
// reports by ID which documents to leave out; nil excludes none.
//
// A score is 1-(1-f)^2.5, times the square of f divided by the best f of the search.
// Here f is the F-measure of two shares, in which rare words count more:
//
//   - how much of the query the document has, which counts twice
//   - how much of the document's name the query has
//
// This has the following effects:
//
//   - 1 means that the query and the name say the same.
//   - A query that says little, such as "check it", scores low for every document.
//   - Of similar tasks, such as one for deployments and one for daemon sets, the one
//     that the query names scores clearly higher.
//
// The numbers are fitted so that 0.85 separates the tasks that authors meant from those
// that only sound similar: see testdata.
func (x *Index) Search(query string, limit int, exclude func(id string) bool) []Match {
	q := x.ask(query)
	found := x.candidates(q, exclude)
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

// score converts a match: 0.53 becomes 0.85.
func score(match float64) float64 { return 1 - math.Pow(1-match, 2.5) }

// candidates returns the best documents by BM25, the best first.
func (x *Index) candidates(q query, exclude func(id string) bool) (best []candidate) {
	for _, c := range x.parts {
		for document, gain := range c.gains(q, x.parts[0].average) {
			full := len(best) == pool
			if gain == 0 || full && gain <= best[pool-1].gain || exclude != nil && exclude(c.ids[document]) {
				continue
			}
			if full {
				best = best[:pool-1]
			}
			at, _ := slices.BinarySearchFunc(best, gain, func(b candidate, gain float64) int {
				if b.gain >= gain { // keep the order of documents with the same gain
					return -1
				}
				return 1
			})
			best = slices.Insert(best, at, candidate{collection: c, document: int32(document), gain: gain})
		}
	}
	return best
}

// gains returns the BM25 of each document.
func (c *collection) gains(q query, average float64) []float64 {
	gains := make([]float64, len(c.ids))
	for _, a := range q.asked {
		for _, term := range a.terms() {
			c.gain(gains, term, a.weight, average)
		}
	}
	return gains
}

// gain adds the share of one term to the BM25 of each document.
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
