package command

import (
	"errors"
	"net/http"
	"strings"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/files"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/spool"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// summary is what run --json and upload --json print.
type summary struct {
	Run          string           `json:"run"`
	Task         string           `json:"task"`
	Outcome      run.Outcome      `json:"outcome"`
	ExitCode     int              `json:"exitCode"`
	Uploaded     bool             `json:"uploaded"` // the whole run is uploaded and reported
	Error        string           `json:"error,omitempty"`
	Outputs      []outputSummary  `json:"outputs"`
	Issues       int              `json:"issues,omitempty"`       // in the report
	Samples      int              `json:"samples,omitempty"`      // in the report
	FilesLeftOut []files.Rejected `json:"filesLeftOut,omitempty"` // files that cannot be outputs; the first 100
	Runs         []reportedRun    `json:"runs,omitempty"`         // if several runs report the findings: all of them
	Rejected     []rejectedLines  `json:"rejected,omitempty"`
	LeftOut      *leftOutSummary  `json:"leftOut,omitempty"` // what the platform did not record of the reports
}

// reportedRun is a run that reports findings of one task's execution. The first one
// has the outputs.
type reportedRun struct {
	Run     string `json:"run"`
	Issues  int    `json:"issues"`
	Samples int    `json:"samples"`
}

type outputSummary struct {
	Name  string `json:"name"`
	Parts int    `json:"parts"`
	Bytes int64  `json:"bytes"`          // stored
	State string `json:"state"`          // stored, pending or cut
	Lost  int64  `json:"lost,omitempty"` // bytes that a full disk cut
}

func (s *session) summarize(j spool.Journal, err error) summary {
	sum := summary{
		Run: j.Run, Task: j.Task, Outcome: j.Outcome, ExitCode: j.ExitCode,
		Uploaded: err == nil, Outputs: []outputSummary{},
		Issues: s.issues, Samples: s.samples, Rejected: s.rejected, LeftOut: s.leftOut, FilesLeftOut: j.LeftOut,
	}
	if len(s.reported) > 1 {
		sum.Runs = s.reported
	}
	if err != nil {
		sum.Error = err.Error()
	}
	for _, o := range j.Outputs {
		sum.Outputs = append(sum.Outputs, outputSummary{Name: o.Name, Parts: o.Parts, Bytes: o.Bytes, State: stateOf(o), Lost: o.Lost})
	}
	return sum
}

// stateOf returns the state of an output.
func stateOf(o spool.Output) string {
	switch {
	case o.Cut:
		return "cut"
	case o.Parts > 0 && o.Stored >= o.Parts:
		return "stored"
	}
	return "pending"
}

// isRefused reports whether a resume will be refused as well.
func isRefused(err error) bool {
	var refused *api.RefusedError
	return errors.As(err, &refused) && !isUnauthorized(err)
}

// isUnauthorized reports whether another token may be accepted.
func isUnauthorized(err error) bool {
	var refused *api.RefusedError
	return errors.As(err, &refused) && (refused.Status == http.StatusUnauthorized || refused.Status == http.StatusForbidden)
}

// isOwnerProblem reports whether the run belongs to another identity.
func isOwnerProblem(err error) bool {
	var problem *api.Problem
	return errors.As(err, &problem) && problem.Code == "run-owner"
}

// nextStep returns what the user can do about a run that is not completely
// uploaded. It says that no data is lost only if the spool has all of it.
func nextStep(spooled *spool.Run, dir spool.Dir, err error) string {
	id, at := spooled.Journal().Run, " --spool "+dir.Path()+" "
	text := "no data is lost; "
	if lost := spooled.Verify(); lost != nil {
		text = "data is lost: " + strings.ReplaceAll(lost.Error(), "\n", "; ") + "; "
	}
	switch {
	case isOwnerProblem(err):
		return text + "another identity began this run, and the platform accepts it from that identity only: use a token of the issuer and subject that the run began with, and then continue: strongroom resume" + at + id
	case isUnauthorized(err):
		return text + "correct the token or its rights, and then continue: strongroom resume" + at + id
	case isRefused(err):
		return text + "a resume will be refused again until the cause is removed; to see what is left: strongroom spool show" + at + id +
			"; to delete it: strongroom spool discard" + at + id
	}
	return text + "to continue: strongroom resume" + at + id
}
