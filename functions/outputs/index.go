package outputs

import (
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// index locates an output's bytes. It holds the stored parts from part 1 up to the
// first gap. Parts after the gap cannot be read until the gap is filled.
type index struct {
	name        string
	contentType string
	parts       []part
	pending     bool // a part is still expected
	gap         bool // a part before the last added one is not stored
}

// part is one stored object. An output has up to 99,999 parts, so part does not hold
// the object's name.
type part struct {
	number     int
	generation int64
	offset     int64 // of its first byte, within the output
	size       int64
	lines      int64 // newline bytes; -1: not counted
}

// state is the state of an output. A client that follows an output reads on while
// it is open.
type state string

const (
	stateOpen       state = "open"       // more parts may arrive
	stateComplete   state = "complete"   // every part that the run claims is stored
	stateIncomplete state = "incomplete" // the run has ended, and parts are missing; or it is lost
)

// span returns the part's bytes within the output.
func (p part) span() span { return span{p.offset, p.offset + p.size} }

// add adds a grant of the output. Grants must be added in the order of parts.
func (x *index) add(g grant.Grant) {
	if x.contentType == "" {
		x.contentType = g.Declared.ContentType
	}
	x.pending = x.pending || g.State == grant.Pending
	if x.gap || g.State != grant.Stored || g.Part != len(x.parts)+1 {
		x.gap = true
		return
	}
	p := part{number: g.Part, generation: g.Stored.Generation, offset: x.size(), size: g.Stored.Size, lines: -1}
	if g.Declared.Lines != nil {
		p.lines = *g.Declared.Lines
	}
	x.parts = append(x.parts, p)
}

// size returns the number of bytes that can be read.
func (x *index) size() int64 {
	if len(x.parts) == 0 {
		return 0
	}
	last := x.parts[len(x.parts)-1]
	return last.offset + last.size
}

// lines returns the number of newline bytes in the parts that can be read. It reports
// false if the runner did not count them in every part.
func (x *index) lines() (n int64, counted bool) {
	for _, p := range x.parts {
		if p.lines < 0 {
			return 0, false
		}
		n += p.lines
	}
	return n, true
}

// state returns the output's state. Grants beyond the run's claim do not matter.
func (x *index) state(r run.Run) state {
	claimed := r.End.Parts(x.name)
	switch {
	case r.State == run.Lost:
		return stateIncomplete
	case r.State != run.Ended:
		return stateOpen
	case claimed > 0 && len(x.parts) >= claimed:
		return stateComplete
	case x.pending:
		return stateOpen
	case x.gap || len(x.parts) < claimed:
		return stateIncomplete
	}
	return stateComplete
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
