package outputs

import (
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// index locates an output's bytes. It holds the stored parts from part 1 up to the
// first gap. Parts after the gap cannot be read until the gap is filled.
//
// If the run is sealed, only the claimed parts are the output. The others are
// counted, and an index of the unclaimed parts holds nothing else.
type index struct {
	name        string
	contentType string
	parts       []part
	pending     bool // a part is still expected
	gap         bool // a part before the last added one is not stored

	sealed         bool // the run's report is recorded
	claims         bool // the run claims the output
	claimed        int  // number of parts that it claims; 0: the output is empty, or not claimed
	unclaimed      bool // the index is of the stored parts that the run does not claim
	unclaimedParts int  // number of them
	unclaimedSize  int64

	under *viewToken // the view that the index is read under, of which it may be a section; nil: none
}

func newIndex(r run.Run, name string) index {
	parts, claims := r.End.Claim(name)
	return index{name: name, sealed: r.Sealed(), claims: claims, claimed: parts}
}

// part is one stored object. An output has up to 99,999 parts, so part does not hold
// the object's name.
type part struct {
	number     int
	generation int64
	offset     int64 // of its first byte, within the output
	size       int64
	lines      int64 // newline bytes that the platform counted; -1: not counted yet
	declared   int64 // newline bytes that the runner declared; -1: not declared
}

// state is the state of an output. A client that follows an output reads on while
// it is open.
type state string

const (
	stateOpen       state = "open"       // more parts may arrive
	stateComplete   state = "complete"   // every part that the run claims is stored
	stateIncomplete state = "incomplete" // the run has ended, and parts are missing; or it is lost
	stateUnclaimed  state = "unclaimed"  // the run has ended, and its report does not claim the output
)

// add adds a grant of the output. Grants must be added in the order of parts.
func (x *index) add(g grant.Grant) {
	if x.contentType == "" {
		x.contentType = g.Declared.ContentType
	}
	if x.sealed && g.Part > x.claimed {
		x.addUnclaimed(g)
		return
	}
	if x.unclaimed {
		return
	}
	x.pending = x.pending || g.State == grant.Pending
	if x.gap || g.State != grant.Stored || g.Part != len(x.parts)+1 {
		x.gap = true
		return
	}
	x.appendPart(g)
}

// addUnclaimed adds a part that the run does not claim. It is evidence and not
// output, so gaps do not matter.
func (x *index) addUnclaimed(g grant.Grant) {
	if g.State != grant.Stored {
		return
	}
	x.unclaimedParts++
	x.unclaimedSize += g.Stored.Size
	if x.unclaimed {
		x.appendPart(g)
	}
}

func (x *index) appendPart(g grant.Grant) {
	p := part{
		number:     g.Part,
		generation: g.Stored.Generation,
		offset:     x.size(),
		size:       g.Stored.Size,
		lines:      -1,
		declared:   -1,
	}
	switch {
	case p.size == 0:
		p.lines = 0
	case g.Counted.Generation == p.generation:
		p.lines = g.Counted.Lines
	}
	if g.Declared.Lines != nil {
		p.declared = *g.Declared.Lines
	}
	x.parts = append(x.parts, p)
}

// size returns the number of bytes that can be read.
func (x *index) size() int64 {
	if x.under != nil {
		return x.under.Size
	}
	if len(x.parts) == 0 {
		return 0
	}
	last := x.parts[len(x.parts)-1]
	return last.offset + last.size
}

// lineCount is what is known about the newline bytes of an output.
type lineCount struct {
	n        int64
	known    bool // every part is counted or declared
	verified bool // the platform counted every part
	differs  bool // the runner declared another number for a part than the platform counted
}

// lines adds up the newline bytes in the parts that can be read. It prefers what the
// platform counted to what the runner declared.
func (x *index) lines() lineCount {
	count := lineCount{known: true, verified: true}
	for _, p := range x.parts {
		counted, declared := p.lines >= 0, p.declared >= 0
		count.verified = count.verified && counted
		count.known = count.known && (counted || declared)
		count.differs = count.differs || (counted && declared && p.lines != p.declared)
		if counted {
			count.n += p.lines
		} else {
			count.n += max(0, p.declared)
		}
	}
	return count
}

// state returns the output's state. Grants beyond the run's claim do not matter.
func (x *index) state(r run.Run) state {
	switch {
	case x.under != nil:
		return x.under.State
	case r.State == run.Lost:
		return stateIncomplete
	case r.State != run.Ended:
		return stateOpen
	case !x.sealed:
		return stateIncomplete // the run ended without a report, so nobody knows what is missing
	case x.unclaimed || !x.claims:
		return stateUnclaimed
	case len(x.parts) >= x.claimed:
		return stateComplete
	case x.pending:
		return stateOpen
	}
	return stateIncomplete
}

// span is a range of bytes of the output: [from, to).
type span struct{ from, to int64 }

func (s span) length() int64 { return s.to - s.from }

// segment is a range of bytes of one part.
type segment struct {
	part   part
	offset int64 // within the part
	length int64
}

// segments returns the segments that make up s, in order.
func (x *index) segments(s span) []segment {
	var segments []segment
	for _, p := range x.parts {
		from, to := max(s.from, p.offset), min(s.to, p.offset+p.size)
		if from < to {
			segments = append(segments, segment{p, from - p.offset, to - from})
		}
	}
	return segments
}
