// Package progress shows on stderr how far an upload, a download or another task is.
package progress

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

const (
	lineInterval   = 5 * time.Second        // between lines
	redrawInterval = 200 * time.Millisecond // of the bar
)

// Meter counts bytes and shows them: as a bar on a terminal, otherwise as lines.
// It is safe for concurrent use.
type Meter struct {
	direction   Direction
	out         io.Writer
	quiet       bool
	total, done atomic.Int64
	began       time.Time

	mu   sync.Mutex
	bars *mpb.Progress // nil: no bar is shown
	stop chan struct{} // closed to end the display; nil: no display
	gone sync.WaitGroup
}

// Direction is what happens to the bytes.
type Direction string

// The directions.
const (
	Upload   Direction = "upload"
	Download Direction = "download"
	Verify   Direction = "verify"
)

// past is what has happened to the bytes.
func (d Direction) past() string {
	if stem, ok := strings.CutSuffix(string(d), "y"); ok {
		return stem + "ied"
	}
	return string(d) + "ed"
}

// New returns a meter that shows nothing until Show. If quiet is set, it never
// shows progress.
func New(direction Direction, out io.Writer, quiet bool) *Meter {
	return &Meter{direction: direction, out: out, quiet: quiet, began: time.Now()}
}

// Expect adds bytes to the total.
func (m *Meter) Expect(bytes int64) { m.total.Add(bytes) }

// Moved adds bytes to those that are transferred.
func (m *Meter) Moved(bytes int64) { m.done.Add(bytes) }

// Printf prints a line, above the bar if there is one. It prints even if the
// meter is quiet.
func (m *Meter) Printf(format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := m.out
	if m.bars != nil {
		out = m.bars
	}
	_, _ = fmt.Fprintf(out, format+"\n", args...)
}

// Show starts the display.
func (m *Meter) Show() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.quiet || m.stop != nil {
		return
	}
	m.stop = make(chan struct{})
	if isTerminal(m.out) {
		m.bars = mpb.New(mpb.WithOutput(m.out), mpb.WithWidth(64))
		m.gone.Go(func() { m.draw(m.bars, m.stop) })
		return
	}
	m.gone.Go(func() { m.lines(m.stop) })
}

// End ends the display.
func (m *Meter) End() {
	m.mu.Lock()
	stop := m.stop
	m.mu.Unlock()
	if stop == nil {
		return
	}
	close(stop)
	m.gone.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bars, m.stop = nil, nil
}

// isTerminal reports whether w is a terminal.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (m *Meter) draw(bars *mpb.Progress, stop <-chan struct{}) {
	bar := bars.AddBar(0,
		mpb.PrependDecorators(decor.Name(string(m.direction)+" "), decor.CountersKibiByte("% .1f / % .1f")),
		mpb.AppendDecorators(
			decor.AverageSpeed(decor.SizeB1024(0), "% .1f"),
			decor.Name(" "), decor.AverageETA(decor.ET_STYLE_GO)),
	)
	tick := time.NewTicker(redrawInterval)
	defer tick.Stop()
	for {
		bar.SetTotal(m.total.Load(), false)
		bar.SetCurrent(m.done.Load())
		select {
		case <-tick.C:
		case <-stop:
			bar.SetTotal(m.total.Load(), false)
			bar.SetCurrent(m.done.Load())
			bar.Abort(false) // keeps the bar on the screen
			bars.Wait()
			return
		}
	}
}

func (m *Meter) lines(stop <-chan struct{}) {
	tick := time.NewTicker(lineInterval)
	defer tick.Stop()
	var last int64
	for {
		select {
		case <-tick.C:
			if done := m.done.Load(); done != last {
				last = done
				m.Printf("%s", m.line())
			}
		case <-stop:
			return
		}
	}
}

func (m *Meter) line() string {
	done, total := m.done.Load(), m.total.Load()
	seconds := time.Since(m.began).Seconds()
	text := fmt.Sprintf("%s % .1f of % .1f", m.direction.past(), decor.SizeB1024(done), decor.SizeB1024(total))
	if rate := float64(done) / seconds; rate > 0 {
		left := time.Duration(float64(total-done) / rate * float64(time.Second))
		text += fmt.Sprintf(", % .1f/s, %s left", decor.SizeB1024(rate), left.Round(time.Second))
	}
	return text
}
