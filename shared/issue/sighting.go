package issue

import (
	"bytes"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// The limits of a line of issues.jsonl.
const (
	MaxLineBytes  = 512 << 10 // of the line, without its newline
	MaxFieldBytes = 64 << 10  // of one text in it, as UTF-8
	MaxDepth      = 64        // levels of nested objects and arrays
)

// The errors of ParseSighting.
var (
	ErrTooLarge = errors.New("too large")
	ErrForm     = errors.New("the line must be one JSON object")
)

// Sighting is one run's report of one finding: a parsed line of issues.jsonl.
// Parsing is lenient. A field that is missing or null is empty. Unknown keys are
// only in Line.
type Sighting struct {
	Line []byte // byte for byte as it was reported, without its newline

	Severity        int  // 1 (critical) to 4 (informational)
	SeverityFlagged bool // the line has no severity from 1 to 4, so Severity is 4

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
}

// ParseSighting parses a line. If a key is repeated, the last value counts. Keys
// of the object "kwargs" override keys of the line.
//
// It returns ErrForm if the line is not a JSON object, is not valid UTF-8 or is
// nested deeper than MaxDepth, and ErrTooLarge if the line or a text exceeds its
// limit. The Sighting refers to line, so line must not be modified later.
func ParseSighting(line []byte) (Sighting, error) {
	members, err := parseLine(line)
	if err != nil {
		return Sighting{}, err
	}
	s := Sighting{Line: line, ObservedAt: members.time("observedAt", "observed_at")}
	s.Severity, s.SeverityFlagged = members.severity()
	for _, field := range s.textFields() {
		if *field.text, err = members.text(field.keys...); err != nil {
			return Sighting{}, err
		}
	}
	if err := members.checkUnknown(); err != nil {
		return Sighting{}, err
	}
	return s, nil
}

// textField is a text of a sighting and its possible keys. The first key with a
// value that is not null counts.
type textField struct {
	text *string
	keys []string
}

func (s *Sighting) textFields() []textField {
	return []textField{
		{&s.Title, []string{"title"}},
		{&s.Expected, []string{"expected"}},
		{&s.Actual, []string{"actual"}},
		{&s.ReproduceHint, []string{"reproduceHint", "reproduce_hint"}},
		{&s.NextSteps, []string{"nextSteps", "next_steps", "nextStep", "next_step"}},
		{&s.Details, []string{"details", "description"}},
		{&s.TaskName, []string{"taskName", "task_name"}},
		{&s.TaskDoc, []string{"taskDoc", "task_doc"}},
		{&s.TaskStatus, []string{"taskStatus", "task_status"}},
		{&s.TaskMessage, []string{"taskMessage", "task_message"}},
		{&s.Summary, []string{summaryKey}},
		{&s.Resource, []string{"resource"}},
		{&s.SLX, []string{"slx"}},
		{&s.Fingerprint, []string{"fingerprint"}},
	}
}

// summaryKey is the key of the summary in "metadata" after promote.
const summaryKey = "metadata.summary"

func parseLine(line []byte) (members, error) {
	if len(line) > MaxLineBytes {
		return nil, fmt.Errorf("%w: the line has %d bytes, the limit is %d", ErrTooLarge, len(line), MaxLineBytes)
	}
	if !utf8.Valid(line) {
		return nil, fmt.Errorf("%w: it is not valid UTF-8", ErrForm)
	}
	text := bytes.TrimPrefix(line, []byte("\ufeff"))
	if depth(text) > MaxDepth {
		return nil, fmt.Errorf("%w: it is nested deeper than %d levels", ErrForm, MaxDepth)
	}
	m, ok := parseMembers(text)
	if !ok {
		return nil, ErrForm
	}
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
