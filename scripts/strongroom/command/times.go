package command

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// maxDays is the maximum duration in days.
const maxDays = 36_500

// parseDuration reads a duration that is not negative, for example 90m, 12h or
// 7d.
func parseDuration(text string) (time.Duration, error) {
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
		err = errors.New("a duration must not be negative")
	}
	return d, err
}

// maxAhead is the longest duration of --until: an issue may be ignored, and a consent may
// be given, for about a year. The platform has the exact limits.
const maxAhead = 366 * 24 * time.Hour

// parseUntil reads a time, or a duration from now.
func parseUntil(text string, now time.Time) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	d, err := parseDuration(text)
	switch {
	case text == "":
		return time.Time{}, usageError("no end: use --until TIME, for example --until 7d")
	case err != nil:
		return time.Time{}, usageError("--until must be a time, for example 2026-12-24T18:00:00Z, or a duration from now, for example 90m, 12h or 7d")
	case d > maxAhead:
		return time.Time{}, usageError("--until %s: the time must be at most 366 days ahead", text)
	}
	return now.Add(d).UTC().Truncate(time.Second), nil
}

// parseAgo reads a time, or a duration before now. An empty text is the zero
// time.
func parseAgo(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	d, err := parseDuration(text)
	if err != nil {
		return time.Time{}, usageError("%s must be a time, for example 2026-12-24T18:00:00Z, or a duration before now, for example 90m, 12h or 7d", flag)
	}
	return now.Add(-d).UTC().Truncate(time.Second), nil
}

// timeRange is the flags --from and --to.
type timeRange struct{ from, to string }

// addFlags adds the flags. What happened in the range, for the help: "started",
// for example.
func (r *timeRange) addFlags(cmd *cobra.Command, what string) {
	cmd.Flags().StringVar(&r.from, "from", "", what+" at or after this time: RFC 3339, or a duration before now such as 90m, 12h or 7d")
	cmd.Flags().StringVar(&r.to, "to", "", what+" before this time (same formats)")
}

// parse returns the times, which are zero for a flag that is not set. Call it
// once for all pages of a list, so that they have the same range.
func (r *timeRange) parse(now time.Time) (from, to time.Time, err error) {
	if from, err = parseAgo("--from", r.from, now); err != nil {
		return from, to, err
	}
	if to, err = parseAgo("--to", r.to, now); err != nil {
		return from, to, err
	}
	if !from.IsZero() && !to.IsZero() && !to.After(from) {
		return from, to, usageError("--to %s is not after --from %s, so nothing can match; a duration is a time before now", r.to, r.from)
	}
	return from, to, nil
}
