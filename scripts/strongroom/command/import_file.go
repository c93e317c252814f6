package command

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
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
	path      string
	start     api.Start // of all its runs
	rejected  []ingest.RejectedLines
	runs      []importedRun
	derivedID bool // the run IDs are derived from the content alone, so a run with the same ID is the same file
	resumed   bool // an earlier import recorded another start: see reportRun
}

// importedRun is one run, as import --json prints it.
type importedRun struct {
	File            string                 `json:"file"`
	Part            int                    `json:"part,omitempty"`  // from 1; zero: the file is one run
	Parts           int                    `json:"parts,omitempty"` // number of runs of the file
	Run             string                 `json:"run"`
	Task            string                 `json:"task"`
	Outcome         run.Outcome            `json:"outcome"`
	Issues          int                    `json:"issues"`                    // reported
	AlreadyImported bool                   `json:"alreadyImported,omitempty"` // by an earlier import
	Rejected        []ingest.RejectedLines `json:"rejected,omitempty"`        // of the file; on its first run only

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

// readFile reads a file into runs.
func (i *importer) readFile(path string) (*importFile, error) {
	o := i.options
	in, modified, err := i.open(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	content := &limitedHasher{in: in, sum: sha256.New()}
	reports, rejected, err := ingest.Split(content)
	if err != nil {
		return nil, err
	}
	origin := commonOrigin(reports)
	times, err := o.startTimes(origin.Observed, modified)
	if err != nil {
		return nil, err
	}
	f := &importFile{path: path, rejected: rejected, derivedID: o.id == "" && o.startTime == ""}
	f.start = o.start
	f.start.Task, f.start.Start = cmp.Or(o.start.Task, origin.Task, nameOf(path)), times.start
	return f, i.addRuns(f, reports, times.stable, content.sum.Sum(nil))
}

// addRuns adds a run for each report.
func (i *importer) addRuns(f *importFile, reports []ingest.Findings, stableStart time.Time, content []byte) error {
	o := i.options
	if o.id != "" && len(reports) > 1 {
		return usageError("--run allows only one run, but the file needs %d: omit --run", len(reports))
	}
	outcome := run.Outcome(o.outcome)
	if len(f.rejected) > 0 {
		outcome = inconclusive(outcome)
	}
	for n, found := range reports {
		r := importedRun{
			File: f.path, Run: o.id, Task: f.start.Task, Outcome: outcome,
			Issues: len(found.Issues), lines: found.Issues,
		}
		if len(reports) > 1 {
			r.Part, r.Parts = n+1, len(reports)
		}
		if n == 0 {
			r.Rejected = f.rejected
		}
		if r.Run == "" {
			var err error
			if r.Run, err = i.deriveRunID(f.start, stableStart, r, content); err != nil {
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
		return io.NopCloser(i.app.stdin), time.Now(), nil
	}
	file, err := os.Open(path)
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

// commonOrigin returns the task that all lines have, and the newest time of
// observation.
func commonOrigin(reports []ingest.Findings) (common ingest.Origin) {
	same := true
	for i, found := range reports {
		for j, l := range found.Issues {
			line := ingest.OriginOf(l.Line)
			if i+j == 0 {
				common.Task = line.Task
			}
			same = same && line.Task == common.Task
			if line.Observed.After(common.Observed) {
				common.Observed = line.Observed
			}
		}
	}
	if !same {
		common.Task = ""
	}
	return common
}

// nameOf returns a file's name without its extension.
func nameOf(path string) string {
	if path == "-" {
		return "import"
	}
	base := filepath.Base(path)
	return cmp.Or(strings.TrimSuffix(base, filepath.Ext(base)), base)
}
