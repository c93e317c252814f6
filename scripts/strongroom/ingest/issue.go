package ingest

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/shared/issue"
)

// The report is full.
var (
	errTooManyIssues = fmt.Errorf("a report has at most %d issues", api.MaxIssues)
	errReportFull    = fmt.Errorf("a report has at most %d bytes, of which issues and samples use at most %d", api.MaxReportBytes, maxBytes)
)

// ReadIssues adds the lines of an issues.jsonl, byte for byte, and returns the
// lines that it cannot add. The error is r's.
func (f *Findings) ReadIssues(r io.Reader) ([]RejectedLines, error) {
	return readLines(r, f.addIssue)
}

// Split reads the lines of an issues.jsonl like ReadIssues, but into as many
// findings as are needed, at least one. Each of them fits into one report. The
// error is r's.
func Split(r io.Reader) (all []Findings, rejected []RejectedLines, err error) {
	all = []Findings{{}}
	rejected, err = readLines(r, func(line []byte) error {
		err := all[len(all)-1].addIssue(line)
		if errors.Is(err, errTooManyIssues) || errors.Is(err, errReportFull) {
			all = append(all, Findings{})
			err = all[len(all)-1].addIssue(line)
		}
		return err
	})
	return all, rejected, err
}

func (f *Findings) addIssue(line []byte) error {
	if _, err := issue.ParseSighting(line); err != nil {
		return err
	}
	if len(f.Issues) == api.MaxIssues {
		return errTooManyIssues
	}
	encoded := api.IssueLine{Line: string(line)}
	if err := f.reserve(encoded); err != nil {
		return err
	}
	f.Issues = append(f.Issues, encoded)
	return nil
}

// Origin is where an issue line comes from.
type Origin struct {
	Task     string    // empty: unknown, or not a valid name of a task
	Observed time.Time // UTC; zero: unknown, or not a valid start of a run
}

// OriginOf reads the origin of an issue line. It is zero for a line that is not
// valid.
func OriginOf(line string) Origin {
	s, err := issue.ParseSighting([]byte(line))
	if err != nil {
		return Origin{}
	}
	origin := Origin{Observed: s.ObservedAt}
	if isTaskName(s.TaskName) {
		origin.Task = s.TaskName
	}
	if !isRunTime(s.ObservedAt) {
		origin.Observed = time.Time{}
	}
	return origin
}

// isTaskName reports whether the platform accepts name as the task of a run.
func isTaskName(name string) bool {
	return name != "" && utf8.RuneCountInString(name) <= api.MaxTaskRunes && !strings.ContainsFunc(name, unicode.IsControl)
}

// isRunTime reports whether the platform accepts t as a time of a run.
func isRunTime(t time.Time) bool {
	year := t.UTC().Year()
	return year >= 1970 && year <= 9999
}
