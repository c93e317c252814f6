package issue

import (
	"math"
	"strconv"
	"strings"

	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
)

// UnknownSeverity is the severity of a line whose severity is missing or is not
// understood. Such an issue must be neither the last of all, where nobody looks,
// nor an emergency that nobody reported.
const UnknownSeverity = 2

// informational is the lowest severity.
const informational = 4

// severityWords are the names of severities in common tools.
var severityWords = map[string]int{
	"critical": 1, "crit": 1, "fatal": 1, "emergency": 1, "emerg": 1, "alert": 1, "panic": 1, "blocker": 1, "page": 1, "urgent": 1, "disaster": 1, "highest": 1,
	"major": 2, "high": 2, "error": 2, "err": 2, "severe": 2, "important": 2, "serious": 2,
	"minor": 3, "medium": 3, "med": 3, "moderate": 3, "average": 3, "normal": 3, "warning": 3, "warn": 3,
	"informational": 4, "information": 4, "info": 4, "low": 4, "lowest": 4, "notice": 4, "debug": 4, "trivial": 4, "trace": 4,
}

// severityLabel is a number with what people write next to it: SEV-1, P2, "2 - high".
var severityLabel = lazyregexp.New(`^[sp]?([1-4])(?:\.0*)?(?:[ :(-]+[a-z ]+\)?)?$`)

// severityPrefix is what people write before a number or a word: "Severity: High".
var severityPrefix = lazyregexp.New(`^(?:severity|sev|priority|prio|level)[ _:=-]*`)

// ParseSeverity returns the severity, from 1 to 4, that a text stands for: a
// number, such as 2 or 2.0, a label with a number, such as SEV-1 or P2, or one of
// the usual words in any case, such as critical or HIGH. ok is false for anything
// else, and then severity is UnknownSeverity.
func ParseSeverity(text string) (severity int, ok bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	if number, err := strconv.ParseFloat(text, 64); err == nil {
		if number != math.Trunc(number) || number < 1 || number > informational {
			return UnknownSeverity, false
		}
		return int(number), true
	}
	text = severityPrefix.ReplaceAllString(text, "")
	if m := severityLabel.FindStringSubmatch(text); m != nil {
		return int(m[1][0] - '0'), true
	}
	if severity, ok := severityWords[text]; ok {
		return severity, true
	}
	return UnknownSeverity, false
}

// severity parses the severity of the line.
func (m members) severity() (severity int, flagged bool) {
	severity, ok := ParseSeverity(m.text("severity"))
	return severity, !ok
}
