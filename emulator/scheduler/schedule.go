package scheduler

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// schedule is a cron expression of those that the suite uses: each minute
// ("* * * * *"), or one minute of each hour ("23 * * * *"), in UTC.
type schedule struct {
	minute int // of the hour; -1: each
}

// errSchedule is the fault of an expression that Cloud Scheduler may take and
// this one does not.
var errSchedule = errors.New(`a schedule is "* * * * *" or, with a minute of 0 to 59, "23 * * * *"`)

func parseSchedule(expression string) (schedule, error) {
	first, ok := strings.CutSuffix(expression, " * * * *")
	if !ok {
		return schedule{}, errSchedule
	}
	if first == "*" {
		return schedule{-1}, nil
	}
	minute, err := strconv.ParseUint(first, 10, 8)
	if err != nil || minute > 59 {
		return schedule{}, errSchedule
	}
	return schedule{int(minute)}, nil
}

// after is the first time after now that is due.
func (s schedule) after(now time.Time) time.Time {
	next := now.UTC().Truncate(time.Minute).Add(time.Minute)
	if s.minute < 0 {
		return next
	}
	wait := (s.minute - next.Minute() + 60) % 60
	return next.Add(time.Duration(wait) * time.Minute)
}
