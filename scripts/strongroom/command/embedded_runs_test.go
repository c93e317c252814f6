package command_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// ran tells the embedded cloud of a run, whose report is nil while it runs, and
// gives its id.
func ran(t *testing.T, tenant *cloudtest.Tenant, start api.Start, report *api.Report) string {
	t.Helper()
	run := cloudtest.NewRun(t)
	tenant.Do(t, "runner", http.MethodPut, tenant.RunPath(run), start).Want(t, http.StatusOK)
	if report != nil {
		tenant.Do(t, "runner", http.MethodPost, tenant.RunPath(run)+"/report", report).Want(t, http.StatusOK)
	}
	return run
}

// ago is so many hours before now, in whole seconds.
func ago(hours int) time.Time {
	return time.Now().Add(-time.Duration(hours) * time.Hour).UTC().Truncate(time.Second)
}

func TestRunsAreListedByWhatTheyAreInTheEmbeddedCloud(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.Shared(t).Tenant(t)
	viewer := placeOf(t, tenant, "viewer")
	ended := func(hours int, outcome string) *api.Report {
		return &api.Report{End: ago(hours), Outcome: outcome, Outputs: []api.Claim{}}
	}
	numbers := map[string]int{}
	for n, r := range []struct {
		start  api.Start
		report *api.Report
	}{
		{api.Start{Task: "dns-check", SLX: "dns", Resource: "cluster-1", Start: ago(9)}, ended(8, "success")},
		{api.Start{Task: "dns-check", SLX: "dns", Resource: "cluster-2", Start: ago(7)}, ended(6, "failure")},
		{api.Start{Task: "tls-check", SLX: "tls", Resource: "cluster-1", Start: ago(5)}, ended(4, "error")},
		{api.Start{Task: "dns-check", SLX: "dns", Resource: "cluster-1", Start: ago(3)}, nil},
	} {
		numbers[ran(t, tenant, r.start, r.report)] = n
	}
	for name, c := range map[string]struct {
		flags []string
		want  []int // the newest start first
		more  bool
	}{
		"all":                {nil, []int{3, 2, 1, 0}, false},
		"all without bound":  {[]string{"--limit", "0"}, []int{3, 2, 1, 0}, false},
		"some":               {[]string{"--limit", "2"}, []int{3, 2}, true},
		"a task":             {[]string{"--task", "tls-check"}, []int{2}, false},
		"an SLX":             {[]string{"--slx", "dns"}, []int{3, 1, 0}, false},
		"a resource":         {[]string{"--resource", "cluster-1"}, []int{3, 2, 0}, false},
		"an outcome":         {[]string{"--outcome", "failure"}, []int{1}, false},
		"those that run":     {[]string{"--state", "running"}, []int{3}, false},
		"the last six hours": {[]string{"--from", "6h"}, []int{3, 2}, false},
		"those before":       {[]string{"--to", "6h"}, []int{1, 0}, false},
		"a span of times":    {[]string{"--from", ago(8).Format(time.RFC3339), "--to", ago(4).Format(time.RFC3339)}, []int{2, 1}, false},
		"several of these":   {[]string{"--slx", "dns", "--resource", "cluster-1", "--state", "ended", "--from", "1d"}, []int{0}, false},
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

func TestWhatARunReportedIsReadFromTheEmbeddedCloud(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.Shared(t).Tenant(t)
	viewer := placeOf(t, tenant, "viewer")
	run := ran(t, tenant, api.Start{Task: "dns \u202echeck", SLX: "dns", Start: ago(2)}, &api.Report{
		End: ago(1), Outcome: "failure", ExitCode: 3, Outputs: []api.Claim{{Name: "lost.log", Parts: 1}},
		Samples: []api.Sample{{SLI: "latency", Time: ago(1), Value: 1}, {SLI: "errors", Time: ago(1), Value: 2}},
		Issues:  []api.IssueLine{{Line: oddLine}, {Line: plainLine}},
	})
	r := viewer.run(t, "runs", "show", run).want(t)
	for _, want := range []string{
		`Task     dns \u202echeck`, "State    failure, exit code 3", "after 1h0m0s", "Issues   2: strongroom runs issues " + run,
		"Samples  2: strongroom slis samples NAME", "Outputs  1: strongroom outputs cat " + run, "lost.log  incomplete",
	} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("%s does not show %q", r.stdout, want)
		}
	}
	if r := viewer.run(t, "runs", "ls", "--task", "dns \u202echeck").want(t); strings.Count(r.stdout, "\n") != 2 || !strings.Contains(r.stdout, `2       2        dns \u202echeck  dns`) {
		t.Errorf("%s", r.stdout)
	}
	if r := viewer.run(t, "runs", "issues", run).want(t); r.stdout != oddLine+"\n"+plainLine+"\n" {
		t.Errorf("the issues are %q", r.stdout)
	}
}
