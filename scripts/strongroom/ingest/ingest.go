// Package ingest reads the files issues.jsonl and samples.jsonl, which a task wrote,
// into the report of its run. It lists the lines that cannot be reported.
package ingest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/shared/charset"
)

// Files of a task that are read into its report, if they are at the top of its
// output directory.
const (
	IssuesFile  = "issues.jsonl"
	SamplesFile = "samples.jsonl"
)

// Limits of the findings of one task, so that they fit into memory and become
// fewer runs than the 512 that a check remembers.
const (
	maxFindings      = 50_000 // issues, and as many samples
	maxFindingsBytes = 64 << 20
	maxLineBytes     = 16 << 20 // of a line as it is read; issue.ParseSighting shortens one over issue.MaxLineBytes
)

// Findings are the issues and samples of one task. They may need several reports:
// see Split. The zero Findings is empty.
type Findings struct {
	Issues  []api.IssueLine `json:"issues,omitempty"`
	Samples []api.Sample    `json:"samples,omitempty"`

	Notes []RejectedLines `json:"-"` // lines that are reported, but not as the task meant them, with the reason
	Cut   bool            `json:"-"` // a line is not reported completely

	bytes int // of the lines and samples
}

// RejectedLines are consecutive lines that cannot be reported, for one reason.
type RejectedLines struct {
	First  int    `json:"line" doc:"first line, counted from 1"`
	Last   int    `json:"last,omitempty" doc:"last line, if there are several"`
	Reason string `json:"reason"`
}

// String returns the line numbers and the reason.
func (r RejectedLines) String() string {
	if r.Last > r.First {
		return fmt.Sprintf("lines %d to %d: %s", r.First, r.Last, r.Reason)
	}
	return fmt.Sprintf("line %d: %s", r.First, r.Reason)
}

// readLines calls add with each line that is not blank, and its number.
func readLines(r io.Reader, add func(line []byte, number int) error) (rejected []RejectedLines, err error) {
	lines := bufio.NewReader(r)
	start, _ := lines.Peek(512) // an error comes again
	encoding := charset.UTF16(start)
	for number := 1; ; number++ {
		line, size, err := readLine(lines)
		if err != nil && !errors.Is(err, io.EOF) {
			return rejected, err
		}
		var reason error
		if encoding != "" && len(bytes.TrimSpace(line)) > 0 {
			reason = fmt.Errorf("the file is %s: write it as UTF-8, or convert it with iconv -f UTF-16 -t UTF-8", encoding)
		} else if size > maxLineBytes {
			reason = fmt.Errorf("a line has at most %d bytes; this line has %d", maxLineBytes, size)
		} else if len(bytes.TrimSpace(line)) > 0 {
			reason = add(line, number)
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
		if size += len(piece); size <= maxLineBytes {
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

// errTooManyFindings is the error of a finding that exceeds the limits.
var errTooManyFindings = fmt.Errorf("a run reports at most %d issues and %[1]d samples, and %d MiB of both", maxFindings, maxFindingsBytes>>20)

// reserve adds the size of a finding to that of all findings.
func (f *Findings) reserve(count, size int) error {
	if count >= maxFindings || f.bytes+size > maxFindingsBytes {
		return errTooManyFindings
	}
	f.bytes += size
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
