package command

import (
	"fmt"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/spool"
)

// summary is what --json tells of a run.
type summary struct {
	Run      string          `json:"run"`
	Task     string          `json:"task"`
	Outcome  string          `json:"outcome"`
	ExitCode int             `json:"exitCode"`
	Uploaded bool            `json:"uploaded"` // all of it, and reported
	Error    string          `json:"error,omitempty"`
	Outputs  []outputSummary `json:"outputs"`
	Issues   int             `json:"issues,omitempty"`  // in the report
	Samples  int             `json:"samples,omitempty"` // in the report
	Rejected   []rejectedLines   `json:"rejected,omitempty"`  // lines that are not in the report
}

type outputSummary struct {
	Name  string `json:"name"`
	Parts int    `json:"parts"`
	Bytes int64  `json:"bytes"` // stored
}

func (s *session) summarize(j spool.Journal, err error) summary {
	sum := summary{Run: j.Run, Task: j.Task, Outcome: j.Outcome, ExitCode: j.ExitCode, Uploaded: err == nil, Outputs: []outputSummary{},
		Issues: s.issues, Samples: s.samples, Rejected: s.rejected}
	if err != nil {
		sum.Error = err.Error()
	}
	for _, o := range j.Outputs {
		sum.Outputs = append(sum.Outputs, outputSummary{Name: o.Name, Parts: o.Parts, Bytes: o.Bytes})
	}
	return sum
}

// resumeHint says how to go on.
func resumeHint(id string, dir spool.Dir) string {
	return fmt.Sprintf("nothing is lost; go on with: strongroom resume --spool %s %s", dir.Path(), id)
}
