package ingest_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/ingest"
	"github.com/strongroom-dev/strongroom/shared/issue"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func TestLinesAreReportedByteForByte(t *testing.T) {
	t.Parallel()
	text := "{\"title\": \"a\" }\r\n\n  \n\ufeff{\"title\":\"<b>&\u2028\"}\nno JSON\nnor this\n\n{\"z\":1,\"title\":2}"
	var f ingest.Findings
	rejected, err := f.ReadIssues(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	want := []api.IssueLine{{Line: "{\"title\": \"a\" }\r"}, {Line: "\ufeff{\"title\":\"<b>&\u2028\"}"}, {Line: `{"z":1,"title":2}`}}
	data, err := f.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ingest.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []ingest.Findings{f, again} {
		if diff := cmp.Diff(want, got.Issues); diff != "" {
			t.Error(diff)
		}
	}
	if diff := cmp.Diff([]ingest.RejectedLines{{First: 5, Last: 6, Reason: issueError("no JSON")}}, rejected); diff != "" {
		t.Error(diff)
	}
}

// issueError is the error of one line that is not valid.
func issueError(line string) string {
	_, err := issue.ParseSighting([]byte(line))
	return err.Error()
}

func TestLinesBeyondTheLimitsAreRejected(t *testing.T) {
	t.Parallel()
	plain := `{"severity":1}` + "\n"
	for name, c := range map[string]struct {
		text   string
		issues int
		want   string
	}{
		"50,001 lines":    {strings.Repeat(plain, 50_002), 50_000, "lines 50001 to 50002: a run reports at most 50000 issues"},
		"a line of 17 MB": {plain + `{"title":"` + long(17_000_000) + "\"}\n" + plain, 2, "line 2: a line has at most 16777216 bytes; this line has 17000012"},
		"65 MiB":          {strings.Repeat(`{"severity":1,"a":["`+long(500_000)+"\"]}\n", 135), 134, "line 135: a run reports at most 50000 issues and 50000 samples, and 64 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var f ingest.Findings
			rejected, err := f.ReadIssues(strings.NewReader(c.text))
			if err != nil || len(f.Issues) != c.issues || len(rejected) != 1 || !strings.Contains(rejected[0].String(), c.want) {
				t.Errorf("%d issues, %.300v, %v", len(f.Issues), rejected, err)
			}
		})
	}
}

// Windows programs write UTF-16.
func TestUTF16IsNamed(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for _, r := range "\ufeff" + plainIssue + "\r\n" + plainIssue + "\r\n" {
		text.WriteString(string([]byte{byte(r), byte(r >> 8)}))
	}
	var f ingest.Findings
	want := "the file is UTF-16 (little-endian): write it as UTF-8"
	rejected, err := f.ReadIssues(strings.NewReader(text.String()))
	if err != nil || len(f.Issues) > 0 || len(rejected) != 1 || !strings.Contains(rejected[0].Reason, want) {
		t.Errorf("%+v, %v", rejected, err)
	}
	rejected, err = f.ReadSamples(strings.NewReader(text.String()), noon)
	if err != nil || len(f.Samples) > 0 || len(rejected) != 1 || !strings.Contains(rejected[0].Reason, want) {
		t.Errorf("%+v, %v", rejected, err)
	}
}

const plainIssue = `{"title":"DNS is slow","severity":2}`

// What is cut or not understood is reported, and the runner hears of it.
func TestLinesAreNoted(t *testing.T) {
	t.Parallel()
	text := strings.Join([]string{
		`{"title":"a","severity":"critical"}`, `{"title":"b","severity":"purple"}`, `{"title":"c"}`,
		`{"title":"d","severity":1,"details":"` + long(70_000) + `"}`, `{"title":"e","severity":1,"details":"` + long(2_700_000) + `"}`,
	}, "\n")
	var f ingest.Findings
	rejected, err := f.ReadIssues(strings.NewReader(text))
	if err != nil || len(rejected) != 0 || len(f.Issues) != 5 || !f.Cut {
		t.Fatalf("%d issues, cut %t, %v, %v", len(f.Issues), f.Cut, rejected, err)
	}
	want := []ingest.RejectedLines{
		{First: 2, Last: 3, Reason: "the severity is missing or not understood, so it is 2; use 1 (critical) to 4 (informational)"},
		{First: 4, Last: 5, Reason: "a text is too long and is cut in the report"},
	}
	if diff := cmp.Diff(want, f.Notes); diff != "" {
		t.Error(diff)
	}
	if last := f.Issues[4].Line; len(last) > issue.MaxLineBytes || !strings.Contains(last, `"title":"e"`) {
		t.Errorf("the last line has %d bytes", len(last))
	}
}

// No issue is lost because of its place in the file.
func TestTheWorstSeveritiesAreReportedFirst(t *testing.T) {
	t.Parallel()
	text := strings.Repeat(`{"title":"low","severity":4}`+"\n", 300) + strings.Repeat(`{"title":"medium","severity":"medium"}`+"\n", 150) + `{"title":"worst","severity":1}`
	all, rejected, err := split(strings.NewReader(text))
	if err != nil || len(rejected) != 0 || len(all) != 3 {
		t.Fatalf("%d reports, %v, %v", len(all), rejected, err)
	}
	first := all[0].Issues
	if !strings.Contains(first[0].Line, "worst") || !strings.Contains(first[1].Line, "medium") || !strings.Contains(first[151].Line, "low") || len(all[2].Issues) != 51 {
		t.Errorf("the first report has %v", first[:3])
	}
}

// large is a line that needs much of a report's body.
var large = `{"severity":1,"a":["` + strings.Repeat(long(60_000)+`","`, 8) + `"]}`

func TestLinesAreSplitIntoReports(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text     string
		want     []int // issues in each
		rejected int
	}{
		"no lines":                {"", []int{0}, 0},
		"200 lines":               {strings.Repeat(`{"severity":1}`+"\n", 200), []int{200}, 0},
		"201 lines":               {strings.Repeat(`{"severity":1}`+"\n", 201), []int{200, 1}, 0},
		"450 lines, and rubbish":  {strings.Repeat(`{"severity":1}`+"\n", 199) + "x\n" + strings.Repeat(`{"severity":1}`+"\n", 251) + "x", []int{200, 200, 50}, 2},
		"more than a body holds":  {strings.Repeat(large+"\n", 40), []int{16, 16, 8}, 0},
		"both, the body is first": {strings.Repeat(large+"\n", 17) + strings.Repeat(`{"severity":1}`+"\n", 200), []int{16, 200, 1}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all, rejected, err := split(strings.NewReader(c.text))
			var got []int
			for _, f := range all {
				got = append(got, len(f.Issues))
				if body, err := api.Encode(api.Report{Issues: f.Issues}); err != nil || len(body) > api.MaxReportBytes-400<<10 {
					t.Errorf("a report has %d bytes: %v", len(body), err)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" || len(rejected) != c.rejected || err != nil {
				t.Error(diff, rejected, err)
			}
		})
	}
}

func TestSamples(t *testing.T) {
	t.Parallel()
	form := `the line must have the form {"sli"`
	for name, c := range map[string]struct {
		line   string
		want   api.Sample
		reason string
	}{
		"a sample":                {`{"sli":"a b","value":1.5,"time":"2026-01-02T13:00:00.1234567+01:00"}`, api.Sample{SLI: "a b", Value: 1.5, Time: noon.Add(123456 * time.Microsecond)}, ""},
		"one without a time":      {`{"sli":"a","value":-0}`, api.Sample{SLI: "a", Time: noon}, ""},
		"one without a value":     {`{"sli":"a"}`, api.Sample{}, form},
		"a value that is text":    {`{"sli":"a","value":"1"}`, api.Sample{}, form},
		"a value out of range":    {`{"sli":"a","value":1e999}`, api.Sample{}, form},
		"a value that is huge":    {`{"sli":"a","value":1e101}`, api.Sample{}, "1e+100"},
		"a name with dots":        {`{"sli":"..","value":1}`, api.Sample{}, "URL paths"},
		"a name in NFD":           {`{"sli":"cafe\u0301","value":1}`, api.Sample{SLI: "café", Value: 1, Time: noon}, ""},
		"a time 5 minutes ahead":  {`{"sli":"a","value":1,"time":"2026-01-02T12:05:00Z"}`, api.Sample{SLI: "a", Value: 1, Time: noon.Add(5 * time.Minute)}, ""},
		"a time that is ahead":    {`{"sli":"a","value":1,"time":"2026-01-02T19:00:00Z"}`, api.Sample{}, "more than 5m0s after the end"},
		"one without a name":      {`{"value":1}`, api.Sample{}, "1 to 256 characters"},
		"a name that is long":     {`{"sli":"` + long(257) + `","value":1}`, api.Sample{}, "1 to 256 characters"},
		"a name with a control":   {`{"sli":"a\u0001","value":1}`, api.Sample{}, "control characters"},
		"a key that is not known": {`{"sli":"a","value":1,"unit":"s"}`, api.Sample{}, form},
		"a time before all times": {`{"sli":"a","value":1,"time":"1900-01-01T00:00:00Z"}`, api.Sample{}, "1970 or later"},
		"a time that is no time":  {`{"sli":"a","value":1,"time":"noon"}`, api.Sample{}, form},
		"two in a line":           {`{"sli":"a","value":1}{"sli":"a","value":1}`, api.Sample{}, form},
		"rubbish behind it":       {`{"sli":"a","value":1} ]`, api.Sample{}, "text after the sample"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var f ingest.Findings
			rejected, err := f.ReadSamples(strings.NewReader(c.line), noon)
			if err != nil {
				t.Fatal(err)
			}
			if c.reason == "" {
				if diff := cmp.Diff([]api.Sample{c.want}, f.Samples); diff != "" || len(rejected) > 0 {
					t.Error(diff, rejected)
				}
			} else if len(f.Samples) > 0 || len(rejected) != 1 || !strings.Contains(rejected[0].Reason, c.reason) {
				t.Errorf("%v, %v", f.Samples, rejected)
			}
		})
	}
}

func TestSamplesAreSplitIntoReports(t *testing.T) {
	t.Parallel()
	var slis, issues strings.Builder
	for i := range 250 {
		fmt.Fprintf(&slis, "{\"sli\":\"s%d\",\"value\":1}\n{\"sli\":\"s%d\",\"value\":2}\n", i, i)
	}
	issues.WriteString(strings.Repeat(`{"severity":1}`+"\n", 201))
	for name, c := range map[string]struct {
		issues, samples string
		want            [][2]int // issues and samples in each report
	}{
		"none":                      {"", "", [][2]int{{0, 0}}},
		"1,001 samples":             {"", strings.Repeat("{\"sli\":\"s\",\"value\":1}\n", 1001), [][2]int{{0, 1000}, {0, 1}}},
		"250 SLIs":                  {"", slis.String(), [][2]int{{0, 200}, {0, 200}, {0, 100}}},
		"issues and samples":        {issues.String(), slis.String(), [][2]int{{200, 200}, {1, 200}, {0, 100}}},
		"issues that fill the body": {strings.Repeat(large+"\n", 16), strings.Repeat("{\"sli\":\"s\",\"value\":1}\n", 1000), [][2]int{{16, 1000}}},
	} {
		var f ingest.Findings
		if _, err := f.ReadIssues(strings.NewReader(c.issues)); err != nil {
			t.Fatal(err)
		}
		if _, err := f.ReadSamples(strings.NewReader(c.samples), noon); err != nil {
			t.Fatal(err)
		}
		var got [][2]int
		for _, part := range f.Split() {
			got = append(got, [2]int{len(part.Issues), len(part.Samples)})
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestASampleOnTheCommandLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]float64{"a=1": 1, "a=b=-2.5e3": -2500} {
		if _, value, err := ingest.ParseSample(text); err != nil || value != want {
			t.Errorf("%s is %v, %v", text, value, err)
		}
	}
	for _, text := range []string{"", "a", "=1", "a=", "a=x", "a=NaN", "a=Inf", "a\n=1"} {
		if _, _, err := ingest.ParseSample(text); err == nil {
			t.Errorf("%q is a sample", text)
		}
	}
}

// FuzzRead checks that each line is either reported or rejected, once.
func FuzzRead(f *testing.F) {
	f.Add("{}\n\n{\"a\":1}\r\nx\n", "")
	f.Add("", "{\"sli\":\"a\",\"value\":1}\nx")
	f.Fuzz(func(t *testing.T, issues, samples string) {
		var all ingest.Findings
		rejected, err := all.ReadIssues(strings.NewReader(issues))
		count := len(all.Issues)
		for _, u := range rejected {
			count += max(u.Last, u.First) - u.First + 1
		}
		lines := 0
		for l := range strings.SplitSeq(issues, "\n") {
			if strings.TrimSpace(l) != "" {
				lines++
			}
		}
		if err != nil || count != lines {
			t.Errorf("%d of %d lines, %v", count, lines, err)
		}
		splitsAlike(t, issues, all.Issues, rejected)
		if _, err := all.ReadSamples(strings.NewReader(samples), noon); err != nil {
			t.Error(err)
		}
		data, err := all.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := ingest.Decode(data)
		if diff := cmp.Diff(all, again, cmpopts.IgnoreUnexported(ingest.Findings{}), cmpopts.IgnoreFields(ingest.Findings{}, "Notes", "Cut"), cmpopts.EquateEmpty()); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
}

// split reads lines into as many findings as reports are needed.
func split(r io.Reader) ([]ingest.Findings, []ingest.RejectedLines, error) {
	var f ingest.Findings
	rejected, err := f.ReadIssues(r)
	return f.Split(), rejected, err
}

// splitsAlike checks that lines which fit into one report are not split, and that
// the same lines are rejected.
func splitsAlike(t *testing.T, text string, want []api.IssueLine, wantRejected []ingest.RejectedLines) {
	t.Helper()
	reports, rejected, err := split(strings.NewReader(text))
	var lines []api.IssueLine
	for _, f := range reports {
		lines = append(lines, f.Issues...)
	}
	if err != nil || len(lines) < len(want) {
		t.Errorf("%d of %d lines, %v", len(lines), len(want), err)
	}
	if len(reports) > 1 {
		return
	}
	if diff := cmp.Diff(want, lines, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(wantRejected, rejected, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}
