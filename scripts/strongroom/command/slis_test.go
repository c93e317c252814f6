package command_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

func TestSamplesAreFilteredByTime(t *testing.T) {
	t.Parallel()
	const sli = "latency of a/b, 99%"
	now := time.Now().UTC().Truncate(time.Second) // once, because the test can take longer than a second
	ago := func(hours int) time.Time { return now.Add(-time.Duration(hours) * time.Hour) }
	tenant := cloudtest.Shared(t).Tenant(t)
	viewer := programOf(t, tenant, "viewer")
	for n := range 3 { // each run has a sample every half hour
		report := api.Report{End: ago(9 - 3*n), Outcome: "success", Outputs: []api.Claim{}}
		for half := range 4 {
			at := ago(11 - 3*n).Add(time.Duration(half) * 30 * time.Minute)
			report.Samples = append(report.Samples, api.Sample{SLI: sli, Time: at, Value: float64(10*n + half)})
		}
		report.Samples = append(report.Samples, api.Sample{SLI: "other", Time: ago(9 - 3*n), Value: -1})
		startedRun(t, tenant, api.Start{Task: "t", SLX: fmt.Sprint("slx\u202e", n), Start: ago(12 - 3*n)}, &report)
	}
	for name, c := range map[string]struct {
		flags []string
		want  []float64
		more  bool
	}{
		"all":                       {nil, []float64{0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23}, false},
		"some, from within a run":   {[]string{"--limit", "5"}, []float64{0, 1, 2, 3, 10}, true},
		"as many as a run has":      {[]string{"--limit", "4"}, []float64{0, 1, 2, 3}, true},
		"all but the last":          {[]string{"--limit", "11"}, []float64{0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22}, true},
		"as many as there are":      {[]string{"--limit", "12"}, []float64{0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23}, false},
		"those of the last hours":   {[]string{"--from", "285m"}, []float64{21, 22, 23}, false},
		"those of a time before it": {[]string{"--from", ago(8).Format(time.RFC3339), "--to", ago(7).Format(time.RFC3339)}, []float64{10, 11}, false},
		"none of the last hour":     {[]string{"--from", "1h"}, nil, false},
	} {
		list := decode[struct {
			Samples []api.RunSample
			More    bool
		}](t, viewer, append([]string{"slis", "samples", sli, "--json"}, c.flags...)...)
		var got []float64
		for _, s := range list.Samples {
			got = append(got, s.Value)
		}
		if diff := cmp.Diff(c.want, got); diff != "" || list.More != c.more {
			t.Errorf("%s: more is %v: %s", name, list.More, diff)
		}
	}
	r := viewer.run(t, "slis", "samples", sli, "--limit", "1").want(t)
	if lines := strings.Split(r.stdout, "\n"); len(lines) != 3 || !strings.HasPrefix(lines[1], ago(11).Format("2006-01-02T")) || !strings.HasSuffix(lines[1], "  slx0") ||
		!strings.Contains(r.stderr, "truncated to 1 entries") {
		t.Errorf("%+v", r)
	}
}

func TestAnSLIIsSetAndShown(t *testing.T) {
	t.Parallel()
	const sli = "latency of a/b, 99%"
	now := time.Now().UTC().Truncate(time.Second) // once, because the test can take longer than a second
	ago := func(hours int) time.Time { return now.Add(-time.Duration(hours) * time.Hour) }
	tenant := cloudtest.Shared(t).Tenant(t)
	viewer, admin := programOf(t, tenant, "viewer"), programOf(t, tenant, "admin")
	number := func(n float64) *float64 { return &n }
	for _, c := range []struct {
		what  string
		flags []string
		want  api.SLISettings
	}{
		{"is created", []string{"--max", "100", "--target", "0.99"},
			api.SLISettings{Objective: api.Objective{Max: number(100), Target: 0.99}}},
		{"keeps its objective", []string{"--page", "10", "--slow", "2.5"},
			api.SLISettings{Objective: api.Objective{Max: number(100), Target: 0.99}, Thresholds: api.Thresholds{Page: 10, Slow: 2.5}}},
		{"keeps its thresholds, and gets a bound of zero", []string{"--min", "0", "--target", "0.95"},
			api.SLISettings{Objective: api.Objective{Min: number(0), Max: number(100), Target: 0.95}, Thresholds: api.Thresholds{Page: 10, Slow: 2.5}}},
		{"loses a bound, and a threshold", []string{"--max", "none", "--page", "0", "--ticket", "7"},
			api.SLISettings{Objective: api.Objective{Min: number(0), Target: 0.95}, Thresholds: api.Thresholds{Ticket: 7, Slow: 2.5}}},
		{"loses its objective, and gets thresholds that are not rates", []string{"--min", "none", "--target", "0", "--samples", "5", "--stale-after", "7d"},
			api.SLISettings{Thresholds: api.Thresholds{Ticket: 7, Slow: 2.5, Samples: 5, StaleAfter: 604800}}},
	} {
		printed := decode[api.SLI](t, admin, append([]string{"slis", "set", sli, "--json"}, c.flags...)...)
		got := decode[api.SLI](t, viewer, "slis", "show", sli, "--json")
		if diff := cmp.Diff(c.want, api.SLISettings{Objective: got.Objective, Thresholds: got.Thresholds}); diff != "" {
			t.Errorf("%s: %s", c.what, diff)
		}
		if diff := cmp.Diff(got, printed); diff != "" {
			t.Errorf("%s, but the command prints something else: %s", c.what, diff)
		}
	}
	if r := admin.run(t, "slis", "set", sli, "--max", "1", "--target", "2"); r.code != 2 || !strings.Contains(r.stderr, "set the SLI: 422") {
		t.Errorf("%+v", r)
	}
	startedRun(t, tenant, api.Start{Task: "t", SLX: "dns", Start: ago(1)}, &api.Report{
		End: time.Now(), Outcome: "success", Outputs: []api.Claim{}, Samples: []api.Sample{{SLI: sli, Time: time.Now(), Value: 1.5}},
	})
	tenant.Cloud.Drain(t)
	if r := viewer.run(t, "slis", "ls", "--limit", "1").want(t); !strings.Contains(r.stdout, sli+"  none   1.5   100.0%") {
		t.Errorf("%s", r.stdout)
	}
}

func TestSLIsAreFilteredByAlert(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.Shared(t).Tenant(t)
	viewer, admin := programOf(t, tenant, "viewer"), programOf(t, tenant, "admin")
	for _, name := range []string{"disk", "errors"} {
		admin.run(t, "slis", "set", name, "--max", "0", "--target", "0.99").want(t)
	}
	now := time.Now()
	for slx, samples := range map[string][]api.Sample{
		"dns": {{SLI: "errors", Time: now.Add(-2 * time.Second), Value: 1}, {SLI: "errors", Time: now.Add(-time.Second), Value: 1}, {SLI: "errors", Time: now, Value: 1}, {SLI: "latency", Time: now, Value: 1}},
		"tls": {{SLI: "disk", Time: now, Value: 1}, {SLI: "old", Time: ago(2), Value: 1}},
	} {
		startedRun(t, tenant, api.Start{Task: slx, SLX: slx, Start: ago(3)}, &api.Report{End: now, Outcome: "success", Outputs: []api.Claim{}, Samples: samples})
	}
	tenant.Cloud.Drain(t)
	for name, c := range map[string]struct {
		flags []string
		want  map[string]string // alerts
	}{
		"all":                          {nil, map[string]string{"disk": "warning", "errors": "page", "latency": "none", "old": "none"}},
		"those of an SLX":              {[]string{"--slx", "tls"}, map[string]string{"disk": "warning", "old": "none"}},
		"those that warn":              {[]string{"--alert", "warning", "--limit", "0"}, map[string]string{"disk": "warning", "errors": "page"}},
		"those with a ticket or worse": {[]string{"--alert", "ticket"}, map[string]string{"errors": "page"}},
		"those of an SLX that warn":    {[]string{"--alert", "warning", "--slx", "tls", "--limit", "1"}, map[string]string{"disk": "warning"}},
	} {
		got := map[string]string{}
		for _, i := range decode[struct{ SLIs []api.SLI }](t, viewer, append([]string{"slis", "ls", "--json"}, c.flags...)...).SLIs {
			got[i.Name] = i.Alert
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if r := viewer.run(t, "slis", "show", "old").want(t); !strings.Contains(r.stdout, "none, stale") || !strings.Contains(r.stdout, "\n30m     0 ") || !strings.Contains(r.stdout, "\n3d      1 ") {
		t.Errorf("%s", r.stdout)
	}
}

// Settings must not be lost because they could not be read.
func TestAnSLIIsNotSetBeforeItIsRead(t *testing.T) {
	t.Parallel()
	s := newStub(t, "not JSON", `{"name":"latency","objective":{"max":0,"target":0.5},"thresholds":{"slow":2}}`)
	stubbed(t, s).run(t, "slis", "set", "a/b c", "--target", "0.9").want(t)
	const path = "/v1/workspaces/prod/slis/a%2Fb%20c"
	want := []string{"GET " + path, "GET " + path, `PUT ` + path + ` {"objective":{"max":0,"target":0.9},"thresholds":{"slow":2}}`}
	if diff := cmp.Diff(want, s.received()); diff != "" {
		t.Error(diff)
	}
}
