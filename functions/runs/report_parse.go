package runs

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/sli"
)

// maxReportBytes bounds the body of a report, so that its one commit is within
// Firestore's limit of 10 MiB: firebase.google.com/docs/firestore/quotas.
const maxReportBytes = 8 << 20

// maxSLIs bounds the SLIs of a report, because each is a document of the commit.
const maxSLIs = 100

type reportRequest struct {
	Workspace string `path:"workspace" class:"operational"`
	Run       string `path:"run" class:"operational"`
	Body      struct {
		End      time.Time     `json:"end" class:"metadata"`
		Outcome  string        `json:"outcome" class:"metadata" enum:"success,failure,error,timeout,canceled"`
		ExitCode int           `json:"exitCode" class:"metadata" minimum:"-1" maximum:"4294967295" doc:"Exit code of the task, or -1 if it is unknown"`
		Outputs  []outputClaim `json:"outputs,omitempty" maxItems:"1000" doc:"Outputs of the run"`
		Samples  []sample      `json:"samples,omitempty" maxItems:"1000" doc:"Samples that the run measured"`
		Issues   []issueLine   `json:"issues,omitempty" maxItems:"200" doc:"Issues that the run found"`
	}
}

type outputClaim struct {
	Name  string `json:"name" class:"operational" minLength:"1" maxLength:"200"`
	Parts int    `json:"parts" class:"operational" minimum:"1" maximum:"99999"`
}

type sample struct {
	SLI   string    `json:"sli" class:"metadata" minLength:"1" maxLength:"256" pattern:"^[^\\x00-\\x1f\\x7f]+$" doc:"Name of the SLI"`
	Time  time.Time `json:"time" class:"metadata"`
	Value float64   `json:"value" class:"metadata"`
}

type issueLine struct {
	Line string `json:"line" class:"text" minLength:"2" doc:"One line of issues.jsonl: at most 512 KiB, each text in it at most 64 KiB"`
}

// parsedReport is a report whose values are checked and normalized.
type parsedReport struct {
	id        run.ID
	end       run.End
	series    []sli.Series // sorted by SLI, each sorted by time; the SLX is set when the start is known
	samples   int          // number of samples in all series
	sightings []issue.Sighting
}

func (r *reportRequest) parse(now time.Time) (p parsedReport, err error) {
	if p.id, err = run.ParseID(r.Run); err != nil {
		return p, api.Refuse(http.StatusBadRequest, err.Error())
	}
	if err := checkTime(r.Body.End, now, "body.end"); err != nil {
		return p, err
	}
	p.end = run.End{Outcome: run.Outcome(r.Body.Outcome), ExitCode: r.Body.ExitCode, Time: truncateToMicros(r.Body.End)}
	if p.end.Claims, err = parseClaims(r.Body.Outputs); err != nil {
		return p, err
	}
	p.samples = len(r.Body.Samples)
	if p.series, err = parseSeries(p.id, r.Body.Samples, now); err != nil {
		return p, err
	}
	p.sightings, err = parseSightings(r.Body.Issues)
	return p, err
}

// parseClaims sorts the claims by output, because their order has no meaning.
func parseClaims(outputs []outputClaim) ([]run.Claim, error) {
	var all []run.Claim
	seen := map[string]bool{}
	for i, o := range outputs {
		at := fmt.Sprintf("body.outputs[%d].name", i)
		if err := grant.CheckOutput(o.Name); err != nil {
			return nil, invalid("an output name is invalid", err.Error(), at)
		}
		if seen[o.Name] {
			return nil, invalid("an output is claimed twice", "duplicate output name; claim each output once", at)
		}
		seen[o.Name] = true
		all = append(all, run.Claim{Output: o.Name, Parts: o.Parts})
	}
	slices.SortFunc(all, func(a, b run.Claim) int { return strings.Compare(a.Output, b.Output) })
	return all, nil
}

// parseSeries sorts the samples by SLI and by time, because their order has no
// meaning.
func parseSeries(id run.ID, samples []sample, now time.Time) ([]sli.Series, error) {
	bySLI := map[string][]sli.Sample{}
	for i, s := range samples {
		parsed := sli.Sample{Time: truncateToMicros(s.Time), Value: s.Value}
		if err := parsed.Validate(now); err != nil {
			return nil, invalid("a sample is invalid", err.Error(), fmt.Sprintf("body.samples[%d]", i))
		}
		bySLI[s.SLI] = append(bySLI[s.SLI], parsed)
	}
	if len(bySLI) > maxSLIs {
		return nil, invalid("the report has too many SLIs", fmt.Sprintf("the samples are of %d SLIs; the limit is %d", len(bySLI), maxSLIs), "body.samples")
	}
	var all []sli.Series
	for _, name := range slices.Sorted(maps.Keys(bySLI)) {
		slices.SortFunc(bySLI[name], func(a, b sli.Sample) int {
			return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Value, b.Value))
		})
		series, err := sli.NewSeries(name, id, "", bySLI[name])
		if err != nil {
			return nil, invalid("the samples are invalid", err.Error(), "body.samples")
		}
		all = append(all, series)
	}
	return all, nil
}

// parseSightings keeps the order of the lines, because it numbers the sightings.
func parseSightings(lines []issueLine) ([]issue.Sighting, error) {
	all := make([]issue.Sighting, len(lines))
	for i, l := range lines {
		at := fmt.Sprintf("body.issues[%d].line", i)
		if strings.ContainsAny(l.Line, "\n") {
			return nil, invalid("an issue is not one line", "remove the line breaks", at)
		}
		var err error
		if all[i], err = issue.ParseSighting([]byte(l.Line)); err != nil {
			return nil, invalid("an issue is invalid", err.Error(), at)
		}
	}
	return all, nil
}

// invalid returns a 422. at is the location of the value that fault is about.
func invalid(detail, fault, at string) error {
	return api.Refuse(http.StatusUnprocessableEntity, detail, api.Fault{Message: fault, Location: at})
}

// digest returns a hash that distinguishes the report from a different report of
// the same run. It is keyed, so that nobody without the tenant's key can test
// guesses of the texts against it.
func (p parsedReport) digest(key []byte) string {
	mac := hmac.New(sha256.New, key)
	facts, _ := json.Marshal(struct { // every value can be encoded
		Domain string
		End    run.End
		Series []sli.Series
	}{"strongroom report", p.end, p.series})
	pieces := [][]byte{facts}
	for _, sighting := range p.sightings {
		pieces = append(pieces, sighting.Line)
	}
	for _, piece := range pieces {
		_ = binary.Write(mac, binary.BigEndian, uint64(len(piece))) // a hash accepts all writes
		mac.Write(piece)
	}
	return hex.EncodeToString(mac.Sum(nil))
}
