package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/durable"
	"github.com/strongroom-dev/strongroom/shared/grant"
)

// slowDown is after how many parts the interval has doubled. It grows with each
// part, so that an output that is written slowly for months stays within the
// maximum number of parts.
const slowDown = 1000

// flushBytes is after how many bytes of a part the disk starts to write them, so that a part
// that is cut waits for the last ones only.
const flushBytes = 1 << 20

// Part is a final part of an output.
type Part struct {
	Output      string
	Number      int // from 1
	ContentType string
	Path        string // of the spooled file
	Size        int64  // bytes
	CRC32C      uint32 // Castagnoli
	SHA256      string // 64 hexadecimal digits
	Lines       int64  // newline bytes

	data *buffer // its bytes, until the part is stored; nil: only the file has them
}

// Writer spools one output. Written data survives the end of this process. A
// part that was cut survives a crash of the machine. Writer is safe for
// concurrent use.
type Writer struct {
	run      *Run
	dir      string
	partSize int64
	interval time.Duration
	wait     time.Duration
	memory   *memory // nil: parts are read from the disk
	ready    func(Part)

	mu     sync.Mutex
	part   Part     // the part that is being written, without its checksums
	sums   sums     // of the part, unless its bytes are in memory
	file   *os.File // nil: the part has no file yet
	timer  *time.Timer
	opened time.Time // when the part's file was opened

	measured chan struct{} // closed when ready was called with all parts that were cut; nil: none was cut

	flushes int // parts that were cut by age in a row, while nobody followed

	err    error // sticky
	lost   int64 // bytes that were not spooled
	closed bool
}

// CutRule sets when a part is final.
type CutRule struct {
	PartSize int64 // maximum bytes of a part

	// Interval cuts a part this long after its first byte, so that a reader can follow.
	// While nobody does, the time doubles with each part, up to a minute, because each
	// part costs. Zero: cut full parts only.
	Interval time.Duration

	// Wait cuts a part when the disk is full, and waits at most this long for an
	// upload to free space. If none does, the output is cut: see Output.Cut. Zero:
	// Write fails when the disk is full.
	Wait time.Duration

	// InMemory makes the newest parts also stay in memory until Run.Stored is called for
	// them, so that an upload that keeps up with the task reads nothing from the disk. Their
	// checksums are computed while the next part is written, so ready may be called later.
	InMemory bool
}

// Write opens an output of the run's journal for writing. It calls ready with
// each part that is cut, in order, and one at a time; the last call ends before Close does.
func (r *Run) Write(output string, rule CutRule, ready func(Part)) (*Writer, error) {
	journal := r.Journal()
	o := journal.Output(output)
	if o == nil {
		return nil, fmt.Errorf("spool %s: the run has no such output", output)
	}
	dir := r.partsDir(output)
	if err := r.inReserve(func() error { return os.MkdirAll(dir, 0o700) }); err != nil {
		return nil, fmt.Errorf("spool %s: %w", output, err)
	}
	if err := errors.Join(durable.SyncDir(filepath.Dir(dir)), durable.SyncDir(r.dir)); err != nil {
		return nil, fmt.Errorf("spool %s: %w", output, err)
	}
	w := &Writer{
		run: r, dir: dir, partSize: rule.PartSize, interval: rule.Interval, wait: rule.Wait, ready: ready,
		part: Part{Output: output, Number: 1, ContentType: o.ContentType},
	}
	if rule.InMemory {
		w.memory = &r.memory
	}
	if w.interval > 0 {
		r.following.add(w)
	}
	return w, nil
}

// Write spools all of p. After one error, all later calls fail.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return 0, os.ErrClosed
	}
	written := 0
	for len(p) > written && w.err == nil {
		size := min(int64(len(p)-written), w.partSize-w.part.Size)
		n, err := w.grow(p[written : written+int(size)])
		written += n
		if w.wait > 0 && IsFull(err) {
			err = w.makeRoom(err)
		}
		if w.err = err; err == nil && w.part.Size == w.partSize {
			w.err = w.cut()
		}
	}
	w.lost += int64(len(p) - written)
	return written, w.err
}

func (w *Writer) grow(p []byte) (n int, err error) {
	if w.file == nil {
		if err := w.openPart(); err != nil {
			return 0, err
		}
	}
	n, err = w.file.Write(p)
	if w.part.data != nil {
		w.part.data.bytes = append(w.part.data.bytes, p[:n]...)
	} else {
		w.sums.add(p[:n])
	}
	w.part.Size += int64(n)
	if w.part.Size/flushBytes > (w.part.Size-int64(n))/flushBytes {
		startFlush(w.file)
	}
	if err != nil {
		return n, fmt.Errorf("spool %s: %w", w.part.Output, err)
	}
	return n, nil
}

// makeRoom cuts the current part, so that its upload frees space on the full disk,
// and waits for that. If nothing frees space, the output ends here.
func (w *Writer) makeRoom(full error) error {
	if w.file != nil && w.part.Size > 0 {
		if err := w.cut(); err != nil {
			return err
		}
	}
	if w.run.AwaitSpace(w.wait) {
		return nil
	}
	err := w.run.Update(func(j *Journal) { j.Output(w.part.Output).Cut = true })
	return errors.Join(full, err)
}

func (w *Writer) openPart() error {
	if w.part.Number > grant.MaxPart {
		return fmt.Errorf("spool %s: it has more than %d parts", w.part.Output, grant.MaxPart)
	}
	w.part.Path = filepath.Join(w.dir, partName(w.part.Number))
	file, err := os.OpenFile(w.part.Path+openSuffix, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("spool %s: %w", w.part.Output, err)
	}
	w.file, w.sums, w.opened = file, newSums(), time.Now()
	w.part.data = w.memory.take(w.partSize)
	if w.interval > 0 {
		w.timer = time.AfterFunc(w.delay(), w.tick)
	}
	return nil
}

// tick cuts the current part if it is due, and otherwise waits until then.
func (w *Writer) tick() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.file == nil || w.err != nil {
		return
	}
	if wait := time.Until(w.opened.Add(w.delay())); wait > 0 { // the timer was of the part before
		w.timer.Reset(wait)
		return
	}
	if !w.run.following.isActive() {
		w.flushes++
	}
	w.err = w.cut()
}

// cut makes the current part final.
func (w *Writer) cut() error {
	if w.timer != nil {
		w.timer.Stop()
	}
	err := errors.Join(w.file.Sync(), w.file.Close())
	w.file = nil
	if err == nil {
		err = durable.Rename(w.part.Path+openSuffix, w.part.Path)
	}
	if err != nil {
		return fmt.Errorf("spool %s: %w", w.part.Output, err)
	}
	w.run.expect()
	w.measure(w.part)
	w.part = Part{Output: w.part.Output, Number: w.part.Number + 1, ContentType: w.part.ContentType}
	return nil
}

// measure calls ready with a part that was cut. The checksums of a part in memory are computed
// while the next one is written.
func (w *Writer) measure(part Part) {
	if part.data == nil {
		w.sums.of(&part)
		w.await()
		w.ready(part)
		return
	}
	before, done := w.measured, make(chan struct{})
	w.measured = done
	go func() {
		defer close(done)
		sums := newSums()
		sums.add(part.data.bytes)
		sums.of(&part)
		if before != nil {
			<-before
		}
		w.ready(part)
	}()
}

// await waits until ready was called with all parts that were cut.
func (w *Writer) await() {
	if w.measured != nil {
		<-w.measured
	}
}

// Close cuts the last part and records the number of parts. An empty output has
// none. If Write failed, Close returns the same error.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return w.err
	}
	w.closed = true
	if err := w.closePart(); err != nil {
		w.err = errors.Join(w.err, err)
	}
	w.await()
	parts := w.part.Number - 1
	return errors.Join(w.err, w.run.Update(func(j *Journal) {
		o := j.Output(w.part.Output)
		o.close(parts)
		o.Lost = w.lost
	}))
}

// closePart cuts the last part, if it has any bytes.
func (w *Writer) closePart() error {
	switch {
	case w.file == nil:
		return nil
	case w.part.Size == 0: // opened on a disk that was full
		return errors.Join(w.file.Close(), os.Remove(w.part.Path+openSuffix))
	}
	return w.cut()
}

// discard removes all spooled data of the output.
func (w *Writer) discard() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.await()
	if w.file != nil {
		_ = w.file.Close()
	}
	return os.RemoveAll(w.dir)
}

func (r *Run) setParts(output string, parts int) error {
	return r.Update(func(j *Journal) { j.Output(output).close(parts) })
}
