package command

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/ingest"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/spool"
	"github.com/strongroom-dev/strongroom/shared/run"
)

const findingsHelp = `Two files, if they are at the top level, are reported instead of uploaded:
  issues.jsonl   one issue per line
  samples.jsonl  one sample per line: {"sli":"dns-latency","value":1.5,"time":"RFC3339"}
                 (default time: the end of the run)
If there are more issues or samples than one report can have, further runs with the
same start report them, the worst issues first. Texts over 64 KiB are cut in the
report, and the whole file is also uploaded as an output.
Lines that cannot be reported are listed with the reason, and the whole file is also
uploaded as an output. If issue lines cannot be reported, or a line says that its task
did not run (taskStatus "SKIP" or "NOT RUN"), the outcome becomes "error", so that
issues are not mistaken for resolved.`

// addSampleFlag adds the --sample flag to a command that creates runs.
func addSampleFlag(cmd *cobra.Command, samples *[]string) {
	cmd.Flags().StringArrayVar(samples, "sample", nil, "a sample of an SLI at the end of the run, as SLI=VALUE (repeatable)")
}

// checkSamples rejects samples that cannot be reported.
func checkSamples(samples []string) error {
	if len(samples) > api.MaxSamples {
		return usageError("--sample: a report has at most %d samples", api.MaxSamples)
	}
	for _, text := range samples {
		if _, _, err := ingest.ParseSample(text); err != nil {
			return usageError("--sample: %w", err)
		}
	}
	return nil
}

// rejectedLines are lines of a file that cannot be reported.
type rejectedLines struct {
	File string `json:"file"`
	ingest.RejectedLines
}

// maxShownRejected is how many rejected lines of a file are printed.
const maxShownRejected = 20

// readFindings reads the --sample flags and the files of issues and samples into
// the spool, once. A file with rejected lines stays an output.
func (s *session) readFindings() error {
	j := s.run.Journal()
	if j.Findings {
		return s.countStoredFindings()
	}
	var found ingest.Findings
	s.addFlagSamples(&found, j)
	var reported []string
	for _, o := range j.Outputs {
		isReported, err := s.readFindingsFile(&found, o, j)
		if err != nil {
			return err
		}
		if isReported {
			reported = append(reported, o.Name)
		}
	}
	s.issues, s.samples = len(found.Issues), len(found.Samples)
	if s.issues+s.samples+len(reported) == 0 {
		return nil
	}
	data, err := found.Encode()
	if err != nil {
		return err
	}
	return s.storeFindings(data, reported)
}

// storeFindings stores the findings. If the disk is full, the findings stay in
// memory: their files stay in the spool, and another process reads the same
// findings from them.
func (s *session) storeFindings(data []byte, reported []string) error {
	err := s.run.StoreFindings(data, reported)
	for spool.IsFull(err) && s.run.AwaitSpace(s.spaceWait) {
		err = s.run.StoreFindings(data, reported)
	}
	if spool.IsFull(err) {
		s.unsavedFindings = data
		return nil
	}
	return err
}

// addFlagSamples adds the samples of the --sample flags.
func (s *session) addFlagSamples(found *ingest.Findings, j spool.Journal) {
	for _, text := range j.Samples {
		name, value, err := ingest.ParseSample(text)
		if err == nil {
			err = found.AddSample(api.Sample{SLI: name, Time: j.End, Value: value})
		}
		if err != nil {
			s.meter.Printf("strongroom: WARNING: not reported: --sample %s: %v", text, err)
		}
	}
}

// countStoredFindings counts the findings that an earlier process stored.
func (s *session) countStoredFindings() error {
	report, err := s.report()
	s.issues, s.samples = len(report.Issues), len(report.Samples)
	return err
}

// readFindingsFile adds the lines of an output's file, if it has findings. It
// reports whether all lines are in the findings.
func (s *session) readFindingsFile(found *ingest.Findings, o spool.Output, j spool.Journal) (reported bool, err error) {
	if o.Source == "" || o.Closed() || o.Name != ingest.IssuesFile && o.Name != ingest.SamplesFile {
		return false, nil
	}
	file, err := s.run.Open(o)
	if err != nil && isUnreadable(err) {
		return false, s.abandonOutput(o.Name, err)
	}
	if err != nil {
		return false, err
	}
	defer file.Close()
	rejected, err := readLines(found, file, o.Name, j)
	if err != nil && isUnreadable(err) {
		return false, s.abandonOutput(o.Name, err)
	}
	if err != nil {
		return false, err
	}
	if o.Name == ingest.IssuesFile {
		printNotes(s.meter.Printf, o.Name, found.Notes)
		if err := s.checkTasksRan(found.Issues); err != nil {
			return false, err
		}
	}
	if len(rejected) > 0 {
		return false, s.warnRejected(o.Name, rejected)
	}
	if o.Name == ingest.IssuesFile && found.Cut {
		s.meter.Printf("strongroom: the whole file is uploaded as the output %s", o.Name)
		return false, nil
	}
	return true, nil
}

// checkTasksRan makes the run inconclusive if a line says that a task did not run: all
// lines are of the run's check, so the run would resolve the issues of that task.
func (s *session) checkTasksRan(lines []api.IssueLine) error {
	if !ingest.OfTask("", lines).DidNotRun || s.run.Journal().Outcome == inconclusive(s.run.Journal().Outcome) {
		return nil
	}
	s.meter.Printf("strongroom: WARNING: %s: a task did not run, so this run resolves no issues", ingest.IssuesFile)
	return s.run.Update(func(j *spool.Journal) { j.Outcome = inconclusive(j.Outcome) })
}

// printNotes prints the lines that are not reported as the task meant them.
func printNotes(printf func(format string, args ...any), name string, notes []ingest.RejectedLines) {
	for _, lines := range notes[:min(len(notes), maxShownRejected)] {
		printf("strongroom: WARNING: %s: %v", name, lines)
	}
	if more := len(notes) - maxShownRejected; more > 0 {
		printf("strongroom: WARNING: %s: %d more such lines", name, more)
	}
}

func readLines(found *ingest.Findings, file io.Reader, name string, j spool.Journal) ([]ingest.RejectedLines, error) {
	if name == ingest.IssuesFile {
		return found.ReadIssues(file)
	}
	return found.ReadSamples(file, j.End)
}

// warnRejected prints the rejected lines. If they are issues, the run must not
// resolve any issue.
func (s *session) warnRejected(name string, rejected []ingest.RejectedLines) error {
	for i, lines := range rejected {
		s.rejected = append(s.rejected, rejectedLines{name, lines})
		if i < maxShownRejected {
			s.meter.Printf("strongroom: WARNING: not reported: %s: %v", name, lines)
		}
	}
	if more := len(rejected) - maxShownRejected; more > 0 {
		s.meter.Printf("strongroom: WARNING: not reported: %s: %d more lines", name, more)
	}
	s.meter.Printf("strongroom: the whole file is uploaded as the output %s", name)
	if name != ingest.IssuesFile {
		return nil
	}
	return s.run.Update(func(j *spool.Journal) { j.Outcome = inconclusive(j.Outcome) })
}

// inconclusive returns the outcome of a run that does not report all of its
// issues. With success or failure, the missing issues would become resolved.
func inconclusive(outcome run.Outcome) run.Outcome {
	if outcome == run.Success || outcome == run.Failure {
		return run.Error
	}
	return outcome
}

// checkOutputName rejects the names of the files that are reported.
func checkOutputName(name string) error {
	if name == ingest.IssuesFile || name == ingest.SamplesFile {
		return fmt.Errorf("%s is reserved for the file that is read into the report; choose another name", name)
	}
	return nil
}
