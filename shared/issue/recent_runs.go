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

// MaxRecent bounds the recent runs that a check stores. A run that is older than
// all of them is counted, but it may not resolve an issue between two sightings.
const MaxRecent = 512

// recentRuns are the newest runs of a check, sorted by start and then by ID.
// Each takes recentSize bytes:
//
//	 8 bytes  start, in microseconds since 1970, big-endian
//	16 bytes  ID
//	 8 bytes  when the platform first heard of the run, like start
//	 1 byte   1 if the run is conclusive, otherwise 0
//
// They stay packed, because every fold reads them all and adds few.
type recentRuns []byte

const (
	startSize  = 8
	idSize     = 16
	recentSize = startSize + idSize + startSize + 1
)

// pack returns the run as a list of one.
func (r RunResult) pack() recentRuns {
	id := binaryID(r.ID)
	packed := binary.BigEndian.AppendUint64(make(recentRuns, 0, recentSize), uint64(r.startMicros()))
	packed = append(packed, id[:]...)
	packed = binary.BigEndian.AppendUint64(packed, uint64(r.createdMicros()))
	if r.conclusive() {
		return append(packed, 1)
	}
	return append(packed, 0)
}

// binaryID returns the 16 bytes of a run ID. They sort like its text.
func binaryID(id run.ID) uuid.UUID {
	binary, _ := uuid.Parse(string(id)) // a run.ID is a UUID
	return binary
}

func (r recentRuns) len() int { return len(r) / recentSize }

func (r recentRuns) at(i int) recentRuns { return r[i*recentSize : (i+1)*recentSize] }

func (r recentRuns) start(i int) int64 { return int64(binary.BigEndian.Uint64(r.at(i))) }

func (r recentRuns) id(i int) []byte { return r.at(i)[startSize : startSize+idSize] }

func (r recentRuns) created(i int) int64 {
	return int64(binary.BigEndian.Uint64(r.at(i)[startSize+idSize:]))
}

func (r recentRuns) conclusive(i int) bool { return r.at(i)[recentSize-1] != 0 }

// has reports whether the run is among them.
func (r recentRuns) has(id run.ID) bool {
	wanted := binaryID(id)
	high, low := binary.BigEndian.Uint64(wanted[:]), binary.BigEndian.Uint64(wanted[idSize/2:])
	for rest := r; len(rest) >= recentSize; rest = rest[recentSize:] { // each fold reads them all
		id := rest[startSize : startSize+idSize]
		if binary.BigEndian.Uint64(id[idSize/2:]) == low && binary.BigEndian.Uint64(id) == high {
			return true
		}
	}
	return false
}

// add returns a copy with more runs.
func (r recentRuns) add(runs []RunResult) recentRuns {
	all := append(make(recentRuns, 0, len(r)+len(runs)*recentSize), r...)
	for _, result := range runs {
		added := result.pack()
		at := sort.Search(all.len(), func(i int) bool {
			return cmp.Or(cmp.Compare(all.start(i), added.start(0)), bytes.Compare(all.id(i), added.id(0))) > 0
		})
		all = slices.Insert(all, at*recentSize, added...)
	}
	return all
}

// newest returns the newest MaxRecent of them.
func (r recentRuns) newest() recentRuns { return r[max(0, r.len()-MaxRecent)*recentSize:] }

// resolver is a conclusive run that resolved an issue. The zero resolver means that no run resolved it.
type resolver struct {
	start   int64
	created int64 // of several runs with this start, the latest
}

// resolver returns the run at i. found is another one with the same start, or
// the zero resolver.
func (r recentRuns) resolver(i int, found resolver) resolver {
	if found == (resolver{}) {
		return resolver{r.start(i), r.created(i)}
	}
	return resolver{found.start, max(found.created, r.created(i))}
}

// lastResolving returns the newest conclusive run that started between two
// starts, and of which the platform first heard at reported or later.
func (r recentRuns) lastResolving(after, before, reported int64) (found resolver, ok bool) {
	at := sort.Search(r.len(), func(i int) bool { return r.start(i) >= before })
	for i := at - 1; i >= 0 && r.start(i) > after && (!ok || r.start(i) == found.start); i-- {
		if r.conclusive(i) && r.created(i) >= reported {
			found, ok = r.resolver(i, found), true
		}
	}
	return found, ok
}

// firstResolving returns the oldest conclusive run that started after a start,
// and of which the platform first heard at reported or later.
func (r recentRuns) firstResolving(after, reported int64) (found resolver, ok bool) {
	at := sort.Search(r.len(), func(i int) bool { return r.start(i) > after })
	for i := at; i < r.len() && (!ok || r.start(i) == found.start); i++ {
		if r.conclusive(i) && r.created(i) >= reported {
			found, ok = r.resolver(i, found), true
		}
	}
	return found, ok
}
