package command

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/ingest"
)

// Limits of a file: it is held in memory, and becomes fewer runs than a check
// remembers, which are 512.
const (
	maxImportBytes = 64 << 20
	maxImportLines = 50_000
)

var errImportLarge = fmt.Errorf("a file may have %d MiB and %d lines: split it, and import the pieces with the same --task and --start, so that none takes what another found for resolved",
	maxImportBytes>>20, maxImportLines)

// imported is a file and the runs that it becomes.
type imported struct {
	path     string
	start    api.Start // of all its runs
	rejected   []ingest.RejectedLines
	runs     []importedRun
	repeated bool // a run that the platform knows otherwise is this file's all the same
	late     bool // an earlier import began otherwise: see send
}

// importedRun is one run, as it is printed.
type importedRun struct {
	File    string            `json:"file"`
	Part    int               `json:"part,omitempty"`  // from 1; zero: the file is one run
	Parts   int               `json:"parts,omitempty"` // of the file
	Run     string            `json:"run"`
	Task    string            `json:"task"`
	Outcome string            `json:"outcome"`
	Issues  int               `json:"issues"`           // taken
	Before  bool              `json:"before,omitempty"` // by an earlier import
	Rejected  []ingest.RejectedLines `json:"rejected,omitempty"` // lines of the file that were not taken, with its first run

	lines []api.IssueLine
}

// String says what became of the run.
func (r *importedRun) String() string {
	name := r.File
	if r.Parts > 0 {
		name = fmt.Sprintf("%s, %d of %d", r.File, r.Part, r.Parts)
	}
	if r.Before {
		return fmt.Sprintf("%s: imported before, as run %s; it counts once", name, r.Run)
	}
	return fmt.Sprintf("%s: %d issues taken, as run %s of %q, %s", name, r.Issues, r.Run, r.Task, r.Outcome)
}

// issues counts those of all runs.
func (f *imported) issues() (all int) {
	for _, r := range f.runs {
		all += r.Issues
	}
	return all
}

// readImport makes runs of a file.
func (a *app) readImport(o importOptions, path string) (*imported, error) {
	in, changed, err := a.openImport(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	content := &bounded{in: in, sum: sha256.New()}
	reports, rejected, err := ingest.Split(content)
	if err != nil {
		return nil, err
	}
	common := originOf(reports)
	start, told, err := o.began(common.Observed, changed)
	if err != nil {
		return nil, err
	}
	f := &imported{path: path, rejected: rejected, repeated: o.id == "" && o.start == ""}
	f.start = api.Start{Task: first(o.task, common.Task, nameOf(path)), SLX: o.slx, Resource: o.resource, Start: start}
	return f, a.addRuns(o, f, reports, told, content.sum.Sum(nil))
}

// addRuns makes a run of each report.
func (a *app) addRuns(o importOptions, f *imported, reports []ingest.Findings, told time.Time, content []byte) error {
	if o.id != "" && len(reports) > 1 {
		return usage("--run is for one run, and the file becomes %d: leave it away", len(reports))
	}
	outcome := o.outcome
	if len(f.rejected) > 0 {
		outcome = incomplete(outcome)
	}
	for i, found := range reports {
		r := importedRun{File: f.path, Run: o.id, Task: f.start.Task, Outcome: outcome, Issues: len(found.Issues), lines: found.Issues}
		if len(reports) > 1 {
			r.Part, r.Parts = i+1, len(reports)
		}
		if i == 0 {
			r.Rejected = f.rejected
		}
		if r.Run == "" {
			var err error
			if r.Run, err = a.deriveRun(f.start, told, r, content); err != nil {
				return err
			}
		}
		f.runs = append(f.runs, r)
	}
	return nil
}

func (a *app) openImport(path string) (io.ReadCloser, time.Time, error) {
	if path == "-" {
		if a.stdin == nil {
			return nil, time.Time{}, errors.New("there is no stdin")
		}
		return io.NopCloser(a.stdin), time.Now(), nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, time.Time{}, err
	}
	info, err := file.Stat()
	if err == nil && info.IsDir() {
		err = errors.New("it is a directory: give its issues.jsonl")
	}
	if err != nil {
		return nil, time.Time{}, errors.Join(err, file.Close())
	}
	return file, info.ModTime(), nil
}

// bounded reads a file, hashes it, and fails when it is too large.
type bounded struct {
	in           io.Reader
	sum          hash.Hash
	bytes, lines int
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.in.Read(p)
	b.sum.Write(p[:n])
	b.bytes += n
	b.lines += bytes.Count(p[:n], []byte("\n"))
	if b.bytes > maxImportBytes || b.lines > maxImportLines {
		return 0, errImportLarge
	}
	return n, err
}

// originOf is the task that all lines name, and when the newest was observed.
func originOf(reports []ingest.Findings) (common ingest.Origin) {
	agreed := true
	for i, found := range reports {
		for j, l := range found.Issues {
			line := ingest.OriginOf(l.Line)
			if i+j == 0 {
				common.Task = line.Task
			}
			agreed = agreed && line.Task == common.Task
			if line.Observed.After(common.Observed) {
				common.Observed = line.Observed
			}
		}
	}
	if !agreed || utf8.RuneCountInString(common.Task) > maxTaskName {
		common.Task = ""
	}
	return common
}

// maxTaskName is what the platform takes for a run's task, in characters.
const maxTaskName = 256

// nameOf is a file's name without its extension.
func nameOf(path string) string {
	if path == "-" {
		return "import"
	}
	base := filepath.Base(path)
	return first(strings.TrimSuffix(base, filepath.Ext(base)), base)
}

// began gives the start of a file's runs, and what of it the flags or the lines
// tell. Told is zero if they do not: then the start is a guess, which may be
// another at the next import. A time of a clock that is ahead is told, but is no
// start yet.
func (o *importOptions) began(observed, changed time.Time) (start, told time.Time, err error) {
	now := time.Now()
	switch {
	case o.start != "":
		told, _ = time.Parse(time.RFC3339, o.start) // checked before
		start = told
	case observed.IsZero() || observed.After(now):
		told, start = observed, changed
		if changed.After(now) { // what is told later must not be before it
			start = now
		}
	default:
		told, start = observed, observed
	}
	if start.UTC().Year() < 1970 {
		err = usage("it was changed before 1970, it says: give --start")
	}
	return inMillis(start), inMillis(told), err
}

func inMillis(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// deriveRun makes the id of a run from all that is told of it: a UUIDv7 (RFC
// 9562) of its start, with a hash for the random bits. Where no start is told
// the hash goes for the time too, so that the id depends on no clock.
func (a *app) deriveRun(start api.Start, told time.Time, r importedRun, content []byte) (string, error) {
	workspace, err := a.settings.workspaceID()
	if err != nil {
		return "", err
	}
	start.Start = told
	all := []any{"strongroom import", a.settings.audience(), workspace, start, r.Outcome, content}
	if r.Parts > 0 {
		all = append(all, r.Part)
	}
	facts, err := api.Encode(all)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(facts)
	var id uuid.UUID
	copy(id[:], sum[:])
	if !told.IsZero() {
		millis := binary.BigEndian.AppendUint64(nil, uint64(told.UnixMilli()))
		copy(id[:6], millis[2:])
	}
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id.String(), nil
}
