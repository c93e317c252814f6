package assistants_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
)

func queryEscape(s string) string { return url.QueryEscape(s) }

type drawn struct {
	Nodes         []struct{ ID, Kind, Name, State string }
	Edges         []struct{ From, To, Kind string }
	IssuesCapped  bool
	SLIsCapped    bool
	NextPageToken string
}

func (d *desk) graph(t testing.TB, query string) (g drawn) {
	t.Helper()
	d.Do(t, "viewer", http.MethodGet, d.path+"/graph?"+query, nil).Want(t, http.StatusOK).JSON(t, &g)
	return g
}

// lines writes a graph down, sorted.
func (g drawn) lines() (lines []string) {
	for _, n := range g.Nodes {
		lines = append(lines, n.ID+" "+n.State)
	}
	for _, e := range g.Edges {
		lines = append(lines, e.From+" "+e.Kind+" "+e.To)
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}

func TestTheGraphJoinsWhatThereIs(t *testing.T) {
	t.Parallel()
	d := newDesk(t, cloudtest.Shared(t))
	slow, old, off := resting{name: "slow", severity: 1}, resting{name: "old", severity: 1, resolved: true}, resting{name: "off", severity: 2, task: "tls-check", slx: "web", ignored: far(d)}
	d.rest(t, slow, old, off)
	d.measure(t, "latency", 1)
	want := []string{
		"sli:latency ", "sli:latency measures slx:dns",
		"issue:" + slow.id() + " open", "issue:" + slow.id() + " about resource:cluster-1", "issue:" + slow.id() + " harms slx:dns",
		"issue:" + off.id() + " ignored", "issue:" + off.id() + " about resource:cluster-1", "issue:" + off.id() + " harms slx:web",
		"resource:cluster-1 ", "slx:dns ", "slx:web ", "task:dns-check ", "task:tls-check ",
		"task:dns-check checks resource:cluster-1", "task:dns-check serves slx:dns", "task:dns-check found issue:" + slow.id(),
		"task:tls-check checks resource:cluster-1", "task:tls-check serves slx:web", "task:tls-check found issue:" + off.id(),
	}
	slices.Sort(want)
	wantTitles(t, d.graph(t, "").lines(), want...)
	if got := d.graph(t, "slx=web"); len(got.Nodes) != 4 || len(got.Edges) != 5 {
		t.Errorf("of the SLX there is %q", got.lines())
	}
	var all drawn
	for token, pages := "", 0; ; pages++ {
		page := d.graph(t, "pageSize=1&pageToken="+token)
		all.Nodes, all.Edges = append(all.Nodes, page.Nodes...), append(all.Edges, page.Edges...)
		if token = page.NextPageToken; token == "" || pages > 3 {
			break
		}
	}
	wantTitles(t, all.lines(), want...)
	for _, query := range []string{"pageSize=31", "pageSize=0", "depth=2"} {
		d.Do(t, "viewer", http.MethodGet, d.path+"/graph?"+query, nil).Want(t, http.StatusUnprocessableEntity)
	}
	d.Do(t, "viewer", http.MethodGet, d.path+"/graph?pageToken=x", nil).Want(t, http.StatusBadRequest)
}

func TestTheGraphSaysThatItIsCapped(t *testing.T) {
	t.Parallel()
	d := newDesk(t, cloudtest.Shared(t))
	var all []resting
	for n := range 301 {
		all = append(all, resting{name: fmt.Sprint("issue ", n), severity: 1 + n%4})
	}
	d.rest(t, all[:300]...)
	if d.graph(t, "").IssuesCapped {
		t.Error("300 issues are capped")
	}
	d.rest(t, all...)
	if got := d.graph(t, ""); !got.IssuesCapped || len(got.Nodes) != 303 {
		t.Errorf("of 301 issues there are %d nodes, capped: %v", len(got.Nodes), got.IssuesCapped)
	}
}

func TestTheGraphHasAHundredSLIs(t *testing.T) {
	t.Parallel()
	d := newDesk(t, cloudtest.Shared(t))
	d.rest(t, resting{name: "slow", severity: 1})
	for n := range 101 {
		if n == 100 && d.graph(t, "").SLIsCapped {
			t.Error("100 SLIs are capped")
		}
		d.measure(t, fmt.Sprint("sli ", n), 1)
	}
	if got := d.graph(t, ""); !got.SLIsCapped || len(got.Nodes) != 104 || len(got.Edges) != 105 {
		t.Errorf("of 101 SLIs there are %d nodes and %d edges, capped: %v", len(got.Nodes), len(got.Edges), got.SLIsCapped)
	}
}
