package issue

import (
	"encoding/binary"
	"slices"
	"sort"
	"time"
)

// MaxMarks bounds the starts of runs that an issue remembers to have been seen
// in. A sighting that is older than all of them is counted as any other, but
// does not tell when the issue was resolved in between.
const MaxMarks = 128

// Past is what an issue remembers to tell when it was resolved and came back.
type Past struct {
	Marks     []byte    `firestore:"marks"`     // the newest MaxMarks, packed
	Forgotten int       `firestore:"forgotten"` // older ones
	Reopened  int       `firestore:"reopened"`  // how many of those began anew
	Since     time.Time `firestore:"since"`     // the last of those that did; zero: none
}

// marks are the starts of runs that saw an issue, sorted, each in markSize
// bytes: the start in microseconds since 1970 (8, big-endian), and the start of
// the newest run between the mark before and this one that looked and did not
// find it, or never (8). They stay packed, as recents do.
type marks []byte

const markSize = startSize + 8

// never is before any time that Firestore keeps.
const never = -1 << 62

func (m marks) len() int { return len(m) / markSize }

func (m marks) start(i int) int64 { return int64(binary.BigEndian.Uint64(m[i*markSize:])) }

func (m marks) cleared(i int) int64 { return int64(binary.BigEndian.Uint64(m[i*markSize+startSize:])) }

func (m marks) clear(i int, by int64) {
	binary.BigEndian.PutUint64(m[i*markSize+startSize:], uint64(by))
}

// search gives the first mark that is not before start.
func (m marks) search(start int64) int {
	return sort.Search(m.len(), func(i int) bool { return m.start(i) >= start })
}

// add adds a start. What cleared the mark after it may be what cleared this one.
func (m marks) add(start int64) marks {
	at := m.search(start)
	if at < m.len() && m.start(at) == start {
		return m
	}
	cleared := int64(never)
	if at < m.len() && m.cleared(at) <= start {
		if m.cleared(at) < start {
			cleared = m.cleared(at)
		}
		m.clear(at, never)
	}
	one := binary.BigEndian.AppendUint64(make([]byte, 0, markSize), uint64(start))
	return slices.Insert(m, at*markSize, binary.BigEndian.AppendUint64(one, uint64(cleared))...)
}

// clearFrom notes which runs looked before each of the marks from at on.
func (m marks) clearFrom(at int, known recents) {
	for i := max(at, 1); i < m.len(); i++ {
		if looked := known.lookedBefore(m.start(i)); looked > m.start(i-1) {
			m.clear(i, max(m.cleared(i), looked))
		}
	}
}

// remember adds the starts of runs that saw the issue and notes the known runs
// that looked. All that is new since the last time started at oldest or later,
// so no mark before that changes.
func (p Past) remember(saw []int64, known recents, oldest int64) Past {
	all := append(make(marks, 0, len(p.Marks)+len(saw)*markSize), p.Marks...)
	for _, start := range saw {
		if p.Forgotten == 0 || start >= all.start(0) {
			all = all.add(start)
		}
	}
	all.clearFrom(all.search(oldest), known)
	for all.len() > MaxMarks {
		p.Forgotten++
		if all.cleared(0) != never {
			p.Reopened++
			p.Since = time.UnixMicro(all.start(0)).UTC()
		}
		all = all[markSize:]
	}
	p.Marks = all
	return p
}

// reopened counts the marks that began anew, and gives the last; zero: none.
func (p Past) reopened() (count int, since time.Time) {
	count, since = p.Reopened, p.Since
	all := marks(p.Marks)
	for i := range all.len() {
		if all.cleared(i) != never {
			count++
			since = time.UnixMicro(all.start(i)).UTC()
		}
	}
	return count, since
}
