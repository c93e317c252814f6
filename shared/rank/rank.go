// Package rank matches free text to tasks. BM25 over names, tags and documentation finds
// candidates. The overlap of the text and a candidate's name is its score.
//
// An example: the query "Check the logs of deployment `cart` in namespace `shop`" is
// reduced to the terms check, log and deployment. The articles are stop words. The
// quoted cart is the name of one thing, which no task's name contains. The namespace
// only says where. Of two tasks:
//
//	Fetch Deployment Logs  has log and deployment. check and fetch are generic verbs with little weight, so nearly all of the query and nearly all of the name match: 0.85 or more
//	Restart Deployment     has only deployment, so half of the query does not match, and neither does restart in its name: it scores far less
//
// See query.match for the formula, and testdata for the labeled steps to which its
// numbers are fitted.
package rank

import (
	"iter"
	"slices"
	"strings"
)

// Document is a task that a search may find.
type Document struct {
	ID            string // chosen by the caller
	Name          string
	Documentation string
	Tags          []string
	Enrichment    string // what it checks, works on and changes, in other words than its author's
	Context       string // text about all tasks of its suite
}

// field is a part of a document. weight is how often a word in it counts for BM25. reach
// is how certain it is that a document with the word in this field is about it.
type field struct{ weight, reach float32 }

// The fields. Quoted text in a name, and text that says where, counts like a tag.
var (
	inName          = field{3, 1}
	inTags          = field{1.5, 0.7}
	inDocumentation = field{1, 0.5}
	inEnrichment    = field{1, 0.5}
	inContext       = field{0.5, 0.3}
)

// Index is a searchable collection of documents. It does not change, and is safe for
// concurrent use.
type Index struct {
	parts []*collection // the first determines how rare a word is
}

// collection is the documents of one call of New or With.
type collection struct {
	ids      []string
	terms    map[string]int32
	postings [][]posting  // by term
	weights  []float64    // by term: see Index.weight
	names    [][]nameWord // by document
	lengths  []float32    // by document
	average  float64      // length
}

// posting is one document that has a term.
type posting struct {
	document  int32
	frequency float32 // weighted by field
	reach     float32 // of the best field
}

// nameWord is a word of a name, and the terms that contain it too: whole is the
// camelCase word that it is a part of, before and after are its compounds with the
// previous and the next word. none means that there is no such term.
type nameWord struct{ term, whole, before, after int32 }

const none = -1

// New returns an index of documents.
func New(documents []Document) *Index {
	x := &Index{[]*collection{collect(documents)}}
	x.weigh(x.parts[0])
	return x
}

// With returns an index of the documents of x and others. Only x determines how rare a
// word is. So With costs only as much as the others do, and documents of x score as in
// x.
func (x *Index) With(others []Document) *Index {
	if len(x.parts[0].ids) == 0 {
		return New(others)
	}
	c := collect(others)
	x.weigh(c)
	return &Index{append(slices.Clone(x.parts), c)}
}

// weigh sets the weights of a collection's terms.
func (x *Index) weigh(c *collection) {
	c.weights = make([]float64, len(c.postings))
	for term, number := range c.terms {
		c.weights[number] = x.weight(term)
	}
}

func collect(documents []Document) *collection {
	c := &collection{terms: map[string]int32{}}
	for number, d := range documents {
		length := float32(0)
		for term, p := range c.read(d) {
			p.document = int32(number)
			c.postings[term] = append(c.postings[term], p)
			length += p.frequency
		}
		c.ids = append(c.ids, d.ID)
		c.lengths = append(c.lengths, length)
		c.average += float64(length) / float64(len(documents))
	}
	return c
}

// read returns the terms of a document, and records the words of its name.
func (c *collection) read(d Document) map[int32]posting {
	found := map[int32]posting{}
	var name []nameWord
	for _, part := range split(d.Name) {
		if part.kind != plain {
			c.add(found, withoutVariables(part.text), inTags)
			continue
		}
		c.add(found, part.text, inName)
		name = append(name, c.name(found, part.text)...)
	}
	slices.SortStableFunc(name, func(a, b nameWord) int { return int(a.term - b.term) })
	c.names = append(c.names, slices.CompactFunc(name, func(a, b nameWord) bool { return a.term == b.term }))
	c.add(found, withoutVariables(strings.Join(d.Tags, " ")), inTags)
	c.add(found, d.Documentation, inDocumentation)
	c.add(found, d.Enrichment, inEnrichment)
	c.add(found, d.Context, inContext)
	return found
}

// name returns the words of a name. It also adds the compound of each two adjacent
// words, so that "rollback" finds "Roll Back".
func (c *collection) name(found map[int32]posting, text string) (name []nameWord) {
	last := word{}
	for w := range words(text) {
		n := nameWord{term: c.number(w.term), whole: none, before: none, after: none}
		if w.whole != "" {
			n.whole = c.number(w.whole)
		}
		if last.text != "" {
			n.before = c.count(found, last.with(w), inName)
			name[len(name)-1].after = n.before
		}
		name, last = append(name, n), w
	}
	return name
}

// number returns the number of a term.
func (c *collection) number(term string) int32 {
	number, known := c.terms[term]
	if !known {
		number = int32(len(c.postings))
		c.terms[strings.Clone(term)] = number
		c.postings = append(c.postings, nil)
	}
	return number
}

func (c *collection) add(found map[int32]posting, text string, in field) {
	for term := range terms(text) {
		c.count(found, term, in)
	}
}

func (c *collection) count(found map[int32]posting, term string, in field) (number int32) {
	number = c.number(term)
	p := found[number]
	p.frequency, p.reach = p.frequency+in.weight, max(p.reach, in.reach)
	found[number] = p
	return number
}

// terms returns the terms of a text: its words, and each camelCase word as a whole.
func terms(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		run := ""
		for w := range words(text) {
			if !yield(w.term) || w.whole != "" && w.whole != run && !yield(w.whole) {
				return
			}
			run = w.whole
		}
	}
}

// in returns the posting of a document for a term.
func (c *collection) in(term string, document int32) (posting, bool) {
	number, known := c.terms[term]
	if !known {
		return posting{}, false
	}
	list := c.postings[number]
	at, found := slices.BinarySearchFunc(list, document, func(p posting, document int32) int { return int(p.document - document) })
	if !found {
		return posting{}, false
	}
	return list[at], true
}
