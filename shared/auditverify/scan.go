package auditverify

import "bytes"

// maxScanDepth bounds the nesting that scanner reads.
const maxScanDepth = 16

// scanner reads canonical JSON of a simple kind: printable ASCII without escapes,
// and integers that every JSON reader holds exactly. Nearly all entries are of
// this kind. Reading them in this way costs about as much as hashing them, and a
// general JSON reader about ten times as much. A value of another kind is not
// rejected: it is left to the general reader.
type scanner struct {
	data []byte
	pos  int
}

// scanMembers returns the members of an entry. If ok is false, the entry is not
// canonical, or not of the simple kind.
func scanMembers(data []byte) (m members, ok bool) {
	s := scanner{data: data}
	ok = s.object(0, m.set) && s.pos == len(data)
	return m, ok
}

func (m *members) set(name, value []byte) {
	switch string(name) {
	case "id":
		m.id = value
	case "time":
		m.time = value
	case "tenant":
		m.tenant = value
	case "actor":
		m.actor = value
	case "action":
		m.action = value
	case "outcome":
		m.outcome = value
	case "of":
		m.of = value
	case "resource":
		m.resource = value
	}
}

// next reads one byte if it is b.
func (s *scanner) next(b byte) bool {
	if s.pos >= len(s.data) || s.data[s.pos] != b {
		return false
	}
	s.pos++
	return true
}

// object reads an object whose names increase, which RFC 8785 requires, and
// which makes them unique. It calls visit, unless it is nil.
func (s *scanner) object(depth int, visit func(name, value []byte)) bool {
	if !s.next('{') || depth > maxScanDepth {
		return false
	}
	if s.next('}') {
		return true
	}
	var last []byte
	for first := true; ; first = false {
		name, ok := s.string()
		if !ok || !first && bytes.Compare(last, name) >= 0 || !s.next(':') {
			return false
		}
		begin := s.pos
		if !s.value(depth + 1) {
			return false
		}
		if visit != nil {
			visit(name, s.data[begin:s.pos])
		}
		if last = name; !s.next(',') {
			return s.next('}')
		}
	}
}

func (s *scanner) array(depth int) bool {
	if !s.next('[') || depth > maxScanDepth {
		return false
	}
	if s.next(']') {
		return true
	}
	for {
		if !s.value(depth + 1) {
			return false
		}
		if !s.next(',') {
			return s.next(']')
		}
	}
}

func (s *scanner) value(depth int) bool {
	if s.pos >= len(s.data) {
		return false
	}
	switch s.data[s.pos] {
	case '"':
		_, ok := s.string()
		return ok
	case '{':
		return s.object(depth, nil)
	case '[':
		return s.array(depth)
	case 't':
		return s.literal("true")
	case 'f':
		return s.literal("false")
	case 'n':
		return s.literal("null")
	}
	return s.integer()
}

func (s *scanner) literal(text string) bool {
	if !bytes.HasPrefix(s.data[s.pos:], []byte(text)) {
		return false
	}
	s.pos += len(text)
	return true
}

// plain has the characters that a string of the simple kind may have.
var plain = func() (table [256]bool) {
	for b := ' '; b <= '~'; b++ {
		table[b] = b != '"' && b != '\\'
	}
	return table
}()

// string reads a string and returns its content.
func (s *scanner) string() ([]byte, bool) {
	if !s.next('"') {
		return nil, false
	}
	begin := s.pos
	for s.pos < len(s.data) && plain[s.data[s.pos]] {
		s.pos++
	}
	end := s.pos
	return s.data[begin:end], s.next('"')
}

// maxDigits is the number of digits that a double holds exactly.
const maxDigits = 15

// integer reads an integer as RFC 8785 writes it.
func (s *scanner) integer() bool {
	negative := s.next('-')
	begin := s.pos
	for s.pos < len(s.data) && s.data[s.pos] >= '0' && s.data[s.pos] <= '9' {
		s.pos++
	}
	digits := s.data[begin:s.pos]
	switch {
	case len(digits) == 0 || len(digits) > maxDigits:
		return false
	case digits[0] == '0':
		return len(digits) == 1 && !negative
	}
	return s.pos >= len(s.data) || bytes.IndexByte([]byte(".eE"), s.data[s.pos]) < 0
}
