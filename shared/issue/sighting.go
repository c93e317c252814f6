package issue

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/strongroom-dev/strongroom/shared/run"
)

// The limits of a line of issues.jsonl.
const (
	MaxLineBytes  = 512 << 10 // of the line, without its newline; a longer one is shortened
	MaxFieldBytes = 64 << 10  // of one text in it, as UTF-8; a longer one is cut
	MaxDepth      = 64        // levels of nested objects and arrays
)

// The errors of ParseSighting.
var (
	ErrForm  = errors.New("the line must be one JSON object")
	ErrEmpty = errors.New("the line must have a severity, a title or another text of an issue")
)

// Sighting is one run's report of one finding: a parsed line of issues.jsonl.
// Parsing is lenient, because a line that is lost is worse than one that is
// partly wrong. A field that is missing or null is empty. Unknown keys are only
// in Line.
type Sighting struct {
	Line []byte // byte for byte as it was reported, without its newline; if that exceeds MaxLineBytes: see shorten

	Severity        int  // 1 (critical) to 4 (informational)
	SeverityFlagged bool // the line has no severity that ParseSeverity understands, so Severity is UnknownSeverity

	Title         string
	Expected      string
	Actual        string
	ReproduceHint string
	NextSteps     string // one step per line: see Steps
	Details       string
	TaskName      string
	TaskDoc       string
	TaskStatus    string
	TaskMessage   string
	Summary       string    // from the object "metadata"
	Resource      string    // what the finding is about, if it is not the run's resource
	SLX           string    // the SLX, if it is not the run's
	Fingerprint   string    // identifies the issue, if the task sets it
	ObservedAt    time.Time // UTC, whole microseconds; zero: missing or not a time

	Cut []string // keys whose texts were cut at a limit, sorted; CutMark ends these texts
}

// ParseSighting parses a line. If a key is repeated, the last value counts. Keys
// of the object "kwargs" override keys of the line. A key in another form, such
// as "Title" or "TASK-NAME", counts if the line does not have the usual key. The
// bare words NaN, Infinity and -Infinity, which Python writes, count as texts.
// Names are in the form of [run.CanonicalName].
//
// It returns ErrForm if the line is not a JSON object, is not valid UTF-8 or is
// nested deeper than MaxDepth, and ErrEmpty for an object that says nothing, such
// as {}. The Sighting refers to line, so line must not be modified later.
func ParseSighting(line []byte) (Sighting, error) {
	members, err := parseLine(line)
	if err != nil {
		return Sighting{}, err
	}
	s := Sighting{Line: line, ObservedAt: members.time("observedAt", "observed_at")}
	s.Severity, s.SeverityFlagged = members.severity()
	for _, field := range s.textFields() {
		*field.text = members.text(field.keys...)
		if field.isName {
			*field.text = run.CanonicalName(*field.text)
		}
		s.cut(field, MaxFieldBytes)
	}
	if s.SeverityFlagged && !s.hasText() {
		return Sighting{}, ErrEmpty
	}
	if len(line) > MaxLineBytes {
		s.shorten()
	}
	slices.Sort(s.Cut)
	s.Cut = slices.Compact(s.Cut)
	return s, nil
}

// hasText reports whether any text says what was found.
func (s *Sighting) hasText() bool {
	for _, text := range []string{s.Title, s.Expected, s.Actual, s.ReproduceHint, s.NextSteps, s.Details, s.TaskMessage, s.Summary, s.Fingerprint} {
		if strings.TrimSpace(text) != "" {
			return true
		}
	}
	return false
}

// textField is a text of a sighting and its possible keys. The first key with a
// value that is not null counts.
type textField struct {
	text   *string
	isName bool // the text names something, so its form must not matter
	keys   []string
}

func (s *Sighting) textFields() []textField {
	return []textField{
		{text: &s.Title, keys: []string{"title"}, isName: true},
		{text: &s.Expected, keys: []string{"expected"}},
		{text: &s.Actual, keys: []string{"actual"}},
		{text: &s.ReproduceHint, keys: []string{"reproduceHint", "reproduce_hint"}},
		{text: &s.NextSteps, keys: []string{"nextSteps", "next_steps", "nextStep", "next_step"}},
		{text: &s.Details, keys: []string{"details", "description"}},
		{text: &s.TaskName, keys: []string{"taskName", "task_name"}, isName: true},
		{text: &s.TaskDoc, keys: []string{"taskDoc", "task_doc"}},
		{text: &s.TaskStatus, keys: []string{"taskStatus", "task_status"}},
		{text: &s.TaskMessage, keys: []string{"taskMessage", "task_message"}},
		{text: &s.Summary, keys: []string{summaryKey}},
		{text: &s.Resource, keys: []string{"resource"}, isName: true},
		{text: &s.SLX, keys: []string{"slx"}, isName: true},
		{text: &s.Fingerprint, keys: []string{"fingerprint"}, isName: true},
	}
}

// summaryKey is the key of the summary in "metadata" after promote.
const summaryKey = "metadata.summary"

func parseLine(line []byte) (members, error) {
	if !utf8.Valid(line) {
		return nil, fmt.Errorf("%w: it is not valid UTF-8", ErrForm)
	}
	text := bytes.TrimPrefix(line, []byte("\ufeff"))
	if depth(text) > MaxDepth {
		return nil, fmt.Errorf("%w: it is nested deeper than %d levels", ErrForm, MaxDepth)
	}
	m, ok := parseMembers(text)
	if !ok {
		m, ok = parseMembers(quoteNumberWords(text))
	}
	if !ok {
		return nil, ErrForm
	}
	m.addUsualKeys()
	m.promote("metadata", func(key string) string { return "metadata." + key })
	m.promote("kwargs", func(key string) string { return key })
	return m, nil
}

// depth returns how deep text is nested, if it is JSON.
func depth(text []byte) (deepest int) {
	level, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			level++
			deepest = max(deepest, level)
		case c == '}' || c == ']':
			level--
		}
	}
	return deepest
}
