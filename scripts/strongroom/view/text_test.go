package view_test

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

const (
	runID   = "01890a5d-ac96-774b-bcce-b302099a8057"
	issueID = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"

	// hostile would clear a terminal and reverse its text.
	hostile = "dns\x1b[2J\u009b31m \u202echeck"
)

var noon = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// written returns what show writes for value.
func written[T any](t *testing.T, show func(io.Writer, T) error, value T) string {
	t.Helper()
	var out bytes.Buffer
	if err := show(&out, value); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func recordedRun() api.Run {
	end, code := noon.Add(1500*time.Millisecond), 3
	return api.Run{
		ID: runID, Task: hostile, SLX: "dns\nall", State: "ended", Outcome: "failure", ExitCode: &code, Start: noon, End: &end,
		Issues: 2, Samples: 1,
	}
}

func TestATableOfRunsCannotControlATerminal(t *testing.T) {
	t.Parallel()
	early := recordedRun() // its report came before its start
	early.Task, early.SLX, early.Start, early.Issues = "", "", time.Time{}, 0
	want := `RUN                                   START                 DURATION  OUTCOME  ISSUES  SAMPLES  TASK                SLX      RESOURCE
01890a5d-ac96-774b-bcce-b302099a8057  2026-01-02T03:04:05Z  1.5s      failure  2       1        dns\x1b[2J\u009b31m \u202echeck  dns all  -
01890a5d-ac96-774b-bcce-b302099a8057  -                     -         failure  0       1        -                   -        -
other                                 2026-01-02T03:04:05Z  -         running  0       0        t                   -        r
`
	got := written(t, view.Runs, []api.Run{recordedRun(), early, {ID: "other", Task: "t", Resource: "r", State: "running", Start: noon}})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestARunIsShownWithTheCommandsThatReadIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		listing api.Listing
		want    string
	}{
		"a run that has ended": {
			api.Listing{Run: recordedRun(), Outputs: []api.Output{
				{Name: "stdout.log", State: api.Complete, Size: 6, Parts: 2, StoredParts: 2, ContentType: "text/plain"},
			}},
			`Run      01890a5d-ac96-774b-bcce-b302099a8057
Task     dns\x1b[2J\u009b31m \u202echeck
SLX      dns all
State    failure, exit code 3
Start    2026-01-02T03:04:05Z
End      2026-01-02T03:04:06Z, after 1.5s
Issues   2; to read: strongroom runs issues 01890a5d-ac96-774b-bcce-b302099a8057
Samples  1; to read: strongroom slis samples NAME (for names: strongroom slis ls)
Outputs  1; to read: strongroom outputs cat 01890a5d-ac96-774b-bcce-b302099a8057 NAME

NAME        STATE     BYTES  LINES  PARTS  TYPE
stdout.log  complete  6      -      2/2    text/plain
`,
		},
		"a run that is running": {
			api.Listing{Run: api.Run{ID: runID, Task: "t", State: "running", Start: noon}},
			"Run      " + runID + "\nTask     t\nState    running\nStart    2026-01-02T03:04:05Z\nIssues   none yet\nSamples  none yet\nOutputs  none yet\n",
		},
	} {
		if diff := cmp.Diff(c.want, written(t, view.Run, c.listing)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestSLIsCannotControlATerminal(t *testing.T) {
	t.Parallel()
	maximum, minimum := 100.0, 0.5
	hour := api.Window{Samples: 4, Mean: 75, Deviation: 12.5, Share: 0.75, Burn: 25}
	full := api.SLI{
		Name: hostile, SLX: "dns", Alert: "page", Stale: true, Last: &api.Measured{Time: noon.Add(time.Millisecond), Value: 150},
		Objective:  api.Objective{Min: &minimum, Max: &maximum, Target: 0.99},
		Thresholds: api.Thresholds{Page: 10, Samples: 5, StaleAfter: 5400},
		Windows:    api.Windows{Hour: hour, SixHours: hour, ThreeDays: api.Window{Samples: 9, Mean: 1234.5678, Share: 1}},
	}
	empty := api.SLI{Name: "new", Alert: "none"}
	for want, sli := range map[string]api.SLI{
		`SLI          dns\x1b[2J\u009b31m \u202echeck
SLX          dns
Alert        page, stale
Last sample  150, at 2026-01-02T03:04:05.001Z
Objective    at least 0.5 and at most 100; target 0.99
Thresholds   page 10, samples 5, stale after 1h30m0s; otherwise default

WINDOW  SAMPLES  MEAN  DEVIATION  GOOD    BURN
5m      0        0     0          -       0.0
30m     0        0     0          -       0.0
1h      4        75    12.5       75.0%   25.0
6h      4        75    12.5       75.0%   25.0
3d      9        1235  0          100.0%  0.0
`: full,
		`SLI          new
Alert        none
Last sample  none
Objective    none
Thresholds   default

WINDOW  SAMPLES  MEAN  DEVIATION  GOOD  BURN
5m      0        0     0          -     0.0
30m     0        0     0          -     0.0
1h      0        0     0          -     0.0
6h      0        0     0          -     0.0
3d      0        0     0          -     0.0
`: empty,
	} {
		if diff := cmp.Diff(want, written(t, view.SLI, sli)); diff != "" {
			t.Error(diff)
		}
	}
	want := `SLI                 ALERT        LAST  GOOD 1H  GOOD 6H  GOOD 3D  BURN 1H
dns\x1b[2J\u009b31m \u202echeck  page, stale  150   75.0%    75.0%    100.0%   25.0
new                 none         -     -        -        -        0.0
`
	if diff := cmp.Diff(want, written(t, view.SLIs, []api.SLI{full, empty})); diff != "" {
		t.Error(diff)
	}
}

func TestAnIssueIsShownCompletely(t *testing.T) {
	t.Parallel()
	resolved := noon.Add(2 * time.Hour)
	i := api.Issue{
		ID: issueID, State: "resolved", Severity: 4, SeverityFlagged: true, Task: "dns-check", SLX: "dns", Resource: "cluster-1",
		FirstSeen: noon, LastSeen: noon.Add(time.Hour), LastRun: runID, Sightings: 3, Runs: 2, Since: noon.Add(time.Hour), ResolvedAt: &resolved, Reopened: 1,
		Title: "DNS is\nslow", Details: "two\nlines\x1b[31m", NextSteps: []string{"Look at the cache", "Flush it"},
	}
	want := `Issue       ` + issueID + `
Title       DNS is slow
State       resolved
Severity    4 (default: the task gave no severity that is understood)
SLX         dns
Task        dns-check
Resource    cluster-1
First seen  2026-01-02T03:04:05Z
Last seen   2026-01-02T04:04:05Z, by run 01890a5d-ac96-774b-bcce-b302099a8057
Sightings   3, by 2 runs
Resolved    2026-01-02T05:04:05Z
Reopened    1 times, most recently 2026-01-02T04:04:05Z

Details:
  two
  lines\x1b[31m

Next steps:
  Look at the cache
  Flush it
`
	if diff := cmp.Diff(want, written(t, view.Issue, i)); diff != "" {
		t.Error(diff)
	}
	i.Unreadable = true
	if got := written(t, view.Issues, []api.Issue{i}); !strings.Contains(got, "(unreadable: the text was changed after it was encrypted)") {
		t.Error(got)
	}
}

func TestAnAnswerIsShownCompletely(t *testing.T) {
	t.Parallel()
	got := written(t, view.Answer, api.Answer{
		Assistant: api.Assistant{Name: "Eager\x1b Edgar"}, AsOf: noon,
		Wrong: api.Wrong{
			Counts: []api.SeverityCount{{Severity: 1, Active: 2}, {Severity: 2}, {Severity: 4, Active: 1000, OrMore: true}}, Capped: true,
			SLXs: []api.SLXIssues{{SLX: "dns", Issues: []api.Topic{{ID: issueID, Title: "DNS is slow", Severity: 1, State: "open"}}}, {Issues: []api.Topic{{ID: "b"}}}},
		},
		Health: api.Health{SLIs: []api.SLI{
			{Name: "dns-latency", Alert: "page", Stale: true, Last: &api.Measured{Value: 1.5}, Windows: api.Windows{Hour: api.Window{Samples: 4, Share: 0.75, Burn: 25}}},
		}},
		Next: api.Next{Summary: `Run "Check DNS" next; it scores 0.93.`, Tasks: []api.NextTask{{
			Score: 0.93, Name: "Check DNS", From: "catalog", Source: "https://example.com/dns.robot",
			Evidence: []api.Evidence{{Issue: issueID, Step: "Check the DNS", Score: 0.93, Words: []string{"dns", "check"}}},
		}}},
	})
	for _, want := range []string{
		`Eager\x1b Edgar, as of 2026-01-02T03:04:05Z`, "WRONG NOW: 2 with severity 1, 1000 or more with severity 4", "DNS is slow", "(no SLX)",
		"issues ls --state active", "dns-latency  page, stale  1.5   75.0%    -", "25.0", `Run "Check DNS" next`, "0.93  Check DNS",
		"from the catalog: https://example.com/dns.robot", `matches a next step of issue ` + issueID + `: "Check the DNS" (dns, check; 0.93)`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s does not show %q", got, want)
		}
	}
	got = written(t, view.Answer, api.Answer{Assistant: api.Assistant{Name: "Idle"}, Next: api.Next{Silent: true, Summary: "I have nothing to suggest."}})
	for _, want := range []string{"no known issues", "no SLI has samples", "I have nothing to suggest."} {
		if !strings.Contains(got, want) {
			t.Errorf("%s does not show %q", got, want)
		}
	}
}

func TestARankingSaysWhoOrderedItAndCannotControlATerminal(t *testing.T) {
	t.Parallel()
	r := api.Ranking{
		Next:      api.Next{Summary: `Run "b" next.`, Tasks: []api.NextTask{{Score: 0.5, From: "catalog", Name: hostile}, {Score: 0.9, From: "catalog", Name: "b"}}},
		OrderedBy: "model", Sent: &api.Sent{Entry: runID, Destination: "shared", Model: hostile, Evidence: []string{"an ID"}},
	}
	want := `
NEXT
By score: Run "b" next.

0.50  dns\x1b[2J\u009b31m \u202echeck

0.90  b

-- dns\x1b[2J\u009b31m \u202echeck (shared) ordered the tasks of the catalog. Check the order. Audit entry ` + runID + "\n"
	if diff := cmp.Diff(want, written(t, view.Ranking, r)); diff != "" {
		t.Error(diff)
	}
	var refused api.Ranking
	if err := json.Unmarshal([]byte(`{"next":{"summary":"Nothing."},"orderedBy":"score","fallback":{"detail":"no\u001b[2J\nconsent","errors":[{"message":"the half\u202e"}]}}`), &refused); err != nil {
		t.Fatal(err)
	}
	want = "\nNEXT\nNothing.\n\n-- ordered by score: no\\x1b[2J consent; the half\\u202e\n"
	if diff := cmp.Diff(want, written(t, view.Ranking, refused)); diff != "" {
		t.Error(diff)
	}
}
