package command_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// hostile would clear a terminal and reverse its text.
const hostile = "dns\x1b[2J\u009b31m \u202echeck"

func TestRunsAreFiltered(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.Shared(t).Tenant(t)
	viewer := programOf(t, tenant, "viewer")
	ended := func(hours int, outcome run.Outcome) *api.Report {
		return &api.Report{End: ago(hours), Outcome: outcome, Outputs: []api.Claim{}}
	}
	numbers := map[string]int{}
	for n, r := range []struct {
		start  api.Start
		report *api.Report
	}{
		{api.Start{Task: "dns-check", SLX: "dns", Resource: "cluster-1", Start: ago(9)}, ended(8, run.Success)},
		{api.Start{Task: "dns-check", SLX: "dns", Resource: "cluster-2", Start: ago(7)}, ended(6, run.Failure)},
		{api.Start{Task: "tls-check", SLX: "tls", Resource: "cluster-1", Start: ago(5)}, ended(4, run.Error)},
		{api.Start{Task: "dns-check", SLX: "dns", Resource: "cluster-1", Start: ago(3)}, nil},
	} {
		numbers[startedRun(t, tenant, r.start, r.report)] = n
	}
	for name, c := range map[string]struct {
		flags []string
		want  []int // the newest start first
		more  bool
	}{
		"all":                    {nil, []int{3, 2, 1, 0}, false},
		"all, without a maximum": {[]string{"--limit", "0"}, []int{3, 2, 1, 0}, false},
		"some":                   {[]string{"--limit", "2"}, []int{3, 2}, true},
		"a task":                 {[]string{"--task", "tls-check"}, []int{2}, false},
		"an SLX":                 {[]string{"--slx", "dns"}, []int{3, 1, 0}, false},
		"a resource":             {[]string{"--resource", "cluster-1"}, []int{3, 2, 0}, false},
		"an outcome":             {[]string{"--outcome", "failure"}, []int{1}, false},
		"running ones":           {[]string{"--state", "running"}, []int{3}, false},
		"the last six hours":     {[]string{"--from", "6h"}, []int{3, 2}, false},
		"those before":           {[]string{"--to", "6h"}, []int{1, 0}, false},
		"a range of times":       {[]string{"--from", ago(8).Format(time.RFC3339), "--to", ago(4).Format(time.RFC3339)}, []int{2, 1}, false},
		"several filters":        {[]string{"--slx", "dns", "--resource", "cluster-1", "--state", "ended", "--from", "1d"}, []int{0}, false},
	} {
		list := decode[struct {
			Runs []api.Run
			More bool
		}](t, viewer, append([]string{"runs", "ls", "--json"}, c.flags...)...)
		var got []int
		for _, r := range list.Runs {
			got = append(got, numbers[r.ID])
		}
		if diff := cmp.Diff(c.want, got); diff != "" || list.More != c.more {
			t.Errorf("%s: more is %v: %s", name, list.More, diff)
		}
	}
}

func TestRunsAreListedOverBrokenConnections(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.Shared(t).Tenant(t)
	ids := map[string]bool{}
	for range 210 {
		ids[startedRun(t, tenant, api.Start{Task: "t", Start: ago(1)}, nil)] = true
	}
	viewer := programOf(t, tenant, "viewer").proxied(t, faults.HTTPConfig{Fault: everyOther(faults.ReplyLost)})
	for limit, want := range map[string]int{"0": 210, "209": 209, "210": 210, "30": 30} {
		list := decode[struct {
			Runs []api.Run
			More bool
		}](t, viewer, "runs", "ls", "--limit", limit, "--json")
		got := map[string]bool{}
		for _, r := range list.Runs {
			got[r.ID] = ids[r.ID]
		}
		if len(list.Runs) != want || len(got) != want || list.More != (want < 210) {
			t.Errorf("--limit %s: %d runs, %d different, more is %v", limit, len(list.Runs), len(got), list.More)
		}
	}
	if r := viewer.run(t, "runs", "ls").want(t); strings.Count(r.stdout, "\n") != 51 || !strings.Contains(r.stderr, "truncated to 50 entries") {
		t.Errorf("%d lines: %s", strings.Count(r.stdout, "\n"), r.stderr)
	}
}

// The largest page of runs that the platform can return must fit into a response.
func TestAPageOfTheLargestRunsIsListed(t *testing.T) {
	t.Parallel()
	var page api.RunPage
	for n := range api.MaxRunPage {
		r := api.Run{ID: fmt.Sprintf("01890a5d-ac96-774b-bcce-%012d", n), Task: "t", State: run.Ended}
		for i := range api.MaxOutputs {
			r.Outputs = append(r.Outputs, api.Claim{Name: fmt.Sprintf("%0200d", i), Parts: 99_999})
		}
		page.Runs = append(page.Runs, r)
	}
	response, err := json.Marshal(page)
	if err != nil {
		t.Fatal(err)
	}
	p := stubbed(t, newStub(t, string(response)))
	list := decode[struct{ Runs []api.Run }](t, p, "runs", "ls", "--json", "--limit", "0")
	if n := len(list.Runs); n != api.MaxRunPage || len(list.Runs[n-1].Outputs) != api.MaxOutputs {
		t.Errorf("%d runs", n)
	}
}

func TestAListSkipsEmptyPages(t *testing.T) {
	t.Parallel()
	s := newStub(t, `{"slis":[],"nextPageToken":"2"}`, `{"slis":[{"name":"zone"},{"name":"more than were requested"}],"nextPageToken":"3"}`)
	list := decode[struct {
		SLIs []struct{ Name string }
		More bool
	}](t, stubbed(t, s), "slis", "ls", "--alert", "page", "--limit", "1", "--json")
	if len(list.SLIs) != 1 || list.SLIs[0].Name != "zone" || !list.More || len(s.received()) != 2 || !strings.Contains(s.received()[1], `"pageToken":"2"`) {
		t.Errorf("%+v after %v", list, s.received())
	}
}

func TestARunIsShown(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.Shared(t).Tenant(t)
	viewer := programOf(t, tenant, "viewer")
	id := startedRun(t, tenant, api.Start{Task: "dns \u202echeck", SLX: "dns", Start: ago(2)}, &api.Report{
		End: ago(1), Outcome: run.Failure, ExitCode: 3, Outputs: []api.Claim{{Name: "lost.log", Parts: 1}},
		Samples: []api.Sample{{SLI: "latency", Time: ago(1), Value: 1}, {SLI: "errors", Time: ago(1), Value: 2}},
		Issues:  []api.IssueLine{{Line: oddLine}, {Line: plainLine}},
	})
	r := viewer.run(t, "runs", "show", id).want(t)
	for _, want := range []string{
		"Task     dns check", "State    failure, exit code 3", ", after 1h0m", "Issues   2; to read: strongroom runs issues " + id,
		"Samples  2; to read: strongroom slis samples NAME", "Outputs  1; to read: strongroom outputs cat " + id, "lost.log  incomplete",
	} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("%s does not show %q", r.stdout, want)
		}
	}
	if r := viewer.run(t, "runs", "ls", "--task", "dns \u202echeck").want(t); strings.Count(r.stdout, "\n") != 2 || !strings.Contains(r.stdout, "2       2        dns check  dns") {
		t.Errorf("%s", r.stdout)
	}
	if got := decode[api.Listing](t, viewer, "runs", "show", id, "--json"); got.Run.Issues != 2 || len(got.Outputs) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestIssueLinesOfARunArePrintedByteForByte(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.Shared(t).Tenant(t)
	lines := []string{oddLine, "{\"title\":\"\u009b31m \u202echeck\"}"}
	for range 8 {
		lines = append(lines, `{"title":"t","a":["`+strings.Repeat(strings.Repeat("x", 50_000)+`","`, 10)+`"]}`)
	}
	report := api.Report{End: ago(1), Outcome: run.Failure, Outputs: []api.Claim{}}
	for _, line := range lines {
		report.Issues = append(report.Issues, api.IssueLine{Line: line})
	}
	id := startedRun(t, tenant, api.Start{Task: "t", Start: ago(2)}, &report)
	want := strings.Join(lines, "\n") + "\n"
	for name, fault := range map[string]faults.Fault{
		"at once":                     faults.None,
		"after the connection breaks": faults.ReplyLost,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			viewer := programOf(t, tenant, "viewer").proxied(t, faults.HTTPConfig{Fault: everyOther(fault)})
			if r := viewer.run(t, "runs", "issues", id).want(t); r.stdout != want {
				t.Errorf("%d bytes, not %d", len(r.stdout), len(want))
			}
		})
	}
}

func TestIssueLinesThatAreTooLargeAreNotCut(t *testing.T) {
	t.Parallel()
	p := stubbed(t, newStub(t, strings.Repeat("x", api.MaxReportBytes+1)))
	if r := p.run(t, "runs", "issues", someRun); r.code != 1 || r.stdout != "" || !strings.Contains(r.stderr, "larger than 8388608 bytes") {
		t.Errorf("code %d, %d bytes, %s", r.code, len(r.stdout), r.stderr)
	}
}
