package runs

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/shared/api"
)

// FuzzReport checks that every body that decodes as a report is either rejected
// or parsed completely: all lines unchanged, all samples sorted. The parsed report,
// encoded again, has the same digest.
func FuzzReport(f *testing.F) {
	for _, seed := range []string{
		`{"end":"2026-01-02T03:05:00Z","outcome":"success","exitCode":0}`,
		`{"end":"2026-01-02T03:05:00.123456789+01:00","outcome":"failure","exitCode":1,"outputs":[{"name":"b","parts":2},{"name":"a","parts":1}],
		  "samples":[{"sli":"b","time":"2026-01-02T03:04:05Z","value":1e3},{"sli":"a","time":"2026-01-02T03:04:05Z","value":-0.5}],
		  "issues":[{"line":"{\"severity\":\"2\",\"title\":\"t\",\"next_step\":[\"a\",null]}"},{"line":"{}"}]}`,
		`{"end":"9999-12-31T23:59:59-10:00","issues":[{"line":"[]"}]}`,
		`{"end":"2026-01-02T03:05:00Z","outcome":"failure","issues":[{"line":"{\"title\":\"a\"}"},7,{}],"samples":[{"sli":"a"},null],"outputs":[[]]}`,
		`{"issues":[{"line":"{\"a\":1,\"a\":{\"kwargs\":null}}"}],"samples":[{"time":"0001-01-01T00:00:00Z"}]}`,
		`{"outputs":[{"name":"../x","parts":1},{"name":"a","parts":1},{"name":"a","parts":1}]}`,
	} {
		f.Add([]byte(seed))
	}
	now := time.Date(2026, 1, 2, 4, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, body []byte) {
		first := decodeReport(body)
		if first == nil {
			return
		}
		parsed, err := first.parse(now)
		if err != nil {
			return
		}
		checkParsed(t, first, parsed)
		if len(parsed.reported.Malformed) > 0 {
			return // a member that did not decode cannot be encoded
		}
		repeat := *first
		repeat.Body.End = parsed.end.Time.In(time.FixedZone("", 3600))
		text, err := json.Marshal(repeat.Body)
		if err != nil {
			t.Fatal(err)
		}
		second := decodeReport(text)
		if second == nil {
			t.Fatalf("does not decode again: %s", text)
		}
		repeated, err := second.parse(now)
		if err != nil || repeated.reported.digest([]byte("key")) != parsed.reported.digest([]byte("key")) {
			t.Errorf("the encoded report has another digest (%v): %s", err, text)
		}
	})
}

func decodeReport(body []byte) *reportRequest {
	r := &reportRequest{Workspace: "prod", Run: "0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e10"}
	if api.Decode(body, &r.Body) != nil {
		return nil
	}
	return r
}

func checkParsed(t *testing.T, r *reportRequest, p parsedReport) {
	t.Helper()
	for i, sighting := range p.sightings {
		isReported := func(l lineMember) bool { return l.Line == string(sighting.Line) }
		if !slices.ContainsFunc(r.Body.Issues[i:], isReported) || bytes.ContainsRune(sighting.Line, '\n') {
			t.Errorf("line %d became %q", i, sighting.Line)
		}
		if sighting.Severity < 1 || sighting.Severity > 4 {
			t.Errorf("line %d has the severity %d", i, sighting.Severity)
		}
	}
	n := 0
	for _, series := range p.series {
		n += len(series.Values)
		if !slices.IsSortedFunc(series.Times, time.Time.Compare) {
			t.Errorf("the samples of %q are out of order", series.SLI)
		}
	}
	members := len(r.Body.Outputs) + len(r.Body.Samples) + len(r.Body.Issues)
	if got := len(p.end.Claims) + n + len(p.sightings) + p.leftOut; got != members || len(p.faults) != min(p.leftOut, maxFaults) {
		t.Errorf("%d members are parsed or left out, with %d faults; want %d", got, len(p.faults), members)
	}
}
