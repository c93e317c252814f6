package ingest

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/shared/issue"
)

// ReadIssues adds the lines of an issues.jsonl, byte for byte, and returns the
// lines that it cannot add. Notes has the lines of which a text is cut, or whose
// severity is not understood. The error is r's.
func (f *Findings) ReadIssues(r io.Reader) ([]RejectedLines, error) {
	return readLines(r, f.addIssue)
}

// Split reads the lines of an issues.jsonl like ReadIssues, and returns them in as
// many findings as reports are needed. The first one has all notes.
func Split(r io.Reader) (all []Findings, rejected []RejectedLines, err error) {
	var f Findings
	rejected, err = f.ReadIssues(r)
	return f.Split(), rejected, err
}

func (f *Findings) addIssue(line []byte, number int) error {
	s, err := issue.ParseSighting(line)
	if err != nil {
		return err
	}
	if err := f.reserve(len(f.Issues), len(s.Line)); err != nil {
		return err
	}
	f.Issues = append(f.Issues, api.IssueLine{Line: string(s.Line)})
	if len(line) > issue.MaxLineBytes || len(s.Cut) > 0 {
		f.Cut = true
		f.Notes = appendRejected(f.Notes, number, "a text is too long and is cut in the report")
	}
	if s.SeverityFlagged {
		f.Notes = appendRejected(f.Notes, number, fmt.Sprintf("the severity is missing or not understood, so it is %d; use 1 (critical) to 4 (informational)", s.Severity))
	}
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
