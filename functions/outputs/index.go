package outputs

import (
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// index says where an output's bytes are: its stored parts without a gap from
// part 1. What lies behind a gap cannot be read yet.
type index struct {
	name        string
	contentType string
	parts       []part
	pending     bool // a part is still expected
	broken      bool // the gap has been met
}

// part is one stored object. There may be 99,999 of them: its name is not held.
type part struct {
	number     int
	generation int64
	offset     int64 // of its first byte within the output
	size       int64
	lines      int64 // newlines in it; -1: not counted
}

// state of an output, for those who follow it.
type state string

const (
	open       state = "open"       // more may come
	complete   state = "complete"   // all that the run claims is there
	incomplete state = "incomplete" // the run is over, and not all is there
)

// span is where the part's bytes are within the output.
func (p part) span() span { return span{p.offset, p.offset + p.size} }

// add takes the grants of one output, in the order of parts.
func (x *index) add(g grant.Grant) {
	if x.contentType == "" {
		x.contentType = g.Declared.ContentType
	}
	x.pending = x.pending || g.State == grant.Pending
	if x.broken || g.State != grant.Stored || g.Part != len(x.parts)+1 {
		x.broken = true
		return
	}
	p := part{number: g.Part, generation: g.Stored.Generation, offset: x.size(), size: g.Stored.Size, lines: -1}
	if g.Declared.Lines != nil {
		p.lines = *g.Declared.Lines
	}
	x.parts = append(x.parts, p)
}

// size is the number of bytes that can be read.
func (x *index) size() int64 {
	if len(x.parts) == 0 {
		return 0
	}
	last := x.parts[len(x.parts)-1]
	return last.offset + last.size
}

// lines is the number of newlines in what can be read, if all are counted.
func (x *index) lines() (n int64, counted bool) {
	for _, p := range x.parts {
		if p.lines < 0 {
			return 0, false
		}
		n += p.lines
	}
	return n, true
}

// state tells whether to expect more. What a run was granted beyond its claim
// does not matter.
func (x *index) state(r run.Run) state {
	claimed := r.End.Parts(x.name)
	switch {
	case r.State != run.Ended:
		return open
	case claimed > 0 && len(x.parts) >= claimed:
		return complete
	case x.pending:
		return open
	case x.broken || len(x.parts) < claimed:
		return incomplete
	}
	return complete
}

// span is a run of bytes of the output: [from, to).
type span struct{ from, to int64 }

func (s span) length() int64 { return s.to - s.from }

// segment is a run of bytes of one part.
type segment struct {
	part   part
	offset int64 // within the part
	length int64
}

// segments are the pieces of parts that make up s, in order.
func (x *index) segments(s span) []segment {
	var pieces []segment
	for _, p := range x.parts {
		from, to := max(s.from, p.offset), min(s.to, p.offset+p.size)
		if from < to {
			pieces = append(pieces, segment{p, from - p.offset, to - from})
		}
	}
	return pieces
}
