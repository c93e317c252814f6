package firestore

import (
	"cmp"
	"slices"
	"time"
)

// historyLength is how far back reads go: an hour, without point-in-time
// recovery: cloud.google.com/firestore/native/docs/use-pitr.
const historyLength = time.Hour

// maxHistory bounds the memory that old versions take.
const maxHistory = 100_000 // changes

// history remembers what commits replaced, oldest first.
type history struct {
	past  []pastChange
	floor micros // nothing before is known
}

type pastChange struct {
	at  micros
	key string
	old *document
}

func (h *history) add(at micros, changes []change) {
	for _, c := range changes {
		h.past = append(h.past, pastChange{at, c.key, c.old})
	}
	h.forget(at)
}

func (h *history) forget(now micros) {
	drop := max(0, len(h.past)-maxHistory)
	for drop < len(h.past) && h.past[drop].at < now-micros(historyLength/time.Microsecond) {
		drop++
	}
	if drop == 0 {
		return
	}
	h.floor = h.past[drop-1].at
	clear(h.past[:drop])
	h.past = h.past[drop:]
}

// after is a copy of what was replaced after t.
func (h *history) after(t micros) []pastChange {
	first, _ := slices.BinarySearchFunc(h.past, t, func(c pastChange, t micros) int { return cmp.Compare(c.at, t+1) })
	return slices.Clone(h.past[first:])
}
