package runs

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/outputname"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/sli"
)

// maxReportBytes bounds the body of a report, so that its one commit is within
// Firestore's limit of 10 MiB: firebase.google.com/docs/firestore/quotas.
const maxReportBytes = 8 << 20

// maxFaults bounds the faults in the response to a report.
const maxFaults = 20

// maxSLIs bounds the SLIs of a report, because each is a document of the commit.
const maxSLIs = 100

type reportRequest struct {
	Workspace string `path:"workspace" class:"operational"`
	Run       string `path:"run" class:"operational"`
	Body      struct {
		End          time.Time      `json:"end" class:"metadata"`
		Outcome      string         `json:"outcome" class:"metadata" enum:"success,failure,error,timeout,canceled"`
		ExitCode     int            `json:"exitCode" class:"metadata" minimum:"-1" maximum:"4294967295" doc:"Exit code of the task, or -1 if it is unknown"`
		FilesLeftOut int            `json:"filesLeftOut,omitempty" class:"metadata" minimum:"0" maximum:"4294967295" doc:"Number of files of the task that are not among the outputs, for example because their names are not valid"`
		Outputs      []claimMember  `json:"outputs,omitempty" maxItems:"1000" doc:"Outputs of the run"`
		Samples      []sampleMember `json:"samples,omitempty" maxItems:"1000" doc:"Samples that the run measured"`
		Issues       []lineMember   `json:"issues,omitempty" maxItems:"200" doc:"Issues that the run found"`
	}
}

// parsedReport is a report whose values are checked and normalized.
type parsedReport struct {
	id        run.ID
	end       run.End
	series    []sli.Series // sorted by SLI, each sorted by time; the SLX is set when the start is known
	samples   int          // number of samples in all series
	sightings []issue.Sighting
	reported  reportedValues

	leftOut int         // number of members that are invalid, and therefore not part of the report
	faults  []api.Fault // of the first of them, at most maxFaults
}

// leaveOut records that a member is invalid.
func (p *parsedReport) leaveOut(list string, index int, reason error) {
	p.leftOut++
	if len(p.faults) < maxFaults {
		p.faults = append(p.faults, api.Fault{Message: reason.Error(), Location: fmt.Sprintf("body.%s[%d]", list, index)})
	}
}

func (r *reportRequest) parse(now time.Time) (p parsedReport, err error) {
	if p.id, err = run.ParseID(r.Run); err != nil {
		return p, api.Refuse(http.StatusBadRequest, err.Error())
	}
	if err := checkTime(r.Body.End, now, "body.end"); err != nil {
		return p, err
	}
	p.end = run.End{Outcome: run.Outcome(r.Body.Outcome), ExitCode: r.Body.ExitCode, Time: truncateToMicros(r.Body.End), FilesLeftOut: r.Body.FilesLeftOut}
	p.reported = r.reportedValues()
	p.parseClaims(r.Body.Outputs)
	p.parseSightings(r.Body.Issues)
	return p, p.parseSeries(r.Body.Samples, now)
}

// parseClaims sorts the claims by output, because their order has no meaning.
func (p *parsedReport) parseClaims(outputs []claimMember) {
	seen := map[string]bool{}
	for i, o := range outputs {
		if err := o.validate(seen); err != nil {
			p.leaveOut("outputs", i, err)
			continue
		}
		seen[o.Name] = true
		p.end.Claims = append(p.end.Claims, run.Claim{Output: o.Name, Parts: o.Parts})
	}
	slices.SortFunc(p.end.Claims, func(a, b run.Claim) int { return strings.Compare(a.Output, b.Output) })
}

func (c claimMember) validate(seen map[string]bool) error {
	switch {
	case c.malformed.reason != nil:
		return c.malformed.reason
	case c.Parts < 0 || c.Parts > grant.MaxPart:
		return fmt.Errorf("parts must be from 0 to %d", grant.MaxPart)
	case seen[c.Name]:
		return errors.New("duplicate output name; claim each output once")
	}
	return outputname.Check(c.Name)
}

// parseSeries sorts the samples by SLI and by time, because their order has no
// meaning.
func (p *parsedReport) parseSeries(samples []sampleMember, now time.Time) error {
	bySLI := map[string][]sli.Sample{}
	for i, s := range samples {
		name, parsed, err := s.parse(now)
		if err != nil {
			p.leaveOut("samples", i, err)
			continue
		}
		p.samples++
		bySLI[name] = append(bySLI[name], parsed)
	}
	if len(bySLI) > maxSLIs {
		return invalid("the report has too many SLIs", fmt.Sprintf("the samples are of %d SLIs; the limit is %d", len(bySLI), maxSLIs), "body.samples")
	}
	for _, name := range slices.Sorted(maps.Keys(bySLI)) {
		slices.SortFunc(bySLI[name], func(a, b sli.Sample) int {
			return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Value, b.Value))
		})
		series, err := sli.NewSeries(name, p.id, "", bySLI[name])
		if err != nil {
			return invalid("the samples are invalid", err.Error(), "body.samples")
		}
		p.series = append(p.series, series)
	}
	return nil
}

func (m sampleMember) parse(now time.Time) (name string, s sli.Sample, err error) {
	if m.malformed.reason != nil {
		return "", s, m.malformed.reason
	}
	name, s = run.CanonicalName(m.SLI), sli.Sample{Time: truncateToMicros(m.Time), Value: m.Value}
	return name, s, errors.Join(sli.CheckName(name), s.Validate(now))
}

// parseSightings keeps the order of the lines, because it numbers the sightings.
// If a line is left out, nobody knows which issue it was about. If a line says that its
// task did not run, nobody knows which issues remain. In both cases the run must not
// resolve issues that it seems not to have seen, and its outcome becomes error.
func (p *parsedReport) parseSightings(lines []lineMember) {
	complete := true
	for i, l := range lines {
		sighting, err := l.parse()
		if err != nil {
			p.leaveOut("issues", i, err)
			complete = false
			continue
		}
		complete = complete && !sighting.DidNotRun()
		p.sightings = append(p.sightings, sighting)
	}
	if !complete && (p.end.Outcome == run.Success || p.end.Outcome == run.Failure) {
		p.end.Outcome = run.Error
	}
}

func (l lineMember) parse() (issue.Sighting, error) {
	switch {
	case l.malformed.reason != nil:
		return issue.Sighting{}, l.malformed.reason
	case strings.Contains(l.Line, "\n"):
		return issue.Sighting{}, errors.New("the issue is not one line; remove the line breaks")
	}
	return issue.ParseSighting([]byte(l.Line))
}

// invalid returns a 422. at is the location of the value that fault is about.
func invalid(detail, fault, at string) error {
	return api.Refuse(http.StatusUnprocessableEntity, detail, api.Fault{Message: fault, Location: at})
}
