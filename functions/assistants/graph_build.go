package assistants

import (
	"time"

	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/sli"
)

// The kinds of nodes.
const (
	taskNode     = "task"
	resourceNode = "resource"
	slxNode      = "slx"
	sliNode      = "sli"
	issueNode    = "issue"
)

// graph collects nodes and edges, each once.
type graph struct {
	body  graphBody
	nodes map[string]bool
	edges map[edgeBody]bool
}

func newGraph() *graph {
	return &graph{
		body:  graphBody{Nodes: []nodeBody{}, Edges: []edgeBody{}},
		nodes: map[string]bool{}, edges: map[edgeBody]bool{},
	}
}

func (g *graph) addCheck(c issue.Check) {
	task := g.node(nodeBody{Kind: taskNode, Name: c.Task})
	g.edge(task, "checks", g.node(nodeBody{Kind: resourceNode, Name: c.Resource}))
	g.edge(task, "serves", g.node(nodeBody{Kind: slxNode, Name: c.SLX}))
}

func (g *graph) addSLI(i sli.SLI) {
	g.edge(g.node(nodeBody{Kind: sliNode, Name: i.Name}), "measures", g.node(nodeBody{Kind: slxNode, Name: i.SLX}))
}

func (g *graph) addIssue(i issue.Issue, now time.Time) {
	id := g.node(nodeBody{Kind: issueNode, Name: string(i.ID), State: string(i.State(now)), Severity: i.Severity})
	g.edge(g.node(nodeBody{Kind: taskNode, Name: i.Task}), "found", id)
	g.edge(id, "about", g.node(nodeBody{Kind: resourceNode, Name: i.Resource}))
	g.edge(id, "harms", g.node(nodeBody{Kind: slxNode, Name: i.SLX}))
}

// node adds a node and returns its ID. A node without a name is not added, and has the
// ID "".
func (g *graph) node(n nodeBody) string {
	if n.Name == "" {
		return ""
	}
	n.ID = n.Kind + ":" + n.Name
	if !g.nodes[n.ID] {
		g.nodes[n.ID] = true
		g.body.Nodes = append(g.body.Nodes, n)
	}
	return n.ID
}

// edge adds an edge, unless one of its nodes was not added.
func (g *graph) edge(from, kind, to string) {
	e := edgeBody{from, to, kind}
	if from != "" && to != "" && !g.edges[e] {
		g.edges[e] = true
		g.body.Edges = append(g.body.Edges, e)
	}
}
