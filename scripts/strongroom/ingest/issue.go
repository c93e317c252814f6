package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// The platform's limits of one line of issues.jsonl.
const (
	MaxLineBytes = 512 << 10 // without the newline
	MaxTextBytes = 64 << 10  // of one text in it, as UTF-8
	maxDepth     = 64        // levels of objects and arrays
)

// texts are the keys, of each text that the platform reads, of which the first
// that is there and not null counts.
var texts = [][]string{
	{"title"},
	{"expected"},
	{"actual"},
	{"reproduceHint", "reproduce_hint"},
	{"nextSteps", "next_steps", "nextStep", "next_step"},
	{"details", "description"},
	taskName,
	{"taskDoc", "task_doc"},
	{"taskStatus", "task_status"},
	{"taskMessage", "task_message"},
	{"metadata.summary"},
	{"resource"},
	{"slx"},
	{"fingerprint"},
}

var (
	taskName   = []string{"taskName", "task_name"}
	observedAt = []string{"observedAt", "observed_at"}
)

// CheckIssue says why the platform would not take a line, if so: it decides as
// issue.ParseSighting does, which this program cannot link.
func CheckIssue(line []byte) error {
	object, err := parse(line)
	if err != nil {
		return err
	}
	for _, keys := range texts {
		if key, value := object.first(keys); len(value) > MaxTextBytes {
			if err := checkText(key, textOf(value)); err != nil {
				return err
			}
		}
	}
	var wrong []string
	for key, value := range object {
		if len(value) > MaxTextBytes && value[0] == '"' && len(textOf(value)) > MaxTextBytes {
			wrong = append(wrong, key)
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	key := slices.Min(wrong)
	return checkText(key, textOf(object[key]))
}

// object is a line's object, as it came, with what lies in its kwargs and
// metadata beside it.
type object map[string]json.RawMessage

func parse(line []byte) (object, error) {
	switch {
	case len(line) > MaxLineBytes:
		return nil, tooLong(len(line))
	case !utf8.Valid(line):
		return nil, errors.New("it is not UTF-8")
	}
	var o object
	text := bytes.TrimPrefix(line, []byte("\ufeff"))
	if json.Unmarshal(text, &o) != nil || o == nil {
		return nil, errors.New("it is not one JSON object")
	}
	if deep(text) {
		return nil, fmt.Errorf("it is nested deeper than %d levels", maxDepth)
	}
	o.raise("metadata", "metadata.")
	o.raise("kwargs", "")
	return o, nil
}

func tooLong(size int) error {
	return fmt.Errorf("a line may have %d bytes, this one has %d", MaxLineBytes, size)
}

// deep reports whether JSON is nested deeper than the limit.
func deep(text []byte) bool {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	for level := 0; level <= maxDepth; {
		token, err := decoder.Token()
		if err != nil {
			return false
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			level++
		case json.Delim('}'), json.Delim(']'):
			level--
		}
	}
	return true
}

// raise puts what is not null of the object under key beside it.
func (o object) raise(key, prefix string) {
	var inner object
	if json.Unmarshal(o[key], &inner) != nil {
		return
	}
	for k, value := range inner {
		if string(value) != "null" {
			o[prefix+k] = value
		}
	}
}

func (o object) first(keys []string) (string, json.RawMessage) {
	for _, key := range keys {
		if value := o[key]; value != nil && string(value) != "null" {
			return key, value
		}
	}
	return "", nil
}

// textOf is the text that the platform makes of a value.
func textOf(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	var lines []string
	if json.Unmarshal(value, &lines) != nil {
		var compact bytes.Buffer
		_ = json.Compact(&compact, value) // it was read as JSON before
		return compact.String()
	}
	var all bytes.Buffer
	for _, l := range lines {
		if l != "" && all.Len() > 0 {
			all.WriteByte('\n')
		}
		all.WriteString(l)
	}
	return all.String()
}

func checkText(key, text string) error {
	if len(text) <= MaxTextBytes {
		return nil
	}
	return fmt.Errorf("a text may have %d bytes, %.40q has %d", MaxTextBytes, key, len(text))
}

// Origin is what a line tells of where it comes from.
type Origin struct {
	Task     string    // empty: not told
	Observed time.Time // UTC; zero: not told, not readable, or none that the platform takes for a start
}

// OriginOf reads a line that CheckIssue takes; of any other it is zero.
func OriginOf(line string) Origin {
	o, err := parse([]byte(line))
	if err != nil {
		return Origin{}
	}
	var origin Origin
	_, name := o.first(taskName)
	_ = json.Unmarshal(name, &origin.Task)
	_, observed := o.first(observedAt)
	origin.Observed = timeOf(textOf(observed))
	return origin
}

// layouts are those forms of time that runners write most: RFC 3339, and what
// has no zone, which is UTC. The platform reads more of them.
var layouts = []string{time.RFC3339, "2006-01-02T15:04:05"}

// timeOf reads a time as the platform does, or gives the zero time.
func timeOf(text string) time.Time {
	text = strings.Replace(strings.ToUpper(strings.TrimSpace(text)), " ", "T", 1)
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil && takes(t) {
			return t.UTC()
		}
	}
	return time.Time{}
}

// takes reports whether the platform takes a time of a run.
func takes(t time.Time) bool {
	year := t.UTC().Year()
	return year >= 1970 && year <= 9999
}
