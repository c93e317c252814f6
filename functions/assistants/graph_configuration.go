package assistants

import (
	"cmp"
	"context"
	"strings"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/slx"
)

// configNodeBody is a node of the configuration. Its ID is equal to that of the node of the
// same resource or SLX that runs have.
type configNodeBody struct {
	ID     string `json:"id" class:"configuration" doc:"kind:name"`
	Kind   string `json:"kind" class:"operational" enum:"slx,resource,task,sli,tag,group"`
	Name   string `json:"name" class:"configuration" doc:"Of a task: its title, or the path of its file in its repository"`
	Alias  string `json:"alias,omitempty" class:"configuration" doc:"Alias of an SLX"`
	Path   string `json:"path,omitempty" class:"configuration" doc:"Path of the file that configures an SLX or an SLI"`
	Detail string `json:"detail,omitempty" class:"configuration" doc:"Repository of a task; unit and objectives of an SLI"`
}

type configEdgeBody struct {
	From string `json:"from" class:"configuration"`
	To   string `json:"to" class:"configuration"`
	Kind string `json:"kind" class:"operational" enum:"about,runs,measures,tagged,in,related" doc:"An SLX is about a resource, runs a task, is tagged, is in a group, and is related to an SLX. An SLI measures an SLX"`
}

// configToken is the position in a list of the configuration: one commit's pages.
type configToken struct {
	Commit string `json:"c"`
	Page   int    `json:"p"`
	Pages  int    `json:"n"`
}

// searchConfiguration returns one page of the configuration's graph, or one SLX. The read
// is recorded before anything is opened.
func (h *Handler) searchConfiguration(ctx context.Context, in graphSearch) (*graphResponse, error) {
	s, key := access.From(ctx), "configuration "+in.SLX
	token, err := access.ParsePageToken[configToken](ctx, in.PageToken, key)
	if err != nil {
		return nil, err
	}
	if err := h.appendAudit(ctx, auditlog.ReadGraph, ""); err != nil {
		return nil, err
	}
	c, err := h.readConfiguration(ctx, s)
	if err != nil {
		return nil, err
	}
	if token != (configToken{}) { // the other pages are of the same commit
		c.graph.Commit, c.graph.Pages = token.Commit, token.Pages
	}
	g := newConfigGraph()
	g.body.AsOf, g.body.Commit, g.body.Omitted = h.now(), c.graph.Commit, c.directory.Omitted
	if in.SLX != "" {
		x, err := c.slx(ctx, in.SLX)
		if err == nil && x.Name != "" {
			g.add(x)
		}
		return &graphResponse{g.body}, err
	}
	page, err := c.page(ctx, token.Page)
	if err != nil {
		return nil, err
	}
	for _, x := range page {
		g.add(x)
	}
	if token.Page+1 < c.graph.Pages {
		g.body.NextPageToken = access.PageToken(ctx, configToken{Commit: c.graph.Commit, Page: token.Page + 1, Pages: c.graph.Pages}, key)
	}
	return &graphResponse{g.body}, nil
}

// configGraph collects nodes and edges of the configuration, each once.
type configGraph struct {
	body  graphBody
	nodes map[string]bool
	edges map[configEdgeBody]bool
}

func newConfigGraph() *configGraph {
	return &configGraph{
		body:  graphBody{Nodes: []nodeBody{}, Edges: []edgeBody{}, ConfigNodes: []configNodeBody{}, ConfigEdges: []configEdgeBody{}},
		nodes: map[string]bool{}, edges: map[configEdgeBody]bool{},
	}
}

func (g *configGraph) add(x slx.SLX) {
	id := g.node(configNodeBody{Kind: slxNode, Name: x.Name, Alias: x.Alias, Path: x.Path})
	g.edge(id, "about", g.node(configNodeBody{Kind: resourceNode, Name: x.Resource}))
	for _, t := range x.Tags {
		g.edge(id, "tagged", g.node(configNodeBody{Kind: "tag", Name: t.Name + "=" + t.Value}))
	}
	for _, t := range x.Tasks {
		g.edge(id, "runs", g.node(configNodeBody{Kind: taskNode, Name: t.Source.Path, Detail: t.Source.Repository}))
		for _, title := range t.Titles {
			g.edge(id, "runs", g.node(configNodeBody{Kind: taskNode, Name: title}))
		}
	}
	for _, i := range x.SLIs {
		sli := configNodeBody{Kind: sliNode, Name: cmp.Or(i.Source.Path, i.Path), Path: i.Path, Detail: sliDetail(i)}
		sli.ID = sliNode + ":" + i.Path
		g.edge(g.node(sli), "measures", id)
	}
	for _, group := range x.Groups {
		g.edge(id, "in", g.node(configNodeBody{Kind: "group", Name: group}))
	}
	for _, r := range x.Relations {
		g.edge(id, "related", slxNode+":"+r.To)
	}
}

// sliDetail returns the unit and the objectives of an SLI, such as "ms; 99.5 gt 0.9".
func sliDetail(i slx.SLI) string {
	var parts []string
	if i.Unit != "" {
		parts = append(parts, i.Unit)
	}
	for _, o := range i.Objectives {
		parts = append(parts, strings.Join(strings.Fields(o.Objective+" "+o.Operand+" "+o.Threshold), " "))
	}
	return strings.Join(parts, "; ")
}

// node adds a node and returns its ID. A node without a name is not added, and has the ID
// "".
func (g *configGraph) node(n configNodeBody) string {
	if n.Name == "" {
		return ""
	}
	n.ID = cmp.Or(n.ID, n.Kind+":"+n.Name)
	if !g.nodes[n.ID] {
		g.nodes[n.ID] = true
		g.body.ConfigNodes = append(g.body.ConfigNodes, n)
	}
	return n.ID
}

// edge adds an edge, unless one of its nodes was not added.
func (g *configGraph) edge(from, kind, to string) {
	e := configEdgeBody{From: from, To: to, Kind: kind}
	if from != "" && to != "" && !g.edges[e] {
		g.edges[e] = true
		g.body.ConfigEdges = append(g.body.ConfigEdges, e)
	}
}
