package progress

import (
	"fmt"
	"io"
	"time"
)

// Line shows the state of something that others do: on a terminal in one line that
// changes, otherwise as lines.
type Line struct {
	out        io.Writer
	quiet      bool
	isTerminal bool
	state      string
	printed    time.Time // zero: nothing was printed
}

// NewLine returns a line. If quiet is set, it shows nothing.
func NewLine(out io.Writer, quiet bool) *Line {
	return &Line{out: out, quiet: quiet, isTerminal: isTerminal(out)}
}

// Set shows a text. Without a terminal, it prints the text only if the state has
// changed, or if it printed nothing for 5 seconds.
func (l *Line) Set(state, text string) {
	switch {
	case l.quiet:
	case l.isTerminal:
		_, _ = fmt.Fprintf(l.out, "\r\x1b[K%s", text)
		l.printed = time.Now()
	case state != l.state || time.Since(l.printed) >= lineInterval:
		_, _ = fmt.Fprintln(l.out, text)
		l.state, l.printed = state, time.Now()
	}
}

// End ends the line.
func (l *Line) End() {
	if l.isTerminal && !l.printed.IsZero() {
		_, _ = fmt.Fprintln(l.out)
	}
}
