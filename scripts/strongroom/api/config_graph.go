package api

import (
	"context"
	"net/http"
	"strings"
)

// ConfiguredSLX is what the configuration in effect says about an SLX.
type ConfiguredSLX struct {
	Name     string          `json:"name"`
	Alias    string          `json:"alias,omitempty"`
	Path     string          `json:"path,omitempty" doc:"path of the file that configures it"`
	Resource string          `json:"resource,omitempty"`
	Tasks    []string        `json:"tasks" doc:"titles of tasks, and paths of files of tasks in their repository"`
	SLIs     []ConfiguredSLI `json:"slis"`
	Tags     []string        `json:"tags" doc:"NAME=VALUE"`
	Groups   []string        `json:"groups"`
	Related  []string        `json:"related" doc:"names of SLXs"`
}

// ConfiguredSLI is an SLI that the configuration has.
type ConfiguredSLI struct {
	Name   string `json:"name"`
	Path   string `json:"path" doc:"path of the file that configures it"`
	Detail string `json:"detail,omitempty" doc:"unit and objectives, such as: ms; 99.5 gt 0.9"`
}

// configGraph is a page of the configuration's graph.
type configGraph struct {
	Nodes []configNode `json:"configNodes"`
	Edges []configEdge `json:"configEdges"`
	Next  string       `json:"nextPageToken"`
}

type configNode struct {
	ID     string `json:"id"`
	Kind   string `json:"kind"`
	Name   string `json:"name"`
	Alias  string `json:"alias"`
	Path   string `json:"path"`
	Detail string `json:"detail"`
}

type configEdge struct {
	From string `json:"from"`
	To   string `json:"to"`
	Kind string `json:"kind"`
}

// MaxConfigGraphPage is the maximum number of SLXs on a page of the configuration's graph. The
// platform decides how many a page has.
const MaxConfigGraphPage = 50

// ConfiguredSLXs lists the SLXs of the configuration in effect by name; or only one, if slx is
// not empty.
func (c *Client) ConfiguredSLXs(ctx context.Context, slx, token string) ([]ConfiguredSLX, string, error) {
	in := struct {
		Of    string `json:"of"`
		SLX   string `json:"slx,omitempty"`
		Token string `json:"pageToken,omitempty"`
	}{Of: "configuration", SLX: slx, Token: token}
	var page configGraph
	err := c.call(ctx, request{what: "list the configured SLXs", method: http.MethodPost, path: c.workspacePath() + "/graph/search", in: in}, &page)
	return page.slxs(), page.Next, err
}

// slxs joins the nodes and edges of a page, in the order of the page.
func (g configGraph) slxs() []ConfiguredSLX {
	nodes, at := map[string]configNode{}, map[string]int{}
	var all []ConfiguredSLX
	for _, n := range g.Nodes {
		nodes[n.ID] = n
		if n.Kind == "slx" {
			at[n.ID] = len(all)
			all = append(all, ConfiguredSLX{Name: n.Name, Alias: n.Alias, Path: n.Path, Tasks: []string{}, SLIs: []ConfiguredSLI{}, Tags: []string{}, Groups: []string{}, Related: []string{}})
		}
	}
	for _, e := range g.Edges {
		if i, ok := at[e.To]; ok && e.Kind == "measures" {
			n := nodes[e.From]
			all[i].SLIs = append(all[i].SLIs, ConfiguredSLI{Name: n.Name, Path: n.Path, Detail: n.Detail})
		} else if i, ok := at[e.From]; ok {
			all[i].add(e, nodes[e.To])
		}
	}
	return all
}

// add adds what an edge of the SLX leads to. An SLX to which it is related may be on another
// page.
func (x *ConfiguredSLX) add(e configEdge, to configNode) {
	switch e.Kind {
	case "about":
		x.Resource = to.Name
	case "runs":
		x.Tasks = append(x.Tasks, to.Name)
	case "tagged":
		x.Tags = append(x.Tags, to.Name)
	case "in":
		x.Groups = append(x.Groups, to.Name)
	case "related":
		x.Related = append(x.Related, strings.TrimPrefix(e.To, "slx:"))
	}
}
