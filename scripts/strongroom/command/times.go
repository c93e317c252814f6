package command

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// maxDays bounds a duration that is given in days.
const maxDays = 36_500

// parseSpan reads a duration that is not negative, as 90m, 12h or 7d.
func parseSpan(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n int
		n, err = strconv.Atoi(days)
		if n > maxDays {
			err = strconv.ErrRange
		}
		d = time.Duration(n) * 24 * time.Hour
	}
	if err == nil && d < 0 {
		err = errors.New("it is negative")
	}
	return d, err
}

// maxIgnore is how long an issue may be ignored.
const maxIgnore = 366 * 24 * time.Hour

// parseUntil reads a time, or a duration from now.
func parseUntil(text string, now time.Time) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	d, err := parseSpan(text)
	switch {
	case err != nil:
		return time.Time{}, usage("--until takes a time as 2026-12-24T18:00:00Z, or how long from now, as 90m, 12h or 7d")
	case d > maxIgnore:
		return time.Time{}, usage("--until %s: an issue may be ignored for 366 days at most", text)
	}
	return now.Add(d).UTC().Truncate(time.Second), nil
}

// parseAgo reads a time, or a duration before now; of an empty text it gives the
// zero time.
func parseAgo(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	d, err := parseSpan(text)
	if err != nil {
		return time.Time{}, usage("%s takes a time as 2026-12-24T18:00:00Z, or how long ago, as 90m, 12h or 7d", flag)
	}
	return now.Add(-d).UTC().Truncate(time.Second), nil
}
