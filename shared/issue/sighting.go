// Package issue is what runs find wrong: one run's sighting of a finding, the
// issue that persists over sightings, and how issues age as runs of the same
// check come in, in whatever order.
package issue

import (
	"bytes"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// The limits of one line of issues.jsonl.
const (
	MaxLineBytes  = 512 << 10 // of a line, without its newline
	MaxFieldBytes = 64 << 10  // of one text, as UTF-8
	MaxDepth      = 64        // levels of objects and arrays
)

// The faults of a line.
var (
	ErrTooLarge = errors.New("larger than the limit")
	ErrForm     = errors.New("not one JSON object")
)

// Sighting is the view of one line of issues.jsonl: what one run says of one
// finding. It is lenient: a missing or null field is empty, and keys that it
// does not know are kept in Line alone.
type Sighting struct {
	Line []byte // byte for byte as it came, without its newline

	Severity        int  // 1 (critical) to 4 (informational)
	SeverityFlagged bool // the line gave no severity of 1 to 4, so Severity is 4

	Title         string
	Expected      string
	Actual        string
	ReproduceHint string
	NextSteps     string // one a line: see Steps
	Details       string
	TaskName      string
	TaskDoc       string
	TaskStatus    string
	TaskMessage   string
	Summary       string    // of the line's metadata
	Resource      string    // what the finding is about, if not the run's resource
	SLX           string    // likewise
	Fingerprint   string    // which issue this is, if the task says so
	ObservedAt    time.Time // UTC, whole microseconds; zero: not told, or not readable
}

// ParseSighting reads one line. Of a key that comes twice the last counts, and
// keys in an object "kwargs" override those beside it. It refuses what is no
// JSON object, invalid UTF-8 and nesting deeper than MaxDepth with ErrForm, and
// what passes a limit of size with ErrTooLarge. The Sighting keeps line itself,
// which must not change.
func ParseSighting(line []byte) (Sighting, error) {
	members, err := parseLine(line)
	if err != nil {
		return Sighting{}, err
	}
	s := Sighting{Line: line, ObservedAt: members.time("observedAt", "observed_at")}
	s.Severity, s.SeverityFlagged = members.severity()
	for _, field := range s.texts() {
		if *field.text, err = members.text(field.keys...); err != nil {
			return Sighting{}, err
		}
	}
	if err := members.checkUnknown(); err != nil {
		return Sighting{}, err
	}
	return s, nil
}

// named is a text of a sighting and the keys it comes under: the first that is
// there and not null.
type named struct {
	text *string
	keys []string
}

func (s *Sighting) texts() []named {
	return []named{
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

// summaryKey is where a summary is put that lies in the object "metadata".
const summaryKey = "metadata.summary"

func parseLine(line []byte) (members, error) {
	if len(line) > MaxLineBytes {
		return nil, tooLong(len(line))
	}
	if !utf8.Valid(line) {
		return nil, fmt.Errorf("%w: it is not UTF-8", ErrForm)
	}
	text := bytes.TrimPrefix(line, []byte("\ufeff"))
	if depth(text) > MaxDepth {
		return nil, fmt.Errorf("%w: it is nested deeper than %d levels", ErrForm, MaxDepth)
	}
	m, ok := membersOf(text)
	if !ok {
		return nil, ErrForm
	}
	m.lift("metadata", func(key string) string { return "metadata." + key })
	m.lift("kwargs", func(key string) string { return key })
	return m, nil
}

func tooLong(size int) error {
	return fmt.Errorf("%w: a line may have %d bytes, this one has %d", ErrTooLarge, MaxLineBytes, size)
}

// depth is how deep text is nested, if it is JSON.
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
