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

// maxReportBytes bounds a report's body. Its one commit, which is smaller, stays
// under the 10 MiB of Firestore: firebase.google.com/docs/firestore/quotas.
const maxReportBytes = 8 << 20

// maxSLIs bounds the SLIs of one report: each is a document of its commit.
const maxSLIs = 100

type reportRequest struct {
	Workspace string `path:"workspace"`
	Run       string `path:"run"`
	Body      struct {
		End      time.Time     `json:"end"`
		Outcome  string        `json:"outcome" enum:"success,failure,error,timeout,canceled"`
		ExitCode int           `json:"exitCode" minimum:"-1" maximum:"4294967295" doc:"The task's own; -1 if it is not known"`
		Outputs  []outputClaim `json:"outputs,omitempty" maxItems:"1000" doc:"What the run put out"`
		Samples  []sample      `json:"samples,omitempty" maxItems:"1000" doc:"What the run measured"`
		Issues   []issueLine   `json:"issues,omitempty" maxItems:"200" doc:"What the run found wrong"`
	}
}

type outputClaim struct {
	Name  string `json:"name" minLength:"1" maxLength:"200"`
	Parts int    `json:"parts" minimum:"1" maximum:"99999"`
}

type sample struct {
	SLI   string    `json:"sli" minLength:"1" maxLength:"256" pattern:"^[^\\x00-\\x1f\\x7f]+$" doc:"Name of the SLI"`
	Time  time.Time `json:"time"`
	Value float64   `json:"value"`
}

type issueLine struct {
	Line string `json:"line" minLength:"2" doc:"One line of issues.jsonl, at most 512 KiB; a text in it has at most 64 KiB"`
}

// said is a report as it was understood.
type said struct {
	id        run.ID
	end       run.End
	series    []sli.Series // by SLI, each by time; their SLX is the run's, once that is known
	samples   int          // of all series
	sightings []issue.Sighting
}

func (r *reportRequest) parse(now time.Time) (s said, err error) {
	if s.id, err = run.ParseID(r.Run); err != nil {
		return s, api.Refuse(http.StatusBadRequest, err.Error())
	}
	if err := checkTime(r.Body.End, now, "body.end"); err != nil {
		return s, err
	}
	s.end = run.End{Outcome: run.Outcome(r.Body.Outcome), ExitCode: r.Body.ExitCode, Time: stored(r.Body.End)}
	if s.end.Claims, err = claims(r.Body.Outputs); err != nil {
		return s, err
	}
	s.samples = len(r.Body.Samples)
	if s.series, err = bySLI(s.id, r.Body.Samples, now); err != nil {
		return s, err
	}
	s.sightings, err = sightings(r.Body.Issues)
	return s, err
}

// claims are sorted by output: their order means nothing.
func claims(outputs []outputClaim) ([]run.Claim, error) {
	var all []run.Claim
	seen := map[string]bool{}
	for i, o := range outputs {
		at := fmt.Sprintf("body.outputs[%d].name", i)
		if err := grant.CheckOutput(o.Name); err != nil {
			return nil, refuse("an output is misnamed", err.Error(), at)
		}
		if seen[o.Name] {
			return nil, refuse("an output is claimed twice", "named before", at)
		}
		seen[o.Name] = true
		all = append(all, run.Claim{Output: o.Name, Parts: o.Parts})
	}
	slices.SortFunc(all, func(a, b run.Claim) int { return strings.Compare(a.Output, b.Output) })
	return all, nil
}

// bySLI sorts samples by SLI and time: their order means nothing.
func bySLI(id run.ID, samples []sample, now time.Time) ([]sli.Series, error) {
	of := map[string][]sli.Sample{}
	for i, s := range samples {
		one := sli.Sample{Time: stored(s.Time), Value: s.Value}
		if err := one.Validate(now); err != nil {
			return nil, refuse("a sample cannot be taken", err.Error(), fmt.Sprintf("body.samples[%d]", i))
		}
		of[s.SLI] = append(of[s.SLI], one)
	}
	if len(of) > maxSLIs {
		return nil, refuse("there are too many SLIs", fmt.Sprintf("a report has samples of at most %d SLIs, this one of %d", maxSLIs, len(of)), "body.samples")
	}
	var all []sli.Series
	for _, name := range slices.Sorted(maps.Keys(of)) {
		slices.SortFunc(of[name], func(a, b sli.Sample) int {
			return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Value, b.Value))
		})
		series, err := sli.NewSeries(name, id, "", of[name])
		if err != nil {
			return nil, refuse("samples cannot be taken", err.Error(), "body.samples")
		}
		all = append(all, series)
	}
	return all, nil
}

// sightings keep their order, which numbers them.
func sightings(lines []issueLine) ([]issue.Sighting, error) {
	all := make([]issue.Sighting, len(lines))
	for i, l := range lines {
		at := fmt.Sprintf("body.issues[%d].line", i)
		if strings.ContainsAny(l.Line, "\n") {
			return nil, refuse("an issue is not one line", "take the line breaks out", at)
		}
		var err error
		if all[i], err = issue.ParseSighting([]byte(l.Line)); err != nil {
			return nil, refuse("an issue cannot be taken", err.Error(), at)
		}
	}
	return all, nil
}

func refuse(detail, fault, at string) error {
	return api.Refuse(http.StatusUnprocessableEntity, detail, api.Fault{Message: fault, Location: at})
}

// digest tells a report from another of the same run. It is keyed: nobody who
// sees it without the tenant's key can try texts against it.
func (s said) digest(key []byte) string {
	mac := hmac.New(sha256.New, key)
	facts, _ := json.Marshal(struct { // all of it can be encoded
		Domain string
		End    run.End
		Series []sli.Series
	}{"strongroom report", s.end, s.series})
	pieces := [][]byte{facts}
	for _, sighting := range s.sightings {
		pieces = append(pieces, sighting.Line)
	}
	for _, piece := range pieces {
		_ = binary.Write(mac, binary.BigEndian, uint64(len(piece))) // a hash takes all
		mac.Write(piece)
	}
	return hex.EncodeToString(mac.Sum(nil))
}
