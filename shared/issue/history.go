package issue

import (
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
	Starts    []byte    `firestore:"starts" class:"metadata"`    // the newest MaxStarts, packed
	Forgotten int       `firestore:"forgotten" class:"metadata"` // number of older starts
	Reopened  int       `firestore:"reopened" class:"metadata"`  // how many of the older starts reopened the issue
	Since     time.Time `firestore:"since" class:"metadata"`     // the last of the older starts that reopened it; zero: none
}

// starts are the starts of the runs that saw an issue, sorted. Each takes
// startRecordSize bytes:
//
//	8 bytes  start, in microseconds since 1970, big-endian
//	8 bytes  resolvedBefore: start of the newest conclusive run between the
//	         previous start and this one, or never
//
// They stay packed, because every fold reads them all and adds few.
type starts []byte

const startRecordSize = startSize + 8

// never is earlier than any time that Firestore stores.
const never = -1 << 62

func (s starts) len() int { return len(s) / startRecordSize }

func (s starts) start(i int) int64 { return int64(binary.BigEndian.Uint64(s[i*startRecordSize:])) }

func (s starts) resolvedBefore(i int) int64 {
	return int64(binary.BigEndian.Uint64(s[i*startRecordSize+startSize:]))
}

func (s starts) setResolvedBefore(i int, by int64) {
	binary.BigEndian.PutUint64(s[i*startRecordSize+startSize:], uint64(by))
}

// search returns the index of the first start that is not before start.
func (s starts) search(start int64) int {
	return sort.Search(s.len(), func(i int) bool { return s.start(i) >= start })
}

// add inserts a start. If the run that resolved the issue before the next start
// is older than the new one, it resolved the issue before the new start instead.
func (s starts) add(start int64) starts {
	at := s.search(start)
	if at < s.len() && s.start(at) == start {
		return s
	}
	resolved := int64(never)
	if at < s.len() && s.resolvedBefore(at) <= start {
		if s.resolvedBefore(at) < start {
			resolved = s.resolvedBefore(at)
		}
		s.setResolvedBefore(at, never)
	}
	added := binary.BigEndian.AppendUint64(make([]byte, 0, startRecordSize), uint64(start))
	return slices.Insert(s, at*startRecordSize, binary.BigEndian.AppendUint64(added, uint64(resolved))...)
}

// resolveFrom updates resolvedBefore of each start from index at on.
func (s starts) resolveFrom(at int, recent recentRuns) {
	for i := max(at, 1); i < s.len(); i++ {
		if conclusive := recent.lastConclusiveBefore(s.start(i)); conclusive > s.start(i-1) {
			s.setResolvedBefore(i, max(s.resolvedBefore(i), conclusive))
		}
	}
}

// record returns the history after more runs. seenAt are the starts of the runs
// that saw the issue. Every new run among the recent ones started at oldest or
// later, so no start before oldest changes.
func (h SightingHistory) record(seenAt []int64, recent recentRuns, oldest int64) SightingHistory {
	all := append(make(starts, 0, len(h.Starts)+len(seenAt)*startRecordSize), h.Starts...)
	for _, start := range seenAt {
		if h.Forgotten == 0 || start >= all.start(0) {
			all = all.add(start)
		}
	}
	all.resolveFrom(all.search(oldest), recent)
	for all.len() > MaxStarts {
		h.Forgotten++
		if all.resolvedBefore(0) != never {
			h.Reopened++
			h.Since = time.UnixMicro(all.start(0)).UTC()
		}
		all = all[startRecordSize:]
	}
	h.Starts = all
	return h
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
