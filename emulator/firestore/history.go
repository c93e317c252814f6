package firestore

import "time"

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

// undo takes back what was committed after t.
func (h *history) undo(s *state, t micros) {
	for i := len(h.past) - 1; i >= 0 && h.past[i].at > t; i-- {
		s.put(h.past[i].key, h.past[i].old)
	}
}
