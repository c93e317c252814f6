package outputs

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"
)

// maxPiece is the longest line that is searched as one. A longer line is searched in
// pieces of this length, so a match across two pieces is not found.
const maxPiece = bufferSize

// maxPieceMatches is the largest number of matches in one line or piece that are
// reported.
const maxPieceMatches = 1000

// maxContext is how much of a line comes with a match, on each side.
const maxContext = 160

// maxMatchText is how much of the match itself comes with it.
const maxMatchText = 1024

// outputSearch finds the matches of an expression in the lines of an output.
type outputSearch struct {
	view       *view
	expression *regexp.Regexp
	position   searchPosition
	key        string // of the continuation token
	out        *json.Encoder
	matches    int
	bytes      int
}

// isFull reports whether the response has as many matches as it may.
func (s *outputSearch) isFull() bool { return s.matches >= maxMatches || s.bytes >= maxSearchBytes }

// run searches what source has, up to the offset limit. It stops after a whole
// line, unless the line is longer than a piece, so that the next request begins with one.
func (s *outputSearch) run(source io.Reader, limit int64) error {
	buffer := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buffer)
	end := limit >= s.view.index.size()
	held := 0
	for !s.isFull() {
		n, readErr := io.ReadFull(source, buffer[held:])
		if readErr != nil && !errors.Is(readErr, io.EOF) && !errors.Is(readErr, io.ErrUnexpectedEOF) {
			return readErr
		}
		data := buffer[:held+n]
		last := s.position.Offset+int64(len(data)) >= limit
		rest, err := s.searchPieces(data, last && end)
		if err != nil {
			return err
		}
		switch {
		case last || s.isFull():
			return nil // the next request searches rest from its beginning
		case readErr != nil:
			return io.ErrUnexpectedEOF
		}
		held = copy(buffer[:], rest)
	}
	return nil
}

// searchPieces searches the whole lines in data, and returns what follows the last of
// them. If end is true, it searches that too.
func (s *outputSearch) searchPieces(data []byte, end bool) (rest []byte, err error) {
	for len(data) > 0 && !s.isFull() {
		i := bytes.IndexByte(data, '\n')
		switch {
		case i >= 0:
			err = s.searchPiece(data[:i], true)
			data = data[i+1:]
		case end || len(data) >= maxPiece:
			err = s.searchPiece(data, false)
			data = nil
		default:
			return data, nil
		}
		if err != nil {
			return nil, err
		}
	}
	return data, nil
}

// searchPiece writes the matches in a line, or in a piece of a long one.
func (s *outputSearch) searchPiece(piece []byte, newline bool) error {
	for _, m := range s.findAll(piece) {
		offset, length := s.position.Offset+int64(m[0]), int64(m[1]-m[0])
		text := around(piece, m[0], m[1])
		s.matches, s.bytes = s.matches+1, s.bytes+len(text)+100
		if err := s.out.Encode(searchLine{Offset: &offset, Length: &length, Line: s.position.Line, Column: int64(m[0]) + 1, Text: text}); err != nil {
			return err
		}
	}
	s.position.Offset += int64(len(piece))
	if newline {
		s.position.Offset++
		s.position.Line++
	}
	return nil
}

// findAll returns the matches in a line or piece. No expression matches the empty text.
func (s *outputSearch) findAll(piece []byte) [][]int {
	if len(piece) == 0 {
		return nil
	}
	return s.expression.FindAllIndex(piece, maxPieceMatches)
}

// around returns a match with what is around it in its line, as valid UTF-8.
func around(piece []byte, from, to int) string {
	begin, end := max(0, from-maxContext), min(len(piece), min(to, from+maxMatchText)+maxContext)
	for begin > 0 && begin < from && !utf8.RuneStart(piece[begin]) {
		begin++
	}
	for end < len(piece) && end > to && !utf8.RuneStart(piece[end]) {
		end--
	}
	return strings.ToValidUTF8(string(piece[begin:end]), "\uFFFD")
}
