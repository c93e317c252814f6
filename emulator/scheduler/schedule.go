package scheduler

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// schedule is one of the two kinds of cron expressions that the suite uses: each
// minute ("* * * * *"), or one minute of each hour ("23 * * * *"), in UTC.
type schedule struct {
	minute int // of the hour; -1: each minute
}

// errSchedule reports an expression that this scheduler does not support, even if
// Cloud Scheduler does.
var errSchedule = errors.New(`the schedule must be "* * * * *" or, with a minute from 0 to 59, like "23 * * * *"`)

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

// after returns the first time after now at which the schedule is due.
func (s schedule) after(now time.Time) time.Time {
	next := now.UTC().Truncate(time.Minute).Add(time.Minute)
	if s.minute < 0 {
		return next
	}
	wait := (s.minute - next.Minute() + 60) % 60
	return next.Add(time.Duration(wait) * time.Minute)
}
