package issue

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// members are the values of a line's object, by key. Each value is a part of the
// line, unchanged.
type members map[string]jsontext.Value

// parseMembers splits a text that is one object into its members. It accepts
// what encoding/json accepts: if a key is repeated, the last value counts, and
// half of a surrogate pair becomes U+FFFD.
func parseMembers(text []byte) (m members, ok bool) {
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

// promote copies the members of the object at key into m, under new names. A
// value that is null overrides nothing.
func (m members) promote(key string, rename func(string) string) {
	inner, ok := parseMembers(m[key])
	if !ok {
		return
	}
	inner.addUsualKeys()
	for k, value := range inner {
		if !isNull(value) {
			m[rename(k)] = value
		}
	}
}

func isNull(value jsontext.Value) bool { return len(value) == 0 || string(value) == "null" }

// first returns the first key whose value is not null, and its value.
func (m members) first(keys []string) (string, jsontext.Value) {
	for _, key := range keys {
		if value := m[key]; !isNull(value) {
			return key, value
		}
	}
	return "", nil
}

// text returns a text that should be a string. It joins an array of strings to
// lines. Any other value stays JSON.
func (m members) text(keys ...string) string {
	_, value := m.first(keys)
	return textOf(value)
}

// textOf returns a value as text: see text.
func textOf(value jsontext.Value) string {
	if isNull(value) {
		return ""
	}
	if value[0] == '"' {
		text, _ := jsontext.AppendUnquote(nil, value) // invalid UTF-8 is replaced
		return string(text)
	}
	if lines, ok := parseStrings(value); ok {
		return strings.Join(lines, "\n")
	}
	var compact bytes.Buffer
	_ = json.Compact(&compact, value) // value was parsed as JSON before
	return compact.String()
}

// parseStrings parses an array of strings, and leaves out the empty ones.
func parseStrings(array []byte) (lines []string, ok bool) {
	if len(array) == 0 || array[0] != '[' || json.Unmarshal(array, &lines) != nil {
		return nil, false
	}
	return slices.DeleteFunc(lines, func(line string) bool { return line == "" }), true
}

// timeLayouts are the forms of ISO 8601 that runners write. A missing zone is
// UTC. Any layout also accepts a fraction of a second.
var timeLayouts = []string{
	"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07", "2006-01-02T15:04:05",
	"2006-01-02T15:04Z07:00", "2006-01-02T15:04", "20060102T150405Z0700", "20060102T150405", "2006-01-02",
}

// time parses a time. It returns the zero time if none exists.
func (m members) time(keys ...string) time.Time {
	_, value := m.first(keys)
	text := strings.ToUpper(strings.TrimSpace(textOf(value)))
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && !isBasicDate(text) {
		return fromEpoch(seconds)
	}
	if before, after, ok := strings.Cut(text, " "); ok {
		text = before + "T" + strings.TrimSpace(strings.ReplaceAll(strings.TrimSuffix(after, "UTC"), " ", ""))
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return storable(t)
		}
	}
	return time.Time{}
}

// isBasicDate reports whether text is a date such as 20261122, which would
// otherwise be a count of seconds.
func isBasicDate(text string) bool {
	_, err := time.Parse("20060102", text)
	return err == nil
}

// fromEpoch converts a count since 1970. It is a count of seconds or, if that
// would be after the year 5138, of milliseconds, microseconds or nanoseconds.
func fromEpoch(count float64) time.Time {
	const maxSeconds = 1e11
	unit := 1e6 // microseconds
	for ; unit > 1e-3 && math.Abs(count) >= maxSeconds*1e6/unit; unit /= 1e3 {
	}
	micros := math.Floor(count * unit)
	if math.IsNaN(micros) || math.Abs(micros) >= maxSeconds*1e6 {
		return time.Time{}
	}
	return storable(time.UnixMicro(int64(micros)))
}

// storable returns t as Firestore stores it: in UTC and whole microseconds. A
// time outside of Firestore's range becomes the zero time:
// cloud.google.com/firestore/docs/reference/data-types.
func storable(t time.Time) time.Time {
	t = t.UTC().Truncate(time.Microsecond)
	if t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}
