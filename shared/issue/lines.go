package issue

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
)

// LineError is what is wrong with one line of a file; the other lines are read.
type LineError struct {
	Number int // counts from 1, blank lines too
	Err    error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Number, e.Err) }

// Unwrap gives what is wrong.
func (e *LineError) Unwrap() error { return e.Err }

// ReadSightings reads a whole issues.jsonl. It gives each line's sighting, or a
// *LineError and goes on; any other error is r's and the last. Blank lines are
// passed over. A Sighting's Line is its bytes up to the newline; a carriage
// return before that stays, since JSON takes it for white space. Memory is
// bounded by MaxLineBytes, however long a line is.
func ReadSightings(r io.Reader) iter.Seq2[Sighting, error] {
	return func(yield func(Sighting, error) bool) {
		lines := bufio.NewReaderSize(r, 64<<10)
		for number := 1; ; number++ {
			line, size, err := readLine(lines)
			if err != nil && !errors.Is(err, io.EOF) {
				yield(Sighting{}, fmt.Errorf("read sightings: %w", err))
				return
			}
			if !giveLine(number, line, size, yield) || err != nil {
				return
			}
		}
	}
}

func giveLine(number int, line []byte, size int, yield func(Sighting, error) bool) (more bool) {
	if size > MaxLineBytes {
		return yield(Sighting{}, &LineError{number, tooLong(size)})
	}
	if len(bytes.TrimSpace(line)) == 0 {
		return true
	}
	s, err := ParseSighting(line)
	if err != nil {
		return yield(Sighting{}, &LineError{number, err})
	}
	return yield(s, nil)
}

// readLine reads up to a newline or the end. Of a line over the limit it gives
// the size only.
func readLine(r *bufio.Reader) (line []byte, size int, err error) {
	for {
		piece, err := r.ReadSlice('\n')
		piece, ended := bytes.CutSuffix(piece, []byte("\n"))
		size += len(piece)
		if size <= MaxLineBytes {
			line = append(line, piece...)
		} else {
			line = nil
		}
		if ended || !errors.Is(err, bufio.ErrBufferFull) {
			return line, size, err
		}
	}
}
