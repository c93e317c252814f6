package command

import (
	"fmt"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/spool"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// summary is what run --json and upload --json print.
type summary struct {
	Run      string          `json:"run"`
	Task     string          `json:"task"`
	Outcome  run.Outcome     `json:"outcome"`
	ExitCode int             `json:"exitCode"`
	Uploaded bool            `json:"uploaded"` // the whole run is uploaded and reported
	Error    string          `json:"error,omitempty"`
	Outputs  []outputSummary `json:"outputs"`
	Issues   int             `json:"issues,omitempty"`  // in the report
	Samples  int             `json:"samples,omitempty"` // in the report
	Rejected []rejectedLines `json:"rejected,omitempty"`
}

type outputSummary struct {
	Name  string `json:"name"`
	Parts int    `json:"parts"`
	Bytes int64  `json:"bytes"` // stored
}

func (s *session) summarize(j spool.Journal, err error) summary {
	sum := summary{
		Run: j.Run, Task: j.Task, Outcome: j.Outcome, ExitCode: j.ExitCode,
		Uploaded: err == nil, Outputs: []outputSummary{},
		Issues: s.issues, Samples: s.samples, Rejected: s.rejected,
	}
	if err != nil {
		sum.Error = err.Error()
	}
	for _, o := range j.Outputs {
		sum.Outputs = append(sum.Outputs, outputSummary{Name: o.Name, Parts: o.Parts, Bytes: o.Bytes})
	}
	return sum
}

// resumeHint returns how to continue the upload of a run.
func resumeHint(id string, dir spool.Dir) string {
	return fmt.Sprintf("no data is lost; to continue: strongroom resume --spool %s %s", dir.Path(), id)
}
