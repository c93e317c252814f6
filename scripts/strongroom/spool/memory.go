package spool

import (
	"bytes"
	"io"
	"os"
	"sync"
)

// maxMemory limits the bytes of parts that a run has in memory: four parts of the default
// size. The page cache of the system has the others for a while.
const maxMemory = 32 << 20

// memory holds the bytes of the newest parts of a run. It is safe for concurrent use.
type memory struct {
	mu    sync.Mutex
	taken int64    // what all buffers may hold
	free  [][]byte // of parts that are stored
}

// buffer has the bytes of one part.
type buffer struct {
	bytes []byte
	size  int64 // maximum number of bytes; 0: it was put back
}

// take returns an empty buffer for a part of at most size bytes, or nil if the parts in
// memory leave no space for it.
func (m *memory) take(size int64) *buffer {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.taken+size > maxMemory {
		return nil
	}
	m.taken += size
	b := &buffer{size: size}
	if n := len(m.free); n > 0 {
		b.bytes, m.free = m.free[n-1][:0], m.free[:n-1]
	}
	if int64(cap(b.bytes)) < size {
		b.bytes = make([]byte, 0, size) // only what is written takes memory of the system
	}
	return b
}

// put takes the buffer of a stored part back. Nobody reads it any more.
func (m *memory) put(b *buffer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if b == nil || b.size == 0 {
		return
	}
	m.taken -= b.size
	m.free = append(m.free, b.bytes)
	b.bytes, b.size = nil, 0
}

// Open opens the part for reading: in memory while it is there, or else on the disk. The
// caller reads nothing of it after it calls Run.Stored.
func (p Part) Open() (io.ReadCloser, error) {
	if p.data != nil && p.data.size > 0 {
		return io.NopCloser(bytes.NewReader(p.data.bytes)), nil
	}
	return os.Open(p.Path)
}
