// Package rank finds the tasks that a sentence asks for: BM25 over their names,
// tags and documentation finds them, and how much of sentence and name meet says
// how relevant they are.
package rank

import (
	"iter"
	"slices"
	"strings"
)

// Document is what may be found.
type Document struct {
	ID            string // the caller's
	Name          string
	Documentation string
	Tags          []string
	Context       string // what is said of all tasks of its suite
}

// field is where a word may stand: how often it counts there for BM25, and how
// surely a task that has it there is about it.
type field struct{ weight, reach float32 }

// The fields. What stands in quotes in a name, or says where, is like a tag.
var (
	inName          = field{3, 1}
	inTags          = field{1.5, 0.7}
	inDocumentation = field{1, 0.5}
	inContext       = field{0.5, 0.3}
)

// Index is a collection that can be searched. It does not change, and is safe
// for concurrent use.
type Index struct {
	parts []*collection // the first says how rare a word is
}

// collection is what was indexed at once.
type collection struct {
	ids      []string
	terms    map[string]int32
	postings [][]posting  // by term
	weights  []float64    // by term: see Index.weight
	names    [][]nameWord // by document
	lengths  []float32    // by document
	average  float64      // length
}

// posting is a document that has a term.
type posting struct {
	document  int32
	frequency float32 // weighted by where the term stands
	reach     float32 // of the best place
}

// nameWord is a word of a name that tells the task from others, and the terms that
// have it too: the run in camelCase that it is a part of, and what it is in one
// with the word before and with that after. none stands for none.
type nameWord struct{ term, whole, before, after int32 }

const none = -1

// New builds the index of documents.
func New(documents []Document) *Index {
	x := &Index{[]*collection{collect(documents)}}
	x.weigh(x.parts[0])
	return x
}

// With is an index of the documents of x and others. How rare a word is only x
// says, so that it costs no more than the others do, and what x has scores as it
// does in x.
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

// read gives the terms of a document, and notes its name.
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
	c.add(found, d.Context, inContext)
	return found
}

// name gives the words of a name. Two that follow one another are found in one
// too: "Roll Back" by "rollback".
func (c *collection) name(found map[int32]posting, text string) (name []nameWord) {
	last := word{}
	for w := range words(text) {
		n := nameWord{c.number(w.term), none, none, none}
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

// number gives a term its number.
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

// terms gives what a text is found by: its words, and whole what words parts.
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

// in finds a document among those of a term.
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
