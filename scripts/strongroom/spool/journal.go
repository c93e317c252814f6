package spool

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	journalName    = "run.json"
	journalVersion = 1
)

// Journal is what has to be known to carry on with a run after a crash. It
// holds no URL and no token.
type Journal struct {
	Version   int       `json:"version"`
	Run       string    `json:"run"` // UUIDv7
	Workspace string    `json:"workspace"`
	Audience  string    `json:"audience,omitempty"` // of the token the run began with: names the tenant
	Task      string    `json:"task"`
	SLX       string    `json:"slx,omitempty"`
	Resource  string    `json:"resource,omitempty"`
	Start     time.Time `json:"start"`
	End       time.Time `json:"end,omitzero"`       // zero: the task runs, or died with its runner
	Outcome   string    `json:"outcome,omitempty"`  // once it has ended
	ExitCode  int       `json:"exitCode,omitempty"` // once it has ended
	Collect   string    `json:"collect,omitempty"`  // directory whose files are still to become outputs
	Samples   []string  `json:"samples,omitempty"`  // SLI=VALUE, as given with the run
	Findings  bool      `json:"findings,omitempty"` // they are kept: see Run.KeepFindings
	Told      []string  `json:"told,omitempty"`     // files that the findings hold whole
	Outputs   []Output  `json:"outputs"`
}

// Output is one output of a run, and how far it has come.
type Output struct {
	Name        string `json:"name"`
	ContentType string `json:"contentType"`
	Source      string `json:"source,omitempty"` // file that is copied; empty: the task's own output
	Parts       int    `json:"parts,omitempty"`  // 0: not known yet
	Stored      int    `json:"stored,omitempty"` // parts 1 to Stored are acknowledged
	Beyond      []int  `json:"beyond,omitempty"` // acknowledged ones after those
	Bytes       int64  `json:"bytes,omitempty"`  // in acknowledged parts
}

// Output finds an output by its name; nil if there is none.
func (j *Journal) Output(name string) *Output {
	for i := range j.Outputs {
		if j.Outputs[i].Name == name {
			return &j.Outputs[i]
		}
	}
	return nil
}

// acknowledge notes that part number, of size bytes, is kept by the platform.
func (o *Output) acknowledge(number int, size int64) {
	if o.acknowledged(number) {
		return
	}
	o.Bytes += size
	o.Beyond = append(o.Beyond, number)
	slices.Sort(o.Beyond)
	for len(o.Beyond) > 0 && o.Beyond[0] == o.Stored+1 {
		o.Stored++
		o.Beyond = o.Beyond[1:]
	}
}

func (o *Output) acknowledged(number int) bool {
	return number <= o.Stored || slices.Contains(o.Beyond, number)
}

// last is the highest part that is acknowledged; 0: none.
func (o *Output) last() int {
	if len(o.Beyond) > 0 {
		return o.Beyond[len(o.Beyond)-1]
	}
	return o.Stored
}

func (j *Journal) clone() Journal {
	c := *j
	c.Outputs, c.Samples, c.Told = slices.Clone(j.Outputs), slices.Clone(j.Samples), slices.Clone(j.Told)
	for i := range c.Outputs {
		c.Outputs[i].Beyond = slices.Clone(c.Outputs[i].Beyond)
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
		return Journal{}, fmt.Errorf("the run's journal has version %d; this program knows %d", j.Version, journalVersion)
	}
	return j, nil
}

// writeJournal replaces the journal: after a crash there is the old or the new
// one, whole.
func writeJournal(dir string, j *Journal) error {
	data, err := json.MarshalIndent(j, "", " ")
	if err != nil {
		return fmt.Errorf("write the run's journal: %w", err)
	}
	path := filepath.Join(dir, journalName)
	if err := writeSynced(path+".new", data); err != nil {
		return fmt.Errorf("write the run's journal: %w", err)
	}
	return renameSynced(path+".new", path)
}

func writeSynced(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if _, err = f.Write(data); err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}

// renameSynced makes a rename last.
func renameSynced(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return syncDir(filepath.Dir(to))
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}
