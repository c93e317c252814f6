package scheduler

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// schedule is one of the three kinds of cron expressions that the suite uses, in
// UTC: each minute ("* * * * *"), one minute of each hour ("23 * * * *"), or each
// multiple of some minutes of each hour ("*/15 * * * *").
type schedule struct {
	every  int // minutes between two times; a divisor of 60
	minute int // of the hour, less than every
}

// errSchedule reports an expression that this scheduler does not support, even if
// Cloud Scheduler does.
var errSchedule = errors.New(`the schedule must be "* * * * *", with a minute from 0 to 59 like "23 * * * *", or with a divisor of 60 like "*/15 * * * *"`)

func parseSchedule(expression string) (schedule, error) {
	first, ok := strings.CutSuffix(expression, " * * * *")
	if !ok {
		return schedule{}, errSchedule
	}
	if first == "*" {
		return schedule{every: 1}, nil
	}
	text, repeats := strings.CutPrefix(first, "*/")
	n, err := strconv.ParseUint(text, 10, 8)
	switch {
	case err != nil || n > 59 || repeats && (n == 0 || 60%n != 0):
		return schedule{}, errSchedule
	case repeats:
		return schedule{every: int(n)}, nil
	}
	return schedule{every: 60, minute: int(n)}, nil
}

// after returns the first time after now at which the schedule is due.
func (s schedule) after(now time.Time) time.Time {
	next := now.UTC().Truncate(time.Minute).Add(time.Minute)
	wait := (s.minute - next.Minute()%s.every + s.every) % s.every
	return next.Add(time.Duration(wait) * time.Minute)
}
