// Package ingest reads the issues and samples that a task wrote, issues.jsonl
// and samples.jsonl, into the report of its run. It lists the lines that a
// report cannot have.
package ingest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/shared/issue"
)

// Files of a task that are read into its report, if they are at the top of its
// output directory.
const (
	IssuesFile  = "issues.jsonl"
	SamplesFile = "samples.jsonl"
)

// maxBytes is how much of a report's body findings may use. 1,000 outputs need
// less than the remaining 512 KiB.
const maxBytes = api.MaxReportBytes - 512<<10

// Findings are the issues and samples of one report. The zero Findings is empty.
type Findings struct {
	Issues  []api.IssueLine `json:"issues,omitempty"`
	Samples []api.Sample    `json:"samples,omitempty"`

	bytes int // in the report's body
	slis  map[string]bool
}

// RejectedLines are consecutive lines that cannot be reported, for one reason.
type RejectedLines struct {
	First  int    `json:"line"`           // counted from 1, including blank lines
	Last   int    `json:"last,omitempty"` // 0: there is one line
	Reason string `json:"reason"`
}

// String returns the line numbers and the reason.
func (r RejectedLines) String() string {
	if r.Last > r.First {
		return fmt.Sprintf("lines %d to %d: %s", r.First, r.Last, r.Reason)
	}
	return fmt.Sprintf("line %d: %s", r.First, r.Reason)
}

func readLines(r io.Reader, add func(line []byte) error) (rejected []RejectedLines, err error) {
	lines := bufio.NewReader(r)
	for number := 1; ; number++ {
		line, size, err := readLine(lines)
		if err != nil && !errors.Is(err, io.EOF) {
			return rejected, err
		}
		var reason error
		if size > issue.MaxLineBytes {
			reason = fmt.Errorf("a line has at most %d bytes; this line has %d", issue.MaxLineBytes, size)
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

// readLine returns a copy of the next line, without its newline. Of a line that
// is too long, it returns the size only, so that memory is bounded.
func readLine(r *bufio.Reader) (line []byte, size int, err error) {
	for {
		piece, err := r.ReadSlice('\n')
		if err == nil {
			piece = piece[:len(piece)-1]
		}
		if size += len(piece); size <= issue.MaxLineBytes {
			line = append(line, piece...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, size, err
		}
	}
}

// appendRejected joins consecutive lines that have the same reason.
func appendRejected(rejected []RejectedLines, number int, reason string) []RejectedLines {
	if n := len(rejected); n > 0 {
		last := &rejected[n-1]
		if last.Reason == reason && max(last.First, last.Last) == number-1 {
			last.Last = number
			return rejected
		}
	}
	return append(rejected, RejectedLines{First: number, Reason: reason})
}

// reserve adds the size of a finding to that of the report, or returns
// errReportFull.
func (f *Findings) reserve(finding any) error {
	encoded, err := api.Encode(finding)
	if err != nil {
		return err
	}
	if f.bytes+len(encoded)+1 > maxBytes {
		return errReportFull
	}
	f.bytes += len(encoded) + 1
	return nil
}

// Encode returns the findings in the form that Decode reads.
func (f *Findings) Encode() ([]byte, error) { return api.Encode(f) }

// Decode reads what Encode returned. The caller must not add to the result.
func Decode(data []byte) (Findings, error) {
	var f Findings
	if err := json.Unmarshal(data, &f); err != nil {
		return f, fmt.Errorf("read findings: %w", err)
	}
	return f, nil
}
