package command

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/ingest"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/spool"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/task"
)

const findingsHelp = `issues.jsonl, at the top, is no output: its lines go into the run's report, and so
do those of samples.jsonl, {"sli":"dns-latency","value":1.5,"time":"RFC3339"}; of
lines without a time it is the run's end. Lines that the report cannot carry are
told, with the reason; then the whole file becomes an output too. If such lines
are issues, the outcome becomes "error": nobody shall take them for resolved.`

// addSampleFlag is the flag of commands that make runs.
func addSampleFlag(cmd *cobra.Command, samples *[]string) {
	cmd.Flags().StringArrayVar(samples, "sample", nil, "a sample of an SLI, as SLI=VALUE, of the run's end; may be given often")
}

// checkSamples refuses what the report could not carry.
func checkSamples(samples []string) error {
	if len(samples) > api.MaxSamples {
		return usage("--sample: a report has at most %d samples", api.MaxSamples)
	}
	for _, text := range samples {
		if _, _, err := ingest.ParseSample(text); err != nil {
			return usage("--sample: %w", err)
		}
	}
	return nil
}

// rejectedLines is lines of a file that the report does not carry.
type rejectedLines struct {
	File string `json:"file"`
	ingest.RejectedLines
}

// maxShownRejected bounds the lines that are told one by one.
const maxShownRejected = 20

// readFindings reads, once, the samples that were given and the files that go
// into the report. A file of which it cannot carry all stays an output.
func (s *session) readFindings() error {
	j := s.run.Journal()
	if j.Findings {
		return s.countStoredFindings()
	}
	var found ingest.Findings
	s.addFlagSamples(&found, j)
	var whole []string
	for _, o := range j.Outputs {
		told, err := s.readFindingsFile(&found, o, j)
		if err != nil {
			return err
		}
		if told {
			whole = append(whole, o.Name)
		}
	}
	s.issues, s.samples = len(found.Issues), len(found.Samples)
	if s.issues+s.samples+len(whole) == 0 {
		return nil
	}
	data, err := found.Encode()
	if err != nil {
		return err
	}
	return s.run.StoreFindings(data, whole)
}

// addFlagSamples takes in what was given with the run.
func (s *session) addFlagSamples(found *ingest.Findings, j spool.Journal) {
	for _, text := range j.Samples {
		sli, value, err := ingest.ParseSample(text)
		if err == nil {
			err = found.AddSample(api.Sample{SLI: sli, Time: j.End, Value: value})
		}
		if err != nil {
			s.meter.Printf("strongroom: WARNING: not in the report: --sample %s: %v", text, err)
		}
	}
}

// countStoredFindings is for findings that an earlier process took.
func (s *session) countStoredFindings() error {
	report, err := s.report()
	s.issues, s.samples = len(report.Issues), len(report.Samples)
	return err
}

// readFindingsFile reports whether the findings hold all of an output's file.
func (s *session) readFindingsFile(found *ingest.Findings, o spool.Output, j spool.Journal) (whole bool, err error) {
	if o.Source == "" || o.Parts > 0 || o.Name != ingest.IssuesFile && o.Name != ingest.SamplesFile {
		return false, nil
	}
	file, err := s.run.Open(o)
	if err != nil && unreadable(err) {
		return false, s.drop(o.Name, err)
	}
	if err != nil {
		return false, err
	}
	defer file.Close()
	rejected, err := readFindings(found, file, o.Name, j)
	if err != nil || len(rejected) == 0 {
		return err == nil, err
	}
	return false, s.reportRejected(o.Name, rejected)
}

func readFindings(found *ingest.Findings, file *os.File, name string, j spool.Journal) ([]ingest.RejectedLines, error) {
	if name == ingest.IssuesFile {
		return found.ReadIssues(file)
	}
	return found.ReadSamples(file, j.End)
}

// reportRejected warns of lines that are not in the report. If they are issues, the
// run's outcome must not resolve any.
func (s *session) reportRejected(name string, rejected []ingest.RejectedLines) error {
	for i, u := range rejected {
		s.rejected = append(s.rejected, rejectedLines{name, u})
		if i < maxShownRejected {
			s.meter.Printf("strongroom: WARNING: not in the report: %s: %v", name, u)
		}
	}
	if more := len(rejected) - maxShownRejected; more > 0 {
		s.meter.Printf("strongroom: WARNING: not in the report: %s: %d lines more", name, more)
	}
	s.meter.Printf("strongroom: the whole file is kept as the output %s", name)
	if name != ingest.IssuesFile {
		return nil
	}
	return s.run.Update(func(j *spool.Journal) { j.Outcome = incomplete(j.Outcome) })
}

// incomplete is the outcome of a run that does not tell all of its issues. Of
// success and failure an issue that is missing would be taken for resolved.
func incomplete(outcome string) string {
	if outcome == task.Success || outcome == task.Failure {
		return task.Error
	}
	return outcome
}

// checkOutputName keeps the names of findings for them.
func checkOutputName(name string) error {
	if name == ingest.IssuesFile || name == ingest.SamplesFile {
		return fmt.Errorf("%s is read into the report when it is in the output directory; take another name", name)
	}
	return nil
}
