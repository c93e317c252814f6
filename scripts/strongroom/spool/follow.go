package spool

import (
	"sync"
	"time"
)

// maxDelay is the longest time that written data waits for its upload, unless the
// interval is longer.
const maxDelay = time.Minute

// following is whether somebody follows the outputs of a run. It is safe for concurrent
// use. Nobody holds its lock while waiting for that of a Writer.
type following struct {
	mu      sync.Mutex
	until   time.Time
	writers []*Writer // that cut parts by age
}

func (f *following) add(w *Writer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writers = append(f.writers, w)
}

func (f *following) isActive() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return time.Now().Before(f.until)
}

// Follow notes that somebody follows an output of the run for a time, from now on. Until
// then, its parts are cut at the interval of their CutRule.
func (r *Run) Follow(d time.Duration) {
	f := &r.following
	f.mu.Lock()
	if until := time.Now().Add(d); until.After(f.until) {
		f.until = until
	}
	writers := f.writers
	f.mu.Unlock()
	for _, w := range writers {
		w.follow()
	}
}

// follow shortens the time until the current part is cut.
func (w *Writer) follow() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flushes = 0
	if w.file != nil && w.timer != nil {
		w.timer.Reset(max(0, time.Until(w.opened.Add(w.delay()))))
	}
}

// delay returns the age at which the current part is cut: the interval, and twice as
// much after each part that was cut by age, unless somebody follows. It also grows slowly
// with the number of parts: see slowDown.
func (w *Writer) delay() time.Duration {
	d := w.interval
	for n := 0; n < w.flushes && d < maxDelay; n++ {
		d = min(2*d, maxDelay)
	}
	return d * time.Duration(slowDown+w.part.Number) / slowDown
}
