package command

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/ingest"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// Limits of a file. It is held in memory. It becomes fewer runs than the 512 that
// a check remembers.
const (
	maxImportBytes = 64 << 20
	maxImportLines = 50_000
)

var errFileTooLarge = fmt.Errorf("a file has at most %d MiB and %d lines: split it, and import the pieces with the same --task and --start, so that no piece resolves issues of another one",
	maxImportBytes>>20, maxImportLines)

// importFile is a file and its runs.
type importFile struct {
	path     string
	rejected []ingest.RejectedLines
	runs     []importedRun
}

// importTask is the lines of a file that are of one task. They become one run, or
// several runs with the same start.
type importTask struct {
	start     api.Start // of all its runs
	stable    time.Time // the part of the start's time that is the same at every import; zero: none exists
	content   []byte    // hash of its lines
	derivedID bool      // the run IDs are derived from the content alone, so a run with the same ID is the same lines
	resumed   bool      // an earlier import recorded another start: see reportRun
}

// importedRun is one run, as import --json prints it.
type importedRun struct {
	File            string                 `json:"file"`
	Part            int                    `json:"part,omitempty" doc:"from 1; zero: its task has one run"`
	Parts           int                    `json:"parts,omitempty" doc:"number of runs of its task"`
	Run             string                 `json:"run"`
	Task            string                 `json:"task"`
	Outcome         run.Outcome            `json:"outcome"`
	Issues          int                    `json:"issues" doc:"reported"`
	Before          bool                   `json:"before" doc:"an earlier import reported the run"`
	AlreadyImported bool                   `json:"alreadyImported,omitempty" doc:"the same, as earlier versions of the program print it"`
	Rejected        []ingest.RejectedLines `json:"rejected,omitempty" doc:"of the file; on its first run only"`
	Notes           []ingest.RejectedLines `json:"notes,omitempty" doc:"also on its first run only: lines that are not reported as the task meant them"`
	LeftOut         *leftOutSummary        `json:"leftOut,omitempty" doc:"what the platform did not record"`

	task  *importTask
	lines []api.IssueLine
}

// String returns the result in one line.
func (r *importedRun) String() string {
	name := r.File
	if r.Parts > 0 {
		name = fmt.Sprintf("%s, part %d of %d", r.File, r.Part, r.Parts)
	}
	if r.AlreadyImported {
		return fmt.Sprintf("%s: already imported as run %s; it counts once", name, r.Run)
	}
	return fmt.Sprintf("%s: reported %d issues as run %s (task %q, outcome %s)", name, r.Issues, r.Run, r.Task, r.Outcome)
}

// issues counts the issues of all runs.
func (f *importFile) issues() (count int) {
	for _, r := range f.runs {
		count += r.Issues
	}
	return count
}

// readFile reads a file into runs: for each task those with the worst severities
// first, and first the task with the worst severity.
func (i *importer) readFile(ctx context.Context, path string) (*importFile, error) {
	in, modified, err := i.open(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	content := &limitedHasher{in: in, sum: sha256.New()}
	var found ingest.Findings
	rejected, err := found.ReadIssues(content)
	if err != nil {
		return nil, err
	}
	f := &importFile{path: path, rejected: rejected}
	groups := i.options.groups(found.Issues, path)
	for _, g := range groups {
		task, err := i.newTask(ctx, g, modified)
		if err != nil {
			return nil, err
		}
		if task.content = content.sum.Sum(nil); len(groups) > 1 {
			task.content = g.Hash()
		}
		if err := i.addRuns(f, task, g); err != nil {
			return nil, err
		}
	}
	if i.options.id != "" && len(f.runs) > 1 {
		return nil, usageError("--run allows only one run, but the file needs %d: omit --run", len(f.runs))
	}
	f.runs[0].Rejected, f.runs[0].Notes = f.rejected, found.Notes
	return f, nil
}

// groups divides lines by their tasks. With --task, all lines are of that task.
func (o *importOptions) groups(lines []api.IssueLine, path string) []ingest.TaskLines {
	if o.start.Task != "" {
		return []ingest.TaskLines{ingest.OfTask(o.start.Task, lines)}
	}
	return ingest.GroupByTask(lines, run.CanonicalName(nameOf(path)))
}

func (i *importer) newTask(ctx context.Context, g ingest.TaskLines, modified time.Time) (*importTask, error) {
	t := &importTask{start: i.options.start, derivedID: i.options.id == "" && i.options.startTime == ""}
	if err := i.measureClock(ctx); err != nil {
		return nil, err
	}
	times, err := i.options.startTimes(g.Observed, modified, i.app.settings.clock)
	t.start.Task, t.start.Start, t.stable = g.Task, times.start, times.stable
	return t, err
}

// addRuns adds a run for each report that the lines of a task need. If a line was
// rejected, no run of the file may resolve an issue, because the line may be of any
// task.
func (i *importer) addRuns(f *importFile, task *importTask, g ingest.TaskLines) error {
	outcome := run.Outcome(i.options.outcome)
	if len(f.rejected) > 0 || g.DidNotRun {
		outcome = inconclusive(outcome)
	}
	reports := g.Split()
	for n, found := range reports {
		r := importedRun{
			File: f.path, Run: i.options.id, Task: task.start.Task, Outcome: outcome,
			Issues: len(found.Issues), task: task, lines: found.Issues,
		}
		if len(reports) > 1 {
			r.Part, r.Parts = n+1, len(reports)
		}
		if r.Run == "" {
			var err error
			if r.Run, err = i.deriveRunID(r); err != nil {
				return err
			}
		}
		f.runs = append(f.runs, r)
	}
	return nil
}

// open opens a file and returns its modification time.
func (i *importer) open(path string) (io.ReadCloser, time.Time, error) {
	if path == "-" {
		if i.app.stdin == nil {
			return nil, time.Time{}, errors.New("stdin is not available")
		}
		return io.NopCloser(i.app.stdin), i.app.settings.clock.Now(), nil
	}
	file, err := os.Open(path)
	var failed *fs.PathError
	if errors.As(err, &failed) {
		return nil, time.Time{}, failed.Err // the caller names the file
	}
	if err != nil {
		return nil, time.Time{}, err
	}
	info, err := file.Stat()
	if err == nil && info.IsDir() {
		err = errors.New("this is a directory: use the path of its issues.jsonl")
	}
	if err != nil {
		return nil, time.Time{}, errors.Join(err, file.Close())
	}
	return file, info.ModTime(), nil
}

// limitedHasher reads and hashes a file. It fails if the file is too large.
type limitedHasher struct {
	in           io.Reader
	sum          hash.Hash
	bytes, lines int
}

// Read implements io.Reader.
func (h *limitedHasher) Read(p []byte) (int, error) {
	n, err := h.in.Read(p)
	h.sum.Write(p[:n])
	h.bytes += n
	h.lines += bytes.Count(p[:n], []byte("\n"))
	if h.bytes > maxImportBytes || h.lines > maxImportLines {
		return 0, errFileTooLarge
	}
	return n, err
}

// nameOf returns a file's name without its extension.
func nameOf(path string) string {
	if path == "-" {
		return "import"
	}
	base := filepath.Base(path)
	return cmp.Or(strings.TrimSuffix(base, filepath.Ext(base)), base)
}
