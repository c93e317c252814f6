package runs

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/strongroom-dev/strongroom/shared/run"
)

// reportedValues are all values of a report, as the client sent them. They do not
// depend on which members are accepted, because that depends on the time: a
// sample that is ahead of the clock now is not ahead when the report is repeated.
type reportedValues struct {
	Domain       string
	Outcome      run.Outcome
	ExitCode     int
	FilesLeftOut int   `json:",omitempty"` // a report without this value has the digest that it always had
	End          int64 // microseconds since 1970; the same for samples
	Outputs      []run.Claim
	Samples      []reportedSample
	Malformed    []string // texts of the members that do not decode
	lines        []string
}

type reportedSample struct {
	SLI   string
	Time  int64
	Value float64
}

// reportedValues sorts the outputs and samples, because their order has no
// meaning. The order of the lines numbers the sightings.
func (r *reportRequest) reportedValues() reportedValues {
	v := reportedValues{
		Domain: "strongroom report", Outcome: run.Outcome(r.Body.Outcome), ExitCode: r.Body.ExitCode, FilesLeftOut: r.Body.FilesLeftOut, End: truncateToMicros(r.Body.End).UnixMicro(),
	}
	for _, o := range r.Body.Outputs {
		if v.addMalformed(o.malformed) {
			v.Outputs = append(v.Outputs, run.Claim{Output: o.Name, Parts: o.Parts})
		}
	}
	for _, s := range r.Body.Samples {
		if v.addMalformed(s.malformed) {
			v.Samples = append(v.Samples, reportedSample{s.SLI, truncateToMicros(s.Time).UnixMicro(), s.Value})
		}
	}
	for _, l := range r.Body.Issues {
		v.addMalformed(l.malformed)
		v.lines = append(v.lines, l.Line)
	}
	slices.Sort(v.Malformed)
	slices.SortFunc(v.Outputs, func(a, b run.Claim) int {
		return cmp.Or(cmp.Compare(a.Output, b.Output), cmp.Compare(a.Parts, b.Parts))
	})
	slices.SortFunc(v.Samples, func(a, b reportedSample) int {
		return cmp.Or(cmp.Compare(a.SLI, b.SLI), cmp.Compare(a.Time, b.Time), cmp.Compare(a.Value, b.Value))
	})
	return v
}

// addMalformed adds the text of a malformed member. It reports whether the member
// is well formed.
func (v *reportedValues) addMalformed(m malformed) (wellFormed bool) {
	if m.reason == nil {
		return true
	}
	v.Malformed = append(v.Malformed, string(m.text))
	return false
}

// digest returns a hash that distinguishes the report from a different report of
// the same run. It is keyed, so that nobody without the tenant's key can test
// guesses of the texts against it.
func (v reportedValues) digest(key []byte) string {
	mac := hmac.New(sha256.New, key)
	facts, _ := json.Marshal(v) // every value can be encoded
	pieces := [][]byte{facts}
	for _, line := range v.lines {
		pieces = append(pieces, []byte(line))
	}
	for _, piece := range pieces {
		_ = binary.Write(mac, binary.BigEndian, uint64(len(piece))) // a hash accepts all writes
		mac.Write(piece)
	}
	return hex.EncodeToString(mac.Sum(nil))
}
