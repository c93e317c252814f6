package issue

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sort"
	"time"
)

// MaxStarts bounds the starts in a SightingHistory. A sighting that is older
// than all stored starts is counted, but it does not change how often the issue
// was reopened.
const MaxStarts = 128

// SightingHistory is what an issue stores to derive how often it was reopened.
// The package comment has an example.
type SightingHistory struct {
	Starts    []byte    `firestore:"starts" class:"metadata"`      // the newest MaxStarts, packed
	Forgotten int       `firestore:"forgotten" class:"metadata"`   // number of older starts
	Reopened  int       `firestore:"reopened" class:"metadata"`    // how many of the older starts reopened the issue
	Since     time.Time `firestore:"since" class:"metadata"`       // the last of the older starts that reopened it; zero: none
	Reported  time.Time `firestore:"reported" class:"operational"` // when the platform received the newest report of the older starts; zero: unknown
}

// sightingTime is when a run saw an issue, in microseconds since 1970.
type sightingTime struct {
	start    int64 // by the clock of the runner
	reported int64 // when the platform received the report
}

// starts are the starts of the runs that saw an issue, sorted. Each takes
// startRecordSize bytes. All times are microseconds since 1970, big-endian:
//
//	8 bytes  start
//	8 bytes  reported: when the platform received the report; of several runs
//	         with this start, the newest
//	8 bytes  resolvedBefore: start of the newest run between the previous start
//	         and this one that resolved the issue, or never
//	8 bytes  resolverCreated: when the platform first heard of that run
//
// They stay packed, because every fold reads them all and adds few.
type starts []byte

const startRecordSize = 4 * startSize

// never is earlier than any time that Firestore stores.
const never = -1 << 62

// The fields of a record.
const (
	startField = iota
	reportedField
	resolvedField
	resolverField
)

func (s starts) len() int { return len(s) / startRecordSize }

func (s starts) field(i, field int) int64 {
	return int64(binary.BigEndian.Uint64(s[i*startRecordSize+field*startSize:]))
}

func (s starts) setField(i, field int, value int64) {
	binary.BigEndian.PutUint64(s[i*startRecordSize+field*startSize:], uint64(value))
}

func (s starts) start(i int) int64          { return s.field(i, startField) }
func (s starts) reported(i int) int64       { return s.field(i, reportedField) }
func (s starts) resolvedBefore(i int) int64 { return s.field(i, resolvedField) }

func (s starts) setResolvedBefore(i int, by, created int64) {
	s.setField(i, resolvedField, by)
	s.setField(i, resolverField, created)
}

// search returns the index of the first start that is not before start.
func (s starts) search(start int64) int {
	return sort.Search(s.len(), func(i int) bool { return s.start(i) >= start })
}

// add inserts a start. If the run that resolved the issue before the next start
// is older than the new one, it resolved the issue before the new start instead.
func (s starts) add(seen sightingTime) starts {
	at := s.search(seen.start)
	if at < s.len() && s.start(at) == seen.start {
		s.setField(at, reportedField, max(s.reported(at), seen.reported))
		return s
	}
	s = slices.Insert(s, at*startRecordSize, make([]byte, startRecordSize)...)
	s.setField(at, startField, seen.start)
	s.setField(at, reportedField, seen.reported)
	s.setResolvedBefore(at, never, never)
	if next := at + 1; next < s.len() && s.resolvedBefore(next) <= seen.start {
		if s.resolvedBefore(next) < seen.start {
			s.setResolvedBefore(at, s.resolvedBefore(next), s.field(next, resolverField))
		}
		s.setResolvedBefore(next, never, never)
	}
	return s
}

// resolveFrom updates resolvedBefore of each start from index at on. reported is
// when the platform received the newest report of the starts that are not stored.
func (s starts) resolveFrom(at int, recent recentRuns, reported int64) {
	for i := 1; i < s.len(); i++ {
		// A run resolves all sightings that started before it, or none.
		reported = max(reported, s.reported(i-1))
		if i < at {
			continue
		}
		if s.field(i, resolverField) < reported {
			s.setResolvedBefore(i, never, never)
		}
		found, ok := recent.lastResolving(s.start(i-1), s.start(i), reported)
		if ok && cmp.Or(cmp.Compare(found.start, s.resolvedBefore(i)), cmp.Compare(found.created, s.field(i, resolverField))) > 0 {
			s.setResolvedBefore(i, found.start, found.created)
		}
	}
}

// record returns the history after more runs saw the issue. Every new run among
// the recent ones started at oldest or later, so no start before oldest changes.
func (h SightingHistory) record(seenAt []sightingTime, recent recentRuns, oldest int64) SightingHistory {
	all := append(make(starts, 0, len(h.Starts)+len(seenAt)*startRecordSize), h.Starts...)
	for _, seen := range seenAt {
		if h.Forgotten == 0 || seen.start >= all.start(0) {
			all = all.add(seen)
		} else {
			h.forget(seen.reported)
		}
	}
	all.resolveFrom(all.search(oldest), recent, h.Reported.UnixMicro())
	for all.len() > MaxStarts {
		h.Forgotten++
		if all.resolvedBefore(0) != never {
			h.Reopened++
			h.Since = time.UnixMicro(all.start(0)).UTC()
		}
		h.forget(all.reported(0))
		all = all[startRecordSize:]
	}
	h.Starts = all
	return h
}

// forget remembers of a start that is not stored when its report was received.
func (h *SightingHistory) forget(reported int64) {
	if reported > h.Reported.UnixMicro() {
		h.Reported = time.UnixMicro(reported).UTC()
	}
}

// reopened returns how often the issue was reopened, and the start of the run
// that reopened it last (zero: none).
func (h SightingHistory) reopened() (count int, since time.Time) {
	count, since = h.Reopened, h.Since
	all := starts(h.Starts)
	for i := range all.len() {
		if all.resolvedBefore(i) != never {
			count++
			since = time.UnixMicro(all.start(i)).UTC()
		}
	}
	return count, since
}

// Times returns the starts of the newest runs that saw the issue, sorted.
func (h SightingHistory) Times() []time.Time {
	s := starts(h.Starts)
	times := make([]time.Time, s.len())
	for i := range times {
		times[i] = time.UnixMicro(s.start(i)).UTC()
	}
	return times
}
