// Package rank finds the tasks that a sentence asks for: BM25 over their names,
// tags and documentation.
package rank

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// Document is what may be found.
type Document struct {
	ID            string // the caller's
	Name          string
	Documentation string
	Tags          []string
}

// The parameters of BM25, as Robertson and Zaragoza recommend them ("The
// Probabilistic Relevance Framework: BM25 and Beyond", 2009), and how often a
// word counts by where it stands.
const (
	k1 = 1.2
	b  = 0.75

	inName          = 3
	inTags          = 1.5
	inDocumentation = 1
)

// Index is a collection that can be searched. It does not change, and is safe
// for concurrent use.
type Index struct {
	ids      []string
	postings map[string][]posting // by term
	average  float64              // length of a document
	lengths  []float64
}

// posting is a document that has a term.
type posting struct {
	document  int
	frequency float64 // weighted by where the term stands
}

// New builds the index of documents.
func New(documents []Document) *Index {
	x := &Index{postings: map[string][]posting{}}
	for number, d := range documents {
		length := 0.0
		for term, frequency := range frequencies(d) {
			x.postings[term] = append(x.postings[term], posting{number, frequency})
			length += frequency
		}
		x.ids = append(x.ids, d.ID)
		x.lengths = append(x.lengths, length)
		x.average += length / float64(len(documents))
	}
	return x
}

func frequencies(d Document) map[string]float64 {
	terms := map[string]float64{}
	for _, field := range []struct {
		text   string
		weight float64
	}{{d.Name, inName}, {strings.Join(d.Tags, " "), inTags}, {d.Documentation, inDocumentation}} {
		for w := range words(field.text) {
			terms[w.term] += field.weight
		}
		for term := range whole(field.text) {
			terms[term] += field.weight
		}
	}
	return terms
}

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

// Search gives the best matches of a query, limit at most; documents that score
// the same come in the order they were given to New.
//
// A score is 1-(1-c)², where c is the coverage of the query: the document's BM25
// divided by that of a document of average length whose name is the query. So 1
// means that all that was asked for is in the name, and the usual threshold of
// 0.85 that some six tenths of it are, weighed by how rare the words are. Words
// in quotes that no document has are names of things and do not count.
func (x *Index) Search(query string, limit int) []Match {
	asked, ideal := x.terms(query)
	gains := make([]float64, len(x.ids))
	for _, t := range asked {
		for _, p := range x.postings[t.term] {
			gains[p.document] += x.gain(t, p)
		}
	}
	found := best(gains, limit)
	matches := make([]Match, len(found))
	for i, f := range found {
		c := min(1, f.gain/ideal)
		matches[i] = Match{x.ids[f.document], 1 - (1-c)*(1-c), x.evidence(asked, f)}
	}
	return matches
}

type ranked struct {
	document int
	gain     float64
}

// best gives the documents with the largest gains, sorted, limit at most.
func best(gains []float64, limit int) []ranked {
	var found []ranked
	for document, gain := range gains {
		full := len(found) >= limit
		if gain == 0 || full && (limit <= 0 || gain <= found[len(found)-1].gain) {
			continue
		}
		at, _ := slices.BinarySearchFunc(found, gain, func(r ranked, gain float64) int {
			if r.gain >= gain { // those of the same gain stay before
				return -1
			}
			return 1
		})
		if full {
			found = found[:limit-1]
		}
		found = slices.Insert(found, at, ranked{document, gain})
	}
	return found
}

// asked is a term of a query.
type asked struct {
	word
	weight float64 // inverse document frequency
}

// terms gives the terms of a query, each once, and the gain of a document that
// has them all in its name.
func (x *Index) terms(query string) (terms []asked, ideal float64) {
	seen := map[string]bool{}
	for _, part := range quotes(query) {
		for w := range words(part.text) {
			if seen[w.term] || part.quoted && x.postings[w.term] == nil {
				continue
			}
			seen[w.term] = true
			t := asked{w, x.weight(w.term)}
			terms = append(terms, t)
			ideal += t.weight * inName * (k1 + 1) / (inName + k1)
		}
	}
	return terms, ideal
}

// weight is the inverse document frequency of Robertson and Spärck Jones, never
// negative. A word that no document has weighs as if half of the square root
// of all had it: it may be a word for something, or any name.
func (x *Index) weight(term string) float64 {
	size, having := float64(len(x.ids)), float64(len(x.postings[term]))
	if having == 0 {
		having = math.Sqrt(size) / 2
	}
	return math.Log(1 + (size-having+0.5)/(having+0.5))
}

// gain is what a term adds to a document's BM25.
func (x *Index) gain(t asked, p posting) float64 {
	length := x.lengths[p.document] / x.average
	return t.weight * p.frequency * (k1 + 1) / (p.frequency + k1*(1-b+b*length))
}

func (x *Index) evidence(terms []asked, f ranked) []Evidence {
	var evidence []Evidence
	for _, t := range terms {
		list := x.postings[t.term]
		at, found := slices.BinarySearchFunc(list, f.document, func(p posting, document int) int { return cmp.Compare(p.document, document) })
		if found {
			evidence = append(evidence, Evidence{t.text, x.gain(t, list[at]) / f.gain})
		}
	}
	slices.SortStableFunc(evidence, func(a, b Evidence) int { return cmp.Compare(b.Share, a.Share) })
	return evidence
}
