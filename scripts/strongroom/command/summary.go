package command

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/files"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/spool"
	"github.com/strongroom-dev/strongroom/shared/outputname"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// summary is what run --json and upload --json print.
type summary struct {
	Run          string           `json:"run" doc:"ID of the run"`
	Task         string           `json:"task"`
	Outcome      run.Outcome      `json:"outcome" doc:"success, failure, error, timeout or canceled"`
	ExitCode     int              `json:"exitCode" doc:"of the task"`
	Uploaded     bool             `json:"uploaded" doc:"the whole run is uploaded and reported"`
	Error        string           `json:"error,omitempty" doc:"why it is not completely uploaded"`
	Outputs      []outputSummary  `json:"outputs"`
	Issues       int              `json:"issues,omitempty" doc:"number in the report"`
	Samples      int              `json:"samples,omitempty" doc:"number in the report"`
	FilesLeftOut []files.Rejected `json:"filesLeftOut,omitempty" doc:"files that are not outputs; the first 100"`

	filesLeftOut  int // all of them
	FilesExcluded int `json:"filesExcluded,omitempty" doc:"number of files and directories that --include and --exclude exclude"`

	Runs     []reportedRun   `json:"runs,omitempty" doc:"if several runs report the findings: all of them"`
	Rejected []rejectedLines `json:"rejected,omitempty" doc:"lines of issues.jsonl and samples.jsonl that cannot be reported"`
	LeftOut  *leftOutSummary `json:"leftOut,omitempty" doc:"what the platform did not record of the reports"`
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
	File  string `json:"fileName" doc:"as the file is named on the runner"`
	Parts int    `json:"parts"`
	Bytes int64  `json:"bytes" doc:"that are stored"`
	State string `json:"state" doc:"stored, pending or cut"`
	Lost  int64  `json:"lost,omitempty" doc:"bytes that a full disk cut"`
}

func (s *session) summarize(j spool.Journal, err error) summary {
	sum := summary{
		Run: j.Run, Task: j.Task, Outcome: j.Outcome, ExitCode: j.ExitCode,
		Uploaded: err == nil, Outputs: []outputSummary{}, FilesExcluded: j.FilesExcluded, filesLeftOut: j.FilesLeftOut,
		Issues: s.issues, Samples: s.samples, Rejected: s.rejected, LeftOut: s.leftOut, FilesLeftOut: j.LeftOut,
	}
	if len(s.reported) > 1 {
		sum.Runs = s.reported
	}
	if err != nil {
		sum.Error = err.Error()
	}
	for _, o := range j.Outputs {
		sum.Outputs = append(sum.Outputs, summarizeOutput(o))
	}
	return sum
}

// String returns the summary in one line, without the run.
func (s summary) String() string {
	all := []string{fmt.Sprintf("%s, exit code %d", s.Outcome, s.ExitCode), count(len(s.Outputs), "output")}
	for _, c := range []struct {
		n    int
		what string
	}{{s.Issues, "issue"}, {s.Samples, "sample"}} {
		if c.n > 0 {
			all = append(all, count(c.n, c.what))
		}
	}
	if s.filesLeftOut > 0 {
		all = append(all, count(s.filesLeftOut, "file")+" left out")
	}
	if s.FilesExcluded > 0 {
		all = append(all, fmt.Sprintf("%d excluded", s.FilesExcluded))
	}
	return strings.Join(all, ", ")
}

// count returns a number and a noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func summarizeOutput(o spool.Output) outputSummary {
	return outputSummary{
		Name: o.Name, File: outputname.Text(o.Name), Parts: o.Parts, Bytes: o.Bytes, State: stateOf(o), Lost: o.Lost,
	}
}

// stateOf returns the state of an output.
func stateOf(o spool.Output) string {
	switch {
	case o.Cut:
		return "cut"
	case o.Closed() && o.Stored >= o.Parts:
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
