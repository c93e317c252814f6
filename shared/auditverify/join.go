package auditverify

import (
	"bufio"
	"bytes"
	"cmp"
	"container/heap"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
)

// mark is what an entry or a receipt says about an ID: of an entry, or of a run.
type mark struct {
	id    entryID
	kind  markKind
	index uint64 // of the entry in the log; of a receipt, its line
}

// markKind is a kind of mark. Marks of one ID are in this order.
type markKind byte

const (
	markEntry   markKind = iota // an entry has the ID
	markRead                    // the entry is a read that should have an end
	markEnd                     // another entry ends the read with the ID
	markReceipt                 // somebody received the ID
	markFinal                   // the entry has the final state of the uploads of the run with the ID
	markMint                    // the entry is a mint for the run with the ID
)

func (m mark) compare(other mark) int {
	return cmp.Or(bytes.Compare(m.id[:], other.id[:]), cmp.Compare(m.kind, other.kind), cmp.Compare(m.index, other.index))
}

const markBytes = len(entryID{}) + 1 + 8

func (m mark) encode(to []byte) []byte {
	return binary.BigEndian.AppendUint64(append(append(to, m.id[:]...), byte(m.kind)), m.index)
}

func decodeMark(data []byte) (m mark) {
	n := copy(m.id[:], data)
	m.kind = markKind(data[n])
	m.index = binary.BigEndian.Uint64(data[n+1:])
	return m
}

// maxMarks is how many marks are in memory, of 32 bytes each.
const maxMarks = 1 << 19

// marks sorts marks by ID. Above its limit, they are in a temporary file, in
// sorted runs. So the memory for a log of any size is bounded.
type marks struct {
	limit  int
	memory []mark
	file   *os.File // removed already; nil: none was needed
	runs   []int64  // offsets in file at which a run ends
}

func (s *marks) add(m mark) error {
	s.memory = append(s.memory, m)
	if len(s.memory) < s.limit {
		return nil
	}
	return s.spill()
}

// spill writes the marks in memory to the file, as a sorted run.
func (s *marks) spill() error {
	if s.file == nil {
		file, err := os.CreateTemp("", "strongroom-verify-*")
		if err != nil {
			return fmt.Errorf("sort the IDs of the entries: %w", err)
		}
		s.file = file
		if err := os.Remove(file.Name()); err != nil {
			return fmt.Errorf("sort the IDs of the entries: %w", err)
		}
	}
	slices.SortFunc(s.memory, mark.compare)
	out := bufio.NewWriterSize(s.file, 1<<16)
	var buffer []byte
	for _, m := range s.memory {
		buffer = m.encode(buffer[:0])
		_, _ = out.Write(buffer) // Flush returns the error
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("sort the IDs of the entries: %w", err)
	}
	end := int64(len(s.memory) * markBytes)
	if n := len(s.runs); n > 0 {
		end += s.runs[n-1]
	}
	s.runs, s.memory = append(s.runs, end), s.memory[:0]
	return nil
}

func (s *marks) close() {
	if s.file != nil {
		_ = s.file.Close()
	}
}

// groups iterates over the marks of each ID. The group is valid until the next
// one. A group has the marks of one ID, however many were added.
func (s *marks) groups() iter.Seq2[[]mark, error] {
	return func(yield func([]mark, error) bool) {
		var group []mark
		for m, err := range s.sorted() {
			if err != nil {
				yield(nil, err)
				return
			}
			if len(group) > 0 && group[0].id != m.id {
				if !yield(group, nil) {
					return
				}
				group = group[:0]
			}
			if len(group) < maxListed {
				group = append(group, m)
			} else { // of many marks of one ID, the first ones and the last one say everything
				group[maxListed-1] = m
			}
		}
		if len(group) > 0 {
			yield(group, nil)
		}
	}
}

// sorted merges the runs and the marks in memory.
func (s *marks) sorted() iter.Seq2[mark, error] {
	return func(yield func(mark, error) bool) {
		slices.SortFunc(s.memory, mark.compare)
		merge := &runHeap{}
		begin := int64(0)
		for _, end := range s.runs {
			merge.open(bufio.NewReaderSize(io.NewSectionReader(s.file, begin, end-begin), 1<<14))
			begin = end
		}
		merge.open(&memoryRun{s.memory})
		heap.Init(merge)
		for merge.err == nil && len(merge.runs) > 0 {
			next := merge.runs[0].next
			merge.advance()
			if !yield(next, nil) {
				return
			}
		}
		if merge.err != nil {
			yield(mark{}, fmt.Errorf("sort the IDs of the entries: %w", merge.err))
		}
	}
}

// memoryRun reads marks in memory as if they were in a file.
type memoryRun struct{ left []mark }

func (r *memoryRun) Read(p []byte) (int, error) {
	if len(r.left) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.left[0].encode(nil)) // p always has markBytes
	r.left = r.left[1:]
	return n, nil
}

// sortedRun is a run that is being merged.
type sortedRun struct {
	next mark
	rest io.Reader
}

// runHeap has the run with the least mark first.
type runHeap struct {
	runs []sortedRun
	err  error
}

func (h *runHeap) open(r io.Reader) {
	if m, ok := h.read(r); ok {
		h.runs = append(h.runs, sortedRun{m, r})
	}
}

func (h *runHeap) read(r io.Reader) (mark, bool) {
	var buffer [markBytes]byte
	if _, err := io.ReadFull(r, buffer[:]); err != nil {
		if !errors.Is(err, io.EOF) {
			h.err = err
		}
		return mark{}, false
	}
	return decodeMark(buffer[:]), true
}

// advance replaces the least mark by the next one of its run.
func (h *runHeap) advance() {
	next, ok := h.read(h.runs[0].rest)
	if !ok {
		heap.Pop(h)
		return
	}
	h.runs[0].next = next
	heap.Fix(h, 0)
}

// Len, Less, Swap, Push and Pop implement heap.Interface.
func (h *runHeap) Len() int           { return len(h.runs) }
func (h *runHeap) Less(i, j int) bool { return h.runs[i].next.compare(h.runs[j].next) < 0 }
func (h *runHeap) Swap(i, j int)      { h.runs[i], h.runs[j] = h.runs[j], h.runs[i] }
func (h *runHeap) Push(x any)         { h.runs = append(h.runs, x.(sortedRun)) }
func (h *runHeap) Pop() any {
	last := h.runs[len(h.runs)-1]
	h.runs = h.runs[:len(h.runs)-1]
	return last
}
