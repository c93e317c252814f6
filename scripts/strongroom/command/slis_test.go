package command_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/platformtest"
)

// sliNames are those of a list.
type sliNames struct {
	SLIs []struct{ Name string }
	AsOf time.Time
	More bool
}

func TestSLIsAreListedBySLXAndByAlert(t *testing.T) {
	t.Parallel()
	p := newPlace(t, platformtest.Config{Fault: everyOther(platformtest.Drop)})
	for n, alert := range []string{"none", "warning", "ticket", "page"} {
		p.server.Measure(api.SLI{Name: alert, Alert: alert, SLX: fmt.Sprint("slx", n%2)})
	}
	for n := range 300 { // whole pages without an alert
		p.server.Measure(api.SLI{Name: fmt.Sprint("quiet", n), Alert: "none", SLX: "quiet"})
	}
	p.server.Measure(api.SLI{Name: "zone", Alert: "page", SLX: "slx0"})
	for name, c := range map[string]struct {
		flags []string
		want  []string
		more  bool
	}{
		"some":                          {[]string{"--limit", "2"}, []string{"none", "warning"}, true},
		"an SLX":                        {[]string{"--slx", "slx0"}, []string{"none", "ticket", "zone"}, false},
		"those that warn":               {[]string{"--alert", "warning"}, []string{"warning", "ticket", "page", "zone"}, false},
		"those that page":               {[]string{"--alert", "page"}, []string{"page", "zone"}, false},
		"those of an SLX with a ticket": {[]string{"--alert", "ticket", "--slx", "slx1"}, []string{"page"}, false},
		"one behind empty pages":        {[]string{"--alert", "page", "--slx", "slx0", "--limit", "1"}, []string{"zone"}, false},
	} {
		list := decode[sliNames](t, p, append([]string{"slis", "ls", "--json"}, c.flags...)...)
		var got []string
		for _, i := range list.SLIs {
			got = append(got, i.Name)
		}
		if diff := cmp.Diff(c.want, got); diff != "" || list.More != c.more || list.AsOf.IsZero() {
			t.Errorf("%s: more is %v, as of %v: %s", name, list.More, list.AsOf, diff)
		}
	}
}

func TestSLIsCannotSteerATerminal(t *testing.T) {
	t.Parallel()
	p := newPlace(t, platformtest.Config{})
	const name = "dns\u009b31m \u202echeck" // no report can have others that steer
	most, least := 100.0, 0.5
	hour := api.Window{Samples: 4, Mean: 75, Deviation: 12.5, Share: 0.75, Burn: 25}
	p.server.Measure(api.SLI{
		Name: name, SLX: "dns", Alert: "page", Stale: true, Last: &api.Measured{Time: changed.Add(time.Millisecond), Value: 150},
		Objective:  api.Objective{Min: &least, Max: &most, Target: 0.99},
		Thresholds: api.Thresholds{Page: 10, Samples: 5, StaleAfter: 5400},
		Windows:    api.Windows{Hour: hour, SixHours: hour, ThreeDays: api.Window{Samples: 9, Mean: 1234.5678, Share: 1}},
	}, api.SLI{Name: "new", Alert: "none"})
	for name, want := range map[string]string{
		name: `SLI          dns\u009b31m \u202echeck
SLX          dns
Alert        page, stale
Last sample  150, at 2026-01-02T03:04:05.001Z
Objective    at least 0.5 and at most 100; target 0.99
Thresholds   page 10, samples 5, stale after 1h30m0s, else the platform's own

WINDOW  SAMPLES  MEAN  DEVIATION  GOOD    BURN
5m      0        0     0          -       0.0
30m     0        0     0          -       0.0
1h      4        75    12.5       75.0%   25.0
6h      4        75    12.5       75.0%   25.0
3d      9        1235  0          100.0%  0.0
`,
		"new": `SLI          new
Alert        none
Last sample  none
Objective    none
Thresholds   the platform's own

WINDOW  SAMPLES  MEAN  DEVIATION  GOOD  BURN
5m      0        0     0          -     0.0
30m     0        0     0          -     0.0
1h      0        0     0          -     0.0
6h      0        0     0          -     0.0
3d      0        0     0          -     0.0
`,
	} {
		if diff := cmp.Diff(want, p.run(t, "slis", "show", name).want(t).stdout); diff != "" {
			t.Error(diff)
		}
	}
	want := `SLI             ALERT        LAST  GOOD 1H  GOOD 6H  GOOD 3D  BURN 1H
dns\u009b31m \u202echeck  page, stale  150   75.0%    75.0%    100.0%   25.0
new             none         -     -        -        -        0.0
`
	if diff := cmp.Diff(want, p.run(t, "slis", "ls").want(t).stdout); diff != "" {
		t.Error(diff)
	}
}

// What was set must not be lost because it could not be read.
func TestAnSLIIsNotSetBeforeItIsRead(t *testing.T) {
	t.Parallel()
	var put []string
	turns := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if turns++; turns == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if r.Method == http.MethodPut {
			body, _ := io.ReadAll(r.Body)
			put = append(put, r.URL.EscapedPath()+" "+string(body))
		}
		_, _ = io.WriteString(w, `{"name":"latency","objective":{"max":0,"target":0.5},"thresholds":{"slow":2}}`)
	}))
	t.Cleanup(server.Close)
	p := &place{spool: t.TempDir(), env: map[string]string{"STRONGROOM_URL": server.URL, "STRONGROOM_TOKEN": "t", "STRONGROOM_WORKSPACE": "prod"}}
	p.run(t, "slis", "set", "a/b c", "--target", "0.9").want(t)
	want := []string{`/v1/workspaces/prod/slis/a%2Fb%20c {"objective":{"max":0,"target":0.9},"thresholds":{"slow":2}}`}
	if diff := cmp.Diff(want, put); diff != "" {
		t.Error(diff)
	}
}
