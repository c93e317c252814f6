package issue

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"sort"

	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/shared/run"
)

// MaxRecent bounds the runs that a check remembers. A run that is older than
// all of them is counted as any other, but an issue may not notice that this
// run had not found it between two sightings.
const MaxRecent = 512

// recents are what a check remembers of its runs, by start and then id, each in
// recentSize bytes: its start in microseconds since 1970 (8, big-endian), its id
// (16), whether it decides (1). They stay packed, since every event reads them
// all and adds one.
type recents []byte

const (
	startSize  = 8
	idSize     = 16
	recentSize = startSize + idSize + 1
)

// recent packs one run.
func (r RunSeen) recent() recents {
	id := binaryID(r.ID)
	one := binary.BigEndian.AppendUint64(make(recents, 0, recentSize), uint64(r.micros()))
	return append(append(one, id[:]...), flag(r.decides()))
}

// binaryID is the 16 bytes of a run's id, which sort as its text does.
func binaryID(id run.ID) uuid.UUID {
	binary, _ := uuid.Parse(string(id)) // a run.ID is a UUID
	return binary
}

func (r recents) len() int { return len(r) / recentSize }

func (r recents) at(i int) recents { return r[i*recentSize : (i+1)*recentSize] }

func (r recents) start(i int) int64 { return int64(binary.BigEndian.Uint64(r.at(i))) }

func (r recents) id(i int) []byte { return r.at(i)[startSize : startSize+idSize] }

func (r recents) decides(i int) bool { return r.at(i)[recentSize-1] != 0 }

// has reports whether the run is among them.
func (r recents) has(id run.ID) bool {
	wanted := binaryID(id)
	for i := range r.len() {
		if bytes.Equal(r.id(i), wanted[:]) {
			return true
		}
	}
	return false
}

// with gives a copy that has some runs more.
func (r recents) with(runs []RunSeen) recents {
	all := append(make(recents, 0, len(r)+len(runs)*recentSize), r...)
	for _, seen := range runs {
		one := seen.recent()
		at := sort.Search(all.len(), func(i int) bool {
			return cmp.Or(cmp.Compare(all.start(i), one.start(0)), bytes.Compare(all.id(i), one.id(0))) > 0
		})
		all = slices.Insert(all, at*recentSize, one...)
	}
	return all
}

// newest gives the last MaxRecent of them.
func (r recents) newest() recents { return r[max(0, r.len()-MaxRecent)*recentSize:] }

// lookedBefore gives the start of the newest run that looked before a time;
// never: none did.
func (r recents) lookedBefore(start int64) int64 {
	at := sort.Search(r.len(), func(i int) bool { return r.start(i) >= start })
	for i := at - 1; i >= 0; i-- {
		if r.decides(i) {
			return r.start(i)
		}
	}
	return never
}

// lookedAfter gives the start of the first run that looked after a time.
func (r recents) lookedAfter(start int64) (first int64, ok bool) {
	at := sort.Search(r.len(), func(i int) bool { return r.start(i) > start })
	for i := at; i < r.len(); i++ {
		if r.decides(i) {
			return r.start(i), true
		}
	}
	return 0, false
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}
