package firestore

import (
	"cmp"
	"slices"
	"time"
)

// historyLength is how far in the past a read time may be without point-in-time
// recovery: cloud.google.com/firestore/native/docs/use-pitr.
const historyLength = time.Hour

// maxHistory limits the memory for old versions.
const maxHistory = 100_000 // changes

// history contains the document versions that commits replaced, oldest first.
type history struct {
	past  []pastChange
	floor micros // the earliest time that can be read
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
	h.trim(at)
}

func (h *history) trim(now micros) {
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

// after returns a copy of the changes after t.
func (h *history) after(t micros) []pastChange {
	first, _ := slices.BinarySearchFunc(h.past, t, func(c pastChange, t micros) int { return cmp.Compare(c.at, t+1) })
	return slices.Clone(h.past[first:])
}
