package ingest

import (
	"cmp"
	"crypto/sha256"
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

// TaskLines are the issue lines of one task.
type TaskLines struct {
	Findings
	Task      string
	Observed  time.Time // the newest time of observation, UTC; zero: unknown
	DidNotRun bool      // a line says that its task did not run
}

// GroupByTask groups lines by the task that each of them names. Lines that name no
// task are of the task unnamed. If there are no lines, that task has none. The task
// with the worst severity is first, and of several the one whose line is first.
func GroupByTask(lines []api.IssueLine, unnamed string) []TaskLines {
	index := map[string]int{}
	var groups []TaskLines
	for _, l := range bySeverity(lines) {
		origin := OriginOf(l.Line)
		task := cmp.Or(origin.Task, unnamed)
		at, known := index[task]
		if !known {
			at, index[task] = len(groups), len(groups)
			groups = append(groups, TaskLines{Task: task})
		}
		groups[at].add(l, origin)
	}
	if len(groups) == 0 {
		return []TaskLines{{Task: unnamed}}
	}
	return groups
}

// OfTask returns lines that are all of one task, whatever they name.
func OfTask(task string, lines []api.IssueLine) TaskLines {
	t := TaskLines{Task: task}
	for _, l := range lines {
		t.add(l, OriginOf(l.Line))
	}
	return t
}

func (t *TaskLines) add(l api.IssueLine, origin Origin) {
	t.Issues = append(t.Issues, l)
	t.DidNotRun = t.DidNotRun || origin.DidNotRun
	if origin.Observed.After(t.Observed) {
		t.Observed = origin.Observed
	}
}

// Hash returns a hash of the lines.
func (t *TaskLines) Hash() []byte {
	sum := sha256.New()
	for _, l := range t.Issues {
		_, _ = sum.Write([]byte(l.Line + "\n")) // a hash returns no error
	}
	return sum.Sum(nil)
}

// Origin is where an issue line comes from.
type Origin struct {
	Task     string    // empty: unknown, or not a valid name of a task
	Observed time.Time // UTC; zero: unknown, or not a valid start of a run

	DidNotRun bool // see issue.Sighting.DidNotRun
}

// OriginOf reads the origin of an issue line. It is zero for a line that is not
// valid.
func OriginOf(line string) Origin {
	s, err := issue.ParseSighting([]byte(line))
	if err != nil {
		return Origin{}
	}
	origin := Origin{Observed: s.ObservedAt, DidNotRun: s.DidNotRun()}
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
