package issue

import (
	"encoding/binary"
	"slices"
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

// mark is the start of a run, or several, that saw an issue.
type mark struct {
	start   int64 // microseconds since 1970
	cleared int64 // start of the newest run between the mark before and this one that looked and did not find it; never: none
}

// never is before any time that Firestore keeps.
const never = -1 << 62

// addMark adds a start to marks, which are sorted. What cleared the mark after
// it may be what cleared this one.
func addMark(marks []mark, start int64) []mark {
	at, found := slices.BinarySearchFunc(marks, start, func(m mark, start int64) int { return int(min(1, max(-1, m.start-start))) })
	if found {
		return marks
	}
	added := mark{start, never}
	if at < len(marks) && marks[at].cleared <= start {
		if marks[at].cleared < start {
			added.cleared = marks[at].cleared
		}
		marks[at].cleared = never
	}
	return slices.Insert(marks, at, added)
}

// clearMarks notes the runs that looked, sorted by start, between the marks.
func clearMarks(marks []mark, looked []int64) {
	for i := 1; i < len(marks); i++ {
		before, _ := slices.BinarySearch(looked, marks[i].start)
		if before > 0 && looked[before-1] > marks[i-1].start {
			marks[i].cleared = max(marks[i].cleared, looked[before-1])
		}
	}
}

// remember adds the starts of runs that saw the issue and notes those that
// looked, both sorted.
func (p Past) remember(saw, looked []int64) (Past, []mark) {
	marks := unpackMarks(p.Marks)
	for _, start := range saw {
		if p.Forgotten == 0 || start >= marks[0].start {
			marks = addMark(marks, start)
		}
	}
	clearMarks(marks, looked)
	for len(marks) > MaxMarks {
		p.Forgotten++
		if marks[0].cleared != never {
			p.Reopened++
			p.Since = time.UnixMicro(marks[0].start).UTC()
		}
		marks = marks[1:]
	}
	p.Marks = packMarks(marks)
	return p, marks
}

// reopened counts the marks that began anew, and gives the last; zero: none.
func (p Past) reopened(marks []mark) (count int, since time.Time) {
	count, since = p.Reopened, p.Since
	for _, m := range marks {
		if m.cleared != never {
			count++
			since = time.UnixMicro(m.start).UTC()
		}
	}
	return count, since
}

// A packed mark is its start and what cleared it, 8 bytes big-endian each.
const markSize = 8 + 8

func packMarks(marks []mark) []byte {
	packed := make([]byte, 0, len(marks)*markSize)
	for _, m := range marks {
		packed = binary.BigEndian.AppendUint64(packed, uint64(m.start))
		packed = binary.BigEndian.AppendUint64(packed, uint64(m.cleared))
	}
	return packed
}

func unpackMarks(packed []byte) []mark {
	marks := make([]mark, 0, len(packed)/markSize+1)
	for ; len(packed) >= markSize; packed = packed[markSize:] {
		marks = append(marks, mark{int64(binary.BigEndian.Uint64(packed)), int64(binary.BigEndian.Uint64(packed[8:]))})
	}
	return marks
}
