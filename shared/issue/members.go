package issue

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// members are the members of a line's object, by key, as they came: each is a
// piece of the line.
type members map[string]jsontext.Value

// membersOf takes a text that is one object apart. It takes what encoding/json
// takes: of a key that comes twice the last counts, and half of a surrogate pair
// is U+FFFD.
func membersOf(text []byte) (m members, ok bool) {
	d := jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if start, err := d.ReadToken(); err != nil || start.Kind() != '{' {
		return nil, false
	}
	m = make(members, 16)
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, false
		}
		key, from := name.String(), d.InputOffset()
		if err := d.SkipValue(); err != nil {
			return nil, false
		}
		m[key] = bytes.TrimLeft(text[from:d.InputOffset()], ": \t\r\n")
	}
	if _, err := d.ReadToken(); err != nil { // the end of the object
		return nil, false
	}
	_, err := d.ReadToken()
	return m, errors.Is(err, io.EOF)
}

// lift puts the members of the object under key beside it, renamed; those that
// are null override nothing.
func (m members) lift(key string, rename func(string) string) {
	inner, ok := membersOf(m[key])
	if !ok {
		return
	}
	for k, value := range inner {
		if !isNull(value) {
			m[rename(k)] = value
		}
	}
}

func isNull(value jsontext.Value) bool { return len(value) == 0 || string(value) == "null" }

// first gives the value of the first key that is there and not null, or nil.
func (m members) first(keys []string) (string, jsontext.Value) {
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
	smallest, text := "", ""
	for key, value := range m {
		if len(value) <= MaxFieldBytes || value[0] != '"' || text != "" && key >= smallest {
			continue
		}
		if long := plain(value); len(long) > MaxFieldBytes {
			smallest, text = key, long
		}
	}
	return checkField(smallest, text)
}

func plain(value jsontext.Value) string {
	if isNull(value) {
		return ""
	}
	if value[0] == '"' {
		text, _ := jsontext.AppendUnquote(nil, value) // what is no UTF-8 is replaced
		return string(text)
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
