package issue

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// members are the members of a line's object, by key, as they came.
type members map[string]json.RawMessage

// lift puts the members of the object under key beside it, renamed; those that
// are null override nothing.
func (m members) lift(key string, rename func(string) string) {
	var inner members
	if json.Unmarshal(m[key], &inner) != nil {
		return
	}
	for k, value := range inner {
		if !isNull(value) {
			m[rename(k)] = value
		}
	}
}

func isNull(value json.RawMessage) bool { return len(value) == 0 || string(value) == "null" }

// first gives the value of the first key that is there and not null, or nil.
func (m members) first(keys []string) (string, json.RawMessage) {
	for _, key := range keys {
		if value := m[key]; !isNull(value) {
			return key, value
		}
	}
	return "", nil
}

// text reads a text that should be a string: of an array of strings it makes
// lines, anything else it keeps as JSON.
func (m members) text(keys ...string) (string, error) {
	key, value := m.first(keys)
	text := plain(value)
	return text, checkField(key, text)
}

func checkField(key, text string) error {
	if len(text) <= MaxFieldBytes {
		return nil
	}
	const most = 40 // bytes of a key that a message shows
	return fmt.Errorf("%w: a text may have %d bytes, %.*q has %d", ErrTooLarge, MaxFieldBytes, most, key, len(text))
}

// checkUnknown refuses a text over the limit under whatever key it comes; the
// smallest key is told, to tell the same of the same line.
func (m members) checkUnknown() error {
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if value := m[key]; len(value) > MaxFieldBytes && value[0] == '"' {
			if err := checkField(key, plain(value)); err != nil {
				return err
			}
		}
	}
	return nil
}

func plain(value json.RawMessage) string {
	if isNull(value) {
		return ""
	}
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	if lines, ok := stringsOf(value); ok {
		return strings.Join(lines, "\n")
	}
	var compact bytes.Buffer
	_ = json.Compact(&compact, value) // it was read as JSON before
	return compact.String()
}

func stringsOf(array []byte) (lines []string, ok bool) {
	if len(array) == 0 || array[0] != '[' || json.Unmarshal(array, &lines) != nil {
		return nil, false
	}
	return slices.DeleteFunc(lines, func(line string) bool { return line == "" }), true
}

// severity reads a number or a text of one; all but 1 to 4 is 4, and flagged.
func (m members) severity() (severity int, flagged bool) {
	number, err := strconv.ParseFloat(strings.TrimSpace(plain(m["severity"])), 64)
	if err != nil || number != math.Trunc(number) || number < 1 || number > lowest {
		return lowest, true
	}
	return int(number), false
}

// lowest is the severity of what only informs.
const lowest = 4

// layouts are the forms of ISO 8601 that runners write; a zone that is missing
// is UTC, and a fraction of a second is read after any of them.
var layouts = []string{
	"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07", "2006-01-02T15:04:05",
	"2006-01-02T15:04Z07:00", "2006-01-02T15:04", "20060102T150405Z0700", "20060102T150405", "2006-01-02",
}

// time reads an instant, or gives the zero time.
func (m members) time(keys ...string) time.Time {
	_, value := m.first(keys)
	text := strings.ToUpper(strings.TrimSpace(plain(value)))
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && !isBasicDate(text) {
		return epoch(seconds)
	}
	if before, after, ok := strings.Cut(text, " "); ok {
		text = before + "T" + strings.TrimSpace(strings.ReplaceAll(strings.TrimSuffix(after, "UTC"), " ", ""))
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return storable(t)
		}
	}
	return time.Time{}
}

// isBasicDate tells 20261122, which is a date and no count of seconds.
func isBasicDate(text string) bool {
	_, err := time.Parse("20060102", text)
	return err == nil
}

// epoch reads a count since 1970 in seconds, or where that would be after the
// year 5138, in milli-, micro- or nanoseconds.
func epoch(count float64) time.Time {
	const most = 1e11
	unit := 1e6 // microseconds
	for ; unit > 1e-3 && math.Abs(count) >= most*1e6/unit; unit /= 1e3 {
	}
	micros := math.Floor(count * unit)
	if math.IsNaN(micros) || math.Abs(micros) >= most*1e6 {
		return time.Time{}
	}
	return storable(time.UnixMicro(int64(micros)))
}

// storable gives t as Firestore keeps it, in UTC and whole microseconds; a time
// outside of its range is none:
// cloud.google.com/firestore/docs/reference/data-types.
func storable(t time.Time) time.Time {
	t = t.UTC().Truncate(time.Microsecond)
	if t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}
