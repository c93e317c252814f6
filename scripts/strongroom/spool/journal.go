package spool

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/clock"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/durable"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/files"
	"github.com/strongroom-dev/strongroom/shared/run"
)

const (
	journalName    = "run.json"
	journalVersion = 1
)

// Journal is what another process needs to continue a run after a crash. It has
// no URL and no token.
type Journal struct {
	Version   int       `json:"version"`
	Run       string    `json:"run"` // UUIDv7
	Workspace string    `json:"workspace"`
	Audience  string    `json:"audience,omitempty"` // of the token that the run started with; it names the tenant
	api.Start           // its fields are fields of the journal
	End       time.Time `json:"end,omitzero"` // zero: the task is running, or its runner was killed

	Outcome    run.Outcome `json:"outcome,omitempty"`    // empty until the run ends
	ExitCode   int         `json:"exitCode,omitempty"`   // 0 until the run ends
	PendingDir string      `json:"pendingDir,omitempty"` // directory whose files must still become outputs; empty: none
	Samples    []string    `json:"samples,omitempty"`    // SLI=VALUE, from --sample
	Findings   bool        `json:"findings,omitempty"`   // Run.StoreFindings was called
	Reported   []string    `json:"reported,omitempty"`   // files whose lines are all in the findings
	Outputs    []Output    `json:"outputs"`

	Include       []string         `json:"include,omitempty"`       // patterns of files in PendingDir: see files.ParseRules
	Exclude       []string         `json:"exclude,omitempty"`       // the same
	FilesExcluded int              `json:"filesExcluded,omitempty"` // number of files and directories that the patterns exclude
	FilesLeftOut  int              `json:"filesLeftOut,omitempty"`  // number of other files that are not outputs
	LeftOut       []files.Rejected `json:"leftOut,omitempty"`       // the first of them, at most maxLeftOut

	// The times in the journal are by the clock of this machine when they were read.
	Started       clock.Uptime  `json:"started,omitzero"`        // at the start; zero: unknown
	ClockMeasured bool          `json:"clockMeasured,omitempty"` // ClockOffset is final: a request may have used it
	ClockOffset   time.Duration `json:"clockOffset,omitempty"`   // nanoseconds to add to the times, so that they are the platform's

	ReportSent bool   `json:"reportSent,omitempty"` // the platform has the report
	Problem    string `json:"problem,omitempty"`    // why the last upload did not complete
	Refused    bool   `json:"refused,omitempty"`    // the problem is a refusal that a retry does not change
}

// Output is one output of a run and the state of its upload.
type Output struct {
	Name        string `json:"name"`
	ContentType string `json:"contentType"`
	Source      string `json:"source,omitempty"` // file that is copied; empty: the task's own output
	Parts       int    `json:"parts,omitempty"`  // 0: not known yet, unless the output is Empty
	Empty       bool   `json:"empty,omitempty"`  // the output is closed and has no bytes, so it has no part
	Stored      int    `json:"stored,omitempty"` // parts 1 to Stored are acknowledged
	Bytes       int64  `json:"bytes,omitempty"`  // in acknowledged parts

	StoredBeyond []int `json:"storedBeyond,omitempty"` // acknowledged parts after a gap

	Cut   bool  `json:"cut,omitempty"`   // the disk was full, so the end of the output is missing
	Lost  int64 `json:"lost,omitempty"`  // bytes that were cut; 0 until the run ends
	Moved bool  `json:"moved,omitempty"` // the source became the only part: see Run.Move
}

// maxLeftOut bounds the files in LeftOut, because the journal is written often.
const maxLeftOut = 100

// LeaveOut records files that cannot be outputs.
func (j *Journal) LeaveOut(rejected ...files.Rejected) {
	j.FilesLeftOut += len(rejected)
	j.LeftOut = append(j.LeftOut, rejected[:min(len(rejected), maxLeftOut-len(j.LeftOut))]...)
}

// Output returns the output with a name, or nil.
func (j *Journal) Output(name string) *Output {
	for i := range j.Outputs {
		if j.Outputs[i].Name == name {
			return &j.Outputs[i]
		}
	}
	return nil
}

// Lost returns how many bytes of output were cut because the disk was full.
func (j Journal) Lost() (bytes int64) {
	for _, o := range j.Outputs {
		bytes += o.Lost
	}
	return bytes
}

// Closed reports whether the number of the output's parts is known.
func (o *Output) Closed() bool { return o.Parts > 0 || o.Empty }

// close records the number of the output's parts.
func (o *Output) close(parts int) { o.Parts, o.Empty = parts, parts == 0 }

// acknowledge records that the platform has stored part number, of size bytes.
func (o *Output) acknowledge(number int, size int64) {
	if o.acknowledged(number) {
		return
	}
	o.Bytes += size
	o.StoredBeyond = append(o.StoredBeyond, number)
	slices.Sort(o.StoredBeyond)
	for len(o.StoredBeyond) > 0 && o.StoredBeyond[0] == o.Stored+1 {
		o.Stored++
		o.StoredBeyond = o.StoredBeyond[1:]
	}
}

func (o *Output) acknowledged(number int) bool {
	return number <= o.Stored || slices.Contains(o.StoredBeyond, number)
}

// last returns the highest acknowledged part, or 0 if none exists.
func (o *Output) last() int {
	if len(o.StoredBeyond) > 0 {
		return o.StoredBeyond[len(o.StoredBeyond)-1]
	}
	return o.Stored
}

func (j *Journal) clone() Journal {
	c := *j
	c.Outputs, c.Samples, c.Reported = slices.Clone(j.Outputs), slices.Clone(j.Samples), slices.Clone(j.Reported)
	c.LeftOut, c.Include, c.Exclude = slices.Clone(j.LeftOut), slices.Clone(j.Include), slices.Clone(j.Exclude)
	for i := range c.Outputs {
		c.Outputs[i].StoredBeyond = slices.Clone(c.Outputs[i].StoredBeyond)
	}
	return c
}

func readJournal(dir string) (Journal, error) {
	data, err := os.ReadFile(filepath.Join(dir, journalName))
	if err != nil {
		return Journal{}, fmt.Errorf("read the run's journal: %w", err)
	}
	var j Journal
	if err := json.Unmarshal(data, &j); err != nil {
		return Journal{}, fmt.Errorf("read the run's journal: %w", err)
	}
	if j.Version != journalVersion {
		return Journal{}, fmt.Errorf("the run's journal has version %d; this program supports version %d", j.Version, journalVersion)
	}
	j.mapPaths(loadedPath)
	return j, nil
}

// writeJournal replaces the journal atomically: after a crash, the file is either
// the old or the new one.
func writeJournal(dir string, j *Journal) error {
	stored := j.clone()
	stored.mapPaths(storedPath)
	data, err := json.MarshalIndent(stored, "", " ")
	if err != nil {
		return fmt.Errorf("write the run's journal: %w", err)
	}
	path := filepath.Join(dir, journalName)
	if err := durable.Write(path+".new", data); err != nil {
		_ = os.Remove(path + ".new") // it takes space from a disk that may be full
		return fmt.Errorf("write the run's journal: %w", err)
	}
	return durable.Rename(path+".new", path)
}
