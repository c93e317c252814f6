package view

import (
	"bytes"
	"fmt"

	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
)

// Frames writes text to a terminal in which a carriage return starts the line again, as
// in a progress bar. Of such a line, the last version is shown, with the number of
// versions that it replaced, so that nothing is hidden unnoticed. A carriage return
// before a newline is part of the line's end.
type Frames struct {
	escaper  *Escaper
	version  []byte // of the current line; not written yet
	onScreen bool   // a version of the current line is on the screen
	replaced int    // versions of the current line that were replaced
	returned bool   // the last character was a carriage return
}

// NewFrames returns Frames that write to an escaper. Call Flush at the end.
func NewFrames(escaper *Escaper) *Frames { return &Frames{escaper: escaper} }

// toColumn1 matches what moves the cursor to the start of the line: a carriage return,
// and CHA, ECMA-48 8.3.9.
var toColumn1 = lazyregexp.New("\r|\x1b\\[[01]?G")

// eraseLine is EL, ECMA-48 8.3.41. At the start of a version, it erases what is replaced
// anyway.
var eraseLine = lazyregexp.New("^(?:\x1b\\[[0-2]?K)+")

// Write implements io.Writer. At its end, everything is on the screen.
func (f *Frames) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		line, after, ended := bytes.Cut(rest, []byte("\n"))
		if err := f.addVersions(line); err != nil {
			return 0, err
		}
		if ended {
			if err := f.endLine(); err != nil {
				return 0, err
			}
		}
		rest = after
	}
	return len(p), f.show()
}

// addVersions adds text without newlines to the current line.
func (f *Frames) addVersions(line []byte) error {
	for {
		at := toColumn1.FindIndex(line)
		text := line
		if at != nil {
			text = line[:at[0]]
		}
		if err := f.add(text); err != nil || at == nil {
			return err
		}
		f.returned, line = true, line[at[1]:]
	}
}

// add adds text to the current version, or starts the next one.
func (f *Frames) add(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	if f.returned {
		f.returned = false
		text = eraseLine.ReplaceAll(text, nil)
		if err := f.replace(); err != nil {
			return err
		}
	}
	f.version = append(f.version, text...)
	return nil
}

// replace removes the current version.
func (f *Frames) replace() error {
	if len(bytes.TrimSpace(f.version)) > 0 || f.onScreen {
		f.replaced++
	}
	f.version = f.version[:0]
	if !f.onScreen {
		return nil
	}
	f.onScreen = false
	return f.escaper.clearLine()
}

func (f *Frames) endLine() error {
	switch {
	case f.replaced == 1:
		f.version = append(f.version, " [replaced 1 earlier version of this line]"...)
	case f.replaced > 1:
		f.version = fmt.Appendf(f.version, " [replaced %d earlier versions of this line]", f.replaced)
	}
	f.version = append(f.version, '\n')
	err := f.show()
	f.onScreen, f.returned, f.replaced = false, false, 0
	return err
}

// show writes the current version.
func (f *Frames) show() error {
	if len(f.version) == 0 {
		return nil
	}
	_, err := f.escaper.Write(f.version)
	f.version, f.onScreen = f.version[:0], true
	return err
}

// Flush writes what is left.
func (f *Frames) Flush() error {
	if err := f.show(); err != nil {
		return err
	}
	return f.escaper.Flush()
}
