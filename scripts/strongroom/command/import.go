package command

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/findings"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/task"
)

const importHelp = `Reports each file, an issues.jsonl, as one run, and says which of its lines were
taken and which were not, with the reason; the exit code is 1 if any was not. "-"
is stdin.

The id of a run is made of the file's content, its time and what the flags say: a
file that is imported again is the same run, and counts once. Lines that are not
taken make the outcome "error": their issues shall not be taken for resolved.`

// importOptions are the flags of import.
type importOptions struct {
	id, task, slx, resource, outcome, start string
	json                                    bool
	retryFor, backoff                       time.Duration
}

func (a *app) importCommand() *cobra.Command {
	var o importOptions
	cmd := &cobra.Command{
		Use:   "import FILE…",
		Short: "Report the issues in files, one run each",
		Long:  importHelp,
		Example: `  strongroom import issues.jsonl --task dns-check --slx dns --resource cluster-1
  kubectl logs job/check | grep '^{' | strongroom import - --task dns-check --start 2026-01-02T03:04:05Z`,
		RunE: func(cmd *cobra.Command, paths []string) error {
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return a.importFiles(ctx, o, paths)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.task, "task", "", "name of the task (default: the taskName that all lines have, else the file's name)")
	flags.StringVar(&o.id, "run", "", "id of the run, a UUIDv7, for one file (default: made of what is imported)")
	flags.StringVar(&o.slx, "slx", "", "service-level experience that the task belongs to")
	flags.StringVar(&o.resource, "resource", "", "resource that the task looked at")
	flags.StringVar(&o.start, "start", "", "when the run began, in RFC 3339 (default: when the file was changed last; of stdin: now)")
	flags.StringVar(&o.outcome, "outcome", task.Failure, "success, failure, error, timeout or canceled")
	flags.BoolVar(&o.json, "json", false, "print a JSON object for each file")
	flags.DurationVar(&o.retryFor, "retry-for", readFor, "how long to try again what fails for reasons that may pass")
	flags.DurationVar(&o.backoff, "backoff", 250*time.Millisecond, "first pause before trying again; it doubles up to 30s")
	return cmd
}

var outcomes = []string{task.Success, task.Failure, task.Error, task.Timeout, task.Canceled}

func (o *importOptions) check(paths []string) error {
	switch {
	case len(paths) == 0:
		return usage("no files: give some, or - for stdin, as in: strongroom import issues.jsonl --task NAME")
	case !slices.Contains(outcomes, o.outcome):
		return usage("--outcome is one of %s", strings.Join(outcomes, ", "))
	case o.id != "" && len(paths) > 1:
		return usage("--run is for one file: each file is a run")
	}
	if o.id != "" {
		if _, err := runID(o.id); err != nil {
			return err
		}
	}
	if o.start == "" {
		return nil
	}
	if _, err := time.Parse(time.RFC3339, o.start); err != nil {
		return usage("--start takes a time as 2026-01-02T03:04:05Z")
	}
	return nil
}

func (a *app) importFiles(ctx context.Context, o importOptions, paths []string) error {
	if err := o.check(paths); err != nil {
		return err
	}
	client, err := a.settings.client("")
	if err != nil {
		return err
	}
	refused := false
	for _, path := range paths {
		file, err := a.readImport(o, path)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if err := file.send(ctx, client, retry.Policy{For: o.retryFor, First: o.backoff}); err != nil {
			return fmt.Errorf("%s: %w; what was reported stays so: import it again, it counts once", path, err)
		}
		if err := a.showImport(o, file); err != nil {
			return err
		}
		refused = refused || len(file.Untold) > 0
	}
	if refused {
		return errors.New("some lines were not taken: mend them, and import them with the others as another run")
	}
	return nil
}

// imported is a file and the run that it becomes.
type imported struct {
	File    string            `json:"file"`
	Run     string            `json:"run"`
	Task    string            `json:"task"`
	Outcome string            `json:"outcome"`
	Issues  int               `json:"issues"`           // taken
	Untold  []findings.Untold `json:"untold,omitempty"` // not taken

	start  api.Start
	report api.Report
}

// readImport makes a run of a file.
func (a *app) readImport(o importOptions, path string) (imported, error) {
	in, when, err := a.openImport(path)
	if err != nil {
		return imported{}, err
	}
	defer in.Close()
	if o.start != "" {
		when, _ = time.Parse(time.RFC3339, o.start) // checked before
	}
	when = when.UTC().Truncate(time.Millisecond)
	if when.Year() < 1970 {
		return imported{}, usage("it was changed before 1970, it says: give --start")
	}
	var found findings.Findings
	content := sha256.New()
	untold, err := found.ReadIssues(io.TeeReader(in, content))
	if err != nil {
		return imported{}, err
	}
	f := imported{File: path, Run: o.id, Task: first(o.task, commonTask(found.Issues), nameOf(path)), Outcome: o.outcome, Issues: len(found.Issues), Untold: untold}
	if len(untold) > 0 {
		f.Outcome = incomplete(o.outcome)
	}
	f.start = api.Start{Task: f.Task, SLX: o.slx, Resource: o.resource, Start: when}
	f.report = api.Report{End: when, Outcome: f.Outcome, ExitCode: exitDied, Outputs: []api.Claim{}, Issues: found.Issues}
	if f.Run == "" {
		f.Run, err = a.deriveRun(f.start, f.Outcome, content.Sum(nil))
	}
	return f, err
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

// commonTask is the task that all lines name.
func commonTask(lines []api.IssueLine) string {
	common := ""
	for i, l := range lines {
		name := findings.TaskOf(l.Line)
		if i > 0 && name != common {
			return ""
		}
		common = name
	}
	if utf8.RuneCountInString(common) > maxTaskName {
		return ""
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

// deriveRun makes the id of a run from all that is told of it: a UUIDv7 (RFC
// 9562) of its start, with a hash for the random bits.
func (a *app) deriveRun(start api.Start, outcome string, content []byte) (string, error) {
	workspace, err := a.settings.workspaceID()
	if err != nil {
		return "", err
	}
	facts, err := api.Encode([]any{"strongroom import", a.settings.audience(), workspace, start, outcome, content})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(facts)
	var id uuid.UUID
	copy(id[:], sum[:])
	var millis [8]byte
	binary.BigEndian.PutUint64(millis[:], uint64(start.Start.UnixMilli()))
	copy(id[:6], millis[2:])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id.String(), nil
}

// send reports the run.
func (f *imported) send(ctx context.Context, client *api.Client, policy retry.Policy) error {
	err := policy.Do(ctx, func(ctx context.Context) error { return client.Start(ctx, f.Run, f.start) })
	if err != nil {
		return err
	}
	return policy.Do(ctx, func(ctx context.Context) error { return client.Report(ctx, f.Run, f.report) })
}

func (a *app) showImport(o importOptions, f imported) error {
	if o.json {
		return writeJSON(a.stdout, f)
	}
	for _, u := range f.Untold {
		fmt.Fprintf(a.stderr, "strongroom: not taken: %s: %v\n", f.File, u)
	}
	_, err := fmt.Fprintf(a.stdout, "%s: %d issues taken, as run %s of %q, %s\n", f.File, f.Issues, f.Run, f.Task, f.Outcome)
	return err
}
