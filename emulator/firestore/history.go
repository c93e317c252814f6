package firestore

import (
	"cmp"
	"slices"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// How far in the past a read time may be with point-in-time recovery. Older than
// exactHistory, it must be a whole minute:
// cloud.google.com/firestore/native/docs/use-pitr.
const (
	exactHistory = micros(time.Hour / time.Microsecond)
	minuteLength = micros(time.Minute / time.Microsecond)
	wholeHistory = micros(7 * 24 * time.Hour / time.Microsecond)
)

// The limits of the memory for old versions.
const (
	maxHistory      = 200_000   // changes
	maxHistoryBytes = 512 << 20 // of the versions' data
)

// history contains the document versions that commits replaced, oldest first.
type history struct {
	past  []pastChange
	thin  int    // number of changes in past that whole minutes need; all later ones are complete
	bytes int    // of the data in past
	floor micros // the earliest time that can be read
}

// pastChange is a change at a time. old is the version before it; nil: there was none.
type pastChange struct {
	at  micros
	key string
	old *document
}

func (c pastChange) bytes() int {
	if c.old == nil {
		return 0
	}
	return len(c.old.data)
}

// minute returns the first whole minute at or after the change, which is the first
// one that shows it.
func (c pastChange) minute() micros { return (c.at + minuteLength - 1) / minuteLength * minuteLength }

// add adds the changes of a commit, and returns the changes that no read needs any
// more.
func (h *history) add(at micros, changes []change) (dropped []pastChange) {
	for _, c := range changes {
		h.append(pastChange{at, c.key, c.old})
	}
	return append(h.thinOut(at), h.trim(at)...)
}

func (h *history) append(c pastChange) {
	h.past = append(h.past, c)
	h.bytes += c.bytes()
}

// restored ends the loading of a history whose last commit was at a time. What it
// dropped before is not known, so nothing before its first change can be read.
func (h *history) restored(committed micros) {
	h.floor = committed
	if len(h.past) > 0 {
		h.floor = h.past[0].at - 1
	}
}

// thinOut drops what only times that are not whole minutes show, from changes that are
// older than exactHistory. Of several changes of one document within a minute, it
// keeps the first one, because that has the version at the minute's beginning. It
// waits until a minute is over, and looks at each change once.
func (h *history) thinOut(now micros) (dropped []pastChange) {
	end := h.firstAfter((now - exactHistory) / minuteLength * minuteLength)
	if end <= h.thin {
		return nil
	}
	type version struct {
		minute micros
		key    string
	}
	seen := map[version]bool{}
	kept := h.thin
	for _, c := range h.past[h.thin:end] {
		v := version{c.minute(), c.key}
		if seen[v] {
			dropped = append(dropped, c)
			h.bytes -= c.bytes()
			continue
		}
		seen[v] = true
		h.past[kept] = c
		kept++
	}
	h.past = slices.Delete(h.past, kept, end)
	h.thin = kept
	return dropped
}

// trim drops the oldest changes: those that are too old, and those that exceed the
// limits.
func (h *history) trim(now micros) (dropped []pastChange) {
	n, bytes := 0, h.bytes
	for n < len(h.past) && (len(h.past)-n > maxHistory || bytes > maxHistoryBytes || h.past[n].at < now-wholeHistory) {
		bytes -= h.past[n].bytes()
		n++
	}
	if n == 0 {
		return nil
	}
	dropped = slices.Clone(h.past[:n])
	h.floor = dropped[n-1].at
	clear(h.past[:n])
	h.past, h.thin, h.bytes = h.past[n:], max(0, h.thin-n), bytes
	return dropped
}

// check returns an error unless a time can be read. Firestore rejects a time that is
// too old with FAILED_PRECONDITION, and one that is not a whole minute with
// INVALID_ARGUMENT: github.com/googleapis/nodejs-firestore/issues/1877.
func (h *history) check(t, now micros) error {
	switch {
	case t > now:
		return invalid("The requested read time is in the future.")
	case t < now-wholeHistory || t < h.floor:
		return status.Error(codes.FailedPrecondition, "The requested snapshot version is too old.")
	case t < now-exactHistory && t%minuteLength != 0:
		return invalid("A read time that is older than one hour must be a whole minute.")
	}
	return nil
}

// after returns a copy of the changes after t.
func (h *history) after(t micros) []pastChange { return slices.Clone(h.past[h.firstAfter(t):]) }

// firstAfter returns the index of the first change after t.
func (h *history) firstAfter(t micros) int {
	first, _ := slices.BinarySearchFunc(h.past, t, func(c pastChange, t micros) int { return cmp.Compare(c.at, t+1) })
	return first
}

// maxPastStates limits how many past states are kept. All parts of an export read at
// one time, and a test has a few exports at once.
const maxPastStates = 8

// pastStates are the states that were last read at past times, the latest first. No
// commit changes them any more, but a query may need an index that they lack.
type pastStates []pastState

type pastState struct {
	at    micros
	state *state
}

// get returns nil unless the state at t is kept, with as many indexes.
func (p pastStates) get(t micros, indexes int) *state {
	for i, past := range p {
		if past.at == t && past.state.created == indexes {
			copy(p[1:i+1], p[:i])
			p[0] = past
			return past.state
		}
	}
	return nil
}

func (p *pastStates) add(t micros, s *state) {
	kept := slices.DeleteFunc(*p, func(old pastState) bool { return old.at == t })
	kept = slices.Insert(kept, 0, pastState{t, s})
	*p = kept[:min(len(kept), maxPastStates)]
}
