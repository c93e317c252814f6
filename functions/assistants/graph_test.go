package assistants_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
)

type graphAnswer struct {
	Nodes         []struct{ ID, Kind, Name, State string }
	Edges         []struct{ From, To, Kind string }
	IssuesCapped  bool
	SLIsCapped    bool
	NextPageToken string
}

func (f *fixture) getGraph(t testing.TB, query string) (g graphAnswer) {
	t.Helper()
	f.Search(t, "viewer", f.base+"/graph", query).Want(t, http.StatusOK).JSON(t, &g)
	return g
}

// lines returns the nodes and edges of a graph, sorted.
func (g graphAnswer) lines() (lines []string) {
	for _, n := range g.Nodes {
		lines = append(lines, n.ID+" "+n.State)
	}
	for _, e := range g.Edges {
		lines = append(lines, e.From+" "+e.Kind+" "+e.To)
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}

func TestTheGraphHasNodesAndEdges(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t))
	slow, old, off := issueFixture{name: "slow", severity: 1}, issueFixture{name: "old", severity: 1, resolved: true}, issueFixture{name: "off", severity: 2, task: "tls-check", slx: "web", ignored: farFuture(f)}
	f.storeIssues(t, slow, old, off)
	f.addSamples(t, "latency", 1)
	want := []string{
		"sli:latency ", "sli:latency measures slx:dns",
		"issue:" + slow.id() + " open", "issue:" + slow.id() + " about resource:cluster-1", "issue:" + slow.id() + " harms slx:dns",
		"issue:" + off.id() + " ignored", "issue:" + off.id() + " about resource:cluster-1", "issue:" + off.id() + " harms slx:web",
		"resource:cluster-1 ", "slx:dns ", "slx:web ", "task:dns-check ", "task:tls-check ",
		"task:dns-check checks resource:cluster-1", "task:dns-check serves slx:dns", "task:dns-check found issue:" + slow.id(),
		"task:tls-check checks resource:cluster-1", "task:tls-check serves slx:web", "task:tls-check found issue:" + off.id(),
	}
	slices.Sort(want)
	wantList(t, f.getGraph(t, "").lines(), want...)
	if got := f.getGraph(t, "slx=web"); len(got.Nodes) != 4 || len(got.Edges) != 5 {
		t.Errorf("the graph of the SLX has %q", got.lines())
	}
	var all graphAnswer
	for token, pages := "", 0; ; pages++ {
		page := f.getGraph(t, "pageSize=1&pageToken="+token)
		all.Nodes, all.Edges = append(all.Nodes, page.Nodes...), append(all.Edges, page.Edges...)
		if token = page.NextPageToken; token == "" || pages > 3 {
			break
		}
	}
	wantList(t, all.lines(), want...)
	for _, query := range []string{"pageSize=31", "pageSize=0", "depth=2"} {
		f.Search(t, "viewer", f.base+"/graph", query).Want(t, http.StatusUnprocessableEntity)
	}
	f.Search(t, "viewer", f.base+"/graph", "pageToken=x").Want(t, http.StatusBadRequest)
}

func TestTheGraphReportsThatItIsCapped(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t))
	var all []issueFixture
	for n := range 301 {
		all = append(all, issueFixture{name: fmt.Sprint("issue ", n), severity: 1 + n%4})
	}
	f.storeIssues(t, all[:300]...)
	if f.getGraph(t, "").IssuesCapped {
		t.Error("300 issues are capped")
	}
	f.storeIssues(t, all...)
	if got := f.getGraph(t, ""); !got.IssuesCapped || len(got.Nodes) != 303 {
		t.Errorf("with 301 issues, there are %d nodes, capped: %v", len(got.Nodes), got.IssuesCapped)
	}
}

func TestTheGraphHasAHundredSLIs(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t))
	f.storeIssues(t, issueFixture{name: "slow", severity: 1})
	for n := range 101 {
		if n == 100 && f.getGraph(t, "").SLIsCapped {
			t.Error("100 SLIs are capped")
		}
		f.addSamples(t, fmt.Sprint("sli ", n), 1)
	}
	if got := f.getGraph(t, ""); !got.SLIsCapped || len(got.Nodes) != 104 || len(got.Edges) != 105 {
		t.Errorf("with 101 SLIs, there are %d nodes and %d edges, capped: %v", len(got.Nodes), len(got.Edges), got.SLIsCapped)
	}
}
