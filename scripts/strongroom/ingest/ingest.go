// Package findings reads what a task found and measured, issues.jsonl and
// samples.jsonl, as far as the report of its run can carry it.
package ingest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// The files of a task that are read into its report, where it leaves them at
// the top of its output directory.
const (
	IssuesFile  = "issues.jsonl"
	SamplesFile = "samples.jsonl"
)

// maxBytes is what findings may take of a report's body; 1,000 outputs take
// less than the rest.
const maxBytes = api.MaxReportBytes - 512<<10

// Findings is what a report carries beside outcome and outputs. The zero
// Findings is nothing.
type Findings struct {
	Issues  []api.IssueLine `json:"issues,omitempty"`
	Samples []api.Sample    `json:"samples,omitempty"`

	bytes int // in the report's body
	slis  map[string]bool
}

// Rejected is lines that the report does not carry, all for one reason.
type Rejected struct {
	First  int    `json:"line"` // counts from 1, blank lines too
	Last   int    `json:"last,omitempty"`
	Reason string `json:"reason"`
}

// String names the lines and the reason.
func (u Rejected) String() string {
	if u.Last > u.First {
		return fmt.Sprintf("lines %d to %d: %s", u.First, u.Last, u.Reason)
	}
	return fmt.Sprintf("line %d: %s", u.First, u.Reason)
}

// ReadIssues takes the lines of an issues.jsonl in, byte for byte, and tells
// those it cannot. The error is r's.
func (f *Findings) ReadIssues(r io.Reader) ([]Rejected, error) {
	return readLines(r, f.addIssue)
}

// Split takes the lines of an issues.jsonl in as ReadIssues does, into as many
// findings, at least one, as it takes reports to carry them. The error is r's.
func Split(r io.Reader) (all []Findings, rejected []Rejected, err error) {
	all = []Findings{{}}
	rejected, err = readLines(r, func(line []byte) error {
		err := all[len(all)-1].addIssue(line)
		if errors.Is(err, errMany) || errors.Is(err, errLarge) {
			all = append(all, Findings{})
			err = all[len(all)-1].addIssue(line)
		}
		return err
	})
	return all, rejected, err
}

// ReadSamples takes the lines of a samples.jsonl in: {"sli","value","time"};
// those without a time are of the time given. The error is r's.
func (f *Findings) ReadSamples(r io.Reader, at time.Time) ([]Rejected, error) {
	return readLines(r, func(line []byte) error { return f.addSampleLine(line, at) })
}

func readLines(r io.Reader, add func(line []byte) error) (rejected []Rejected, err error) {
	lines := bufio.NewReader(r)
	for number := 1; ; number++ {
		line, size, err := readLine(lines)
		if err != nil && !errors.Is(err, io.EOF) {
			return rejected, err
		}
		var reason error
		if size > MaxLineBytes {
			reason = tooLong(size)
		} else if len(bytes.TrimSpace(line)) > 0 {
			reason = add(line)
		}
		if reason != nil {
			rejected = appendRejected(rejected, number, reason.Error())
		}
		if err != nil {
			return rejected, nil
		}
	}
}

// readLine gives a line of its own memory, without its newline; the size alone
// of one over the limit.
func readLine(r *bufio.Reader) (line []byte, size int, err error) {
	for {
		piece, err := r.ReadSlice('\n')
		if err == nil {
			piece = piece[:len(piece)-1]
		}
		if size += len(piece); size <= MaxLineBytes {
			line = append(line, piece...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, size, err
		}
	}
}

// appendRejected joins what follows one another for the same reason.
func appendRejected(rejected []Rejected, number int, reason string) []Rejected {
	if n := len(rejected); n > 0 {
		last := &rejected[n-1]
		if last.Reason == reason && max(last.First, last.Last) == number-1 {
			last.Last = number
			return rejected
		}
	}
	return append(rejected, Rejected{First: number, Reason: reason})
}

// The report is full.
var (
	errMany  = fmt.Errorf("a report has at most %d issues", api.MaxIssues)
	errLarge = fmt.Errorf("a report has at most %d bytes, %d of them for issues and samples", api.MaxReportBytes, maxBytes)
)

func (f *Findings) addIssue(line []byte) error {
	if err := CheckIssue(line); err != nil {
		return err
	}
	if len(f.Issues) == api.MaxIssues {
		return errMany
	}
	issue := api.IssueLine{Line: string(line)}
	if err := f.reserve(issue); err != nil {
		return err
	}
	f.Issues = append(f.Issues, issue)
	return nil
}

// reserve counts what a finding takes of the report's body.
func (f *Findings) reserve(finding any) error {
	encoded, err := api.Encode(finding)
	if err != nil {
		return err
	}
	if f.bytes+len(encoded)+1 > maxBytes {
		return errLarge
	}
	f.bytes += len(encoded) + 1
	return nil
}

// Encode gives findings as Decode reads them.
func (f *Findings) Encode() ([]byte, error) { return api.Encode(f) }

// Decode reads what Encode gave; nothing can be added to it.
func Decode(data []byte) (Findings, error) {
	var f Findings
	if err := json.Unmarshal(data, &f); err != nil {
		return f, fmt.Errorf("read findings: %w", err)
	}
	return f, nil
}
