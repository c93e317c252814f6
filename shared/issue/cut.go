package issue

import (
	"github.com/go-json-experiment/json"
)

// CutMark ends a text that was cut at a limit.
const CutMark = "… [cut]"

// cut cuts the field's text if it has more than maxBytes bytes, and records that.
func (s *Sighting) cut(f textField, maxBytes int) {
	if len(*f.text) > maxBytes {
		*f.text = Truncate(*f.text, maxBytes-len(CutMark)) + CutMark
		s.Cut = append(s.Cut, f.keys[0])
	}
}

// shorten replaces a line that is too long. The new line has only the fields of
// the sighting, and the texts are cut as far as needed. So the severity and the
// title survive, whatever the rest of the line is.
func (s *Sighting) shorten() {
	for maxBytes := MaxFieldBytes; ; maxBytes /= 2 {
		for _, field := range s.textFields() {
			s.cut(field, maxBytes)
		}
		if s.Line = s.encode(); len(s.Line) <= MaxLineBytes {
			return
		}
	}
}

// encode returns a line that parses as the sighting.
func (s *Sighting) encode() []byte {
	line := map[string]any{"severity": s.Severity}
	if s.SeverityFlagged {
		delete(line, "severity")
	}
	if !s.ObservedAt.IsZero() {
		line["observedAt"] = s.ObservedAt
	}
	for _, field := range s.textFields() {
		switch {
		case *field.text == "":
		case field.keys[0] == summaryKey:
			line["metadata"] = map[string]string{"summary": *field.text}
		default:
			line[field.keys[0]] = *field.text
		}
	}
	encoded, _ := json.Marshal(line, json.Deterministic(true)) // every value can be encoded
	return encoded
}
