package assistants

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/sli"
)

// The limits of one page of the graph, in addition to its checks.
const (
	maxGraphIssues = 300
	maxGraphSLIs   = 100
)

func (h *Handler) registerGraph() {
	api.Register(h.API, api.WithMemory(h.reading("searchGraph", http.MethodPost, workspacePath+"/graph/search",
		"Search tasks, resources, SLXs, SLIs and active issues, and the relations between them; or what the configuration says", auditlog.ReadGraph), listMemory), h.searchGraph)
}

// graphRequest selects up to 30 checks, because one query finds the issues of up to 30:
// cloud.google.com/firestore/docs/query-data/queries#limits_on_or_queries.
type graphRequest struct {
	Workspace string `path:"workspace" class:"operational"`
	Body      graphSearch
}

type graphSearch struct {
	Of        string `json:"of,omitempty" class:"operational" enum:"runs,configuration" default:"runs" doc:"runs: checks that ran, with their issues. configuration: what the configuration in effect says; a page has up to 50 SLXs"`
	SLX       string `json:"slx,omitempty" class:"metadata" maxLength:"256" doc:"Only this SLX"`
	PageSize  int    `json:"pageSize,omitempty" class:"operational" minimum:"1" maximum:"30" default:"30" doc:"Number of checks; a check is a task on a resource"`
	PageToken string `json:"pageToken,omitempty" class:"operational" maxLength:"32768"`
}

type graphResponse struct {
	Body graphBody
}

type graphBody struct {
	AsOf          time.Time  `json:"asOf" class:"operational"`
	Nodes         []nodeBody `json:"nodes" doc:"Each once per page. A node with the same ID on another page is the same node"`
	Edges         []edgeBody `json:"edges"`
	IssuesCapped  bool       `json:"issuesCapped" class:"operational" doc:"There are more active issues; these are the most severe. Search them by slx"`
	SLIsCapped    bool       `json:"slisCapped" class:"operational" doc:"There are more SLIs. Search them"`
	NextPageToken string     `json:"nextPageToken,omitempty" class:"operational"`

	Commit      string           `json:"commit,omitempty" class:"operational" doc:"Commit of the configuration that the nodes are of"`
	Omitted     int64            `json:"omitted,omitempty" class:"operational" doc:"Number of parts of the configuration that did not fit into the graph"`
	ConfigNodes []configNodeBody `json:"configNodes,omitempty" doc:"Nodes of the configuration"`
	ConfigEdges []configEdgeBody `json:"configEdges,omitempty" doc:"Edges of the configuration"`
}

type nodeBody struct {
	ID       string `json:"id" class:"metadata" doc:"kind:name"`
	Kind     string `json:"kind" class:"operational" enum:"task,resource,slx,sli,issue"`
	Name     string `json:"name" class:"metadata"`
	State    string `json:"state,omitempty" class:"metadata" doc:"State of an issue"`
	Severity int    `json:"severity,omitempty" class:"metadata" doc:"Severity of an issue"`
}

type edgeBody struct {
	From string `json:"from" class:"metadata"`
	To   string `json:"to" class:"metadata"`
	Kind string `json:"kind" class:"operational" enum:"checks,serves,found,about,harms,measures" doc:"A task checks a resource, serves an SLX, and found an issue. An issue is about a resource and harms an SLX. An SLI measures an SLX"`
}

func (h *Handler) searchGraph(ctx context.Context, request *graphRequest) (*graphResponse, error) {
	in := request.Body
	if in.Of == "configuration" {
		return h.searchConfiguration(ctx, in)
	}
	after, err := access.ParsePageToken[string](ctx, in.PageToken, "graph "+in.SLX)
	if err != nil {
		return nil, err
	}
	s, now := access.From(ctx), h.now()
	checks, err := readChecks(ctx, s, in, after)
	if err != nil {
		return nil, err
	}
	issues, err := readActiveIssues(ctx, s, checks)
	if err != nil {
		return nil, err
	}
	slis, err := readSLIsOfChecks(ctx, s, checks)
	if err != nil {
		return nil, err
	}
	g := newGraph()
	for _, c := range checks {
		g.addCheck(c)
	}
	for _, i := range slis[:min(len(slis), maxGraphSLIs)] {
		g.addSLI(i)
	}
	g.body.AsOf, g.body.IssuesCapped, g.body.SLIsCapped = now, len(issues) > maxGraphIssues, len(slis) > maxGraphSLIs
	for _, i := range issues[:min(len(issues), maxGraphIssues)] {
		g.addIssue(i, now)
	}
	if len(checks) == in.PageSize {
		g.body.NextPageToken = access.PageToken(ctx, string(checks[len(checks)-1].ID()), "graph "+in.SLX)
	}
	return &graphResponse{g.body}, nil
}

// readChecks reads one page of checks, in the order of their IDs. The page starts
// after an ID, or at the first one if after is empty.
func readChecks(ctx context.Context, s access.Session, in graphSearch, after string) ([]issue.Check, error) {
	query := records.Workspace(s.DB, s.Tenant.ID, s.Workspace).Collection(records.ChecksCollection).
		Select("task", "slx", "resource").OrderBy(firestore.DocumentID, firestore.Asc).Limit(in.PageSize)
	if in.SLX != "" {
		query = query.Where("slx", "==", run.CanonicalName(in.SLX))
	}
	if after != "" {
		query = query.StartAfter(after)
	}
	return decodeAll[issue.Check](query.Documents(ctx), "list checks")
}

// readActiveIssues reads the most severe active issues of up to 30 checks, without their
// texts. It reads one more than maxGraphIssues, to find out whether there are more.
func readActiveIssues(ctx context.Context, s access.Session, checks []issue.Check) ([]issue.Issue, error) {
	if len(checks) == 0 {
		return nil, nil
	}
	ids := make([]string, len(checks))
	for n, c := range checks {
		ids[n] = string(c.ID())
	}
	query := issuesIn(s).Where("check", "in", ids).Where("resolvedAt", "==", issue.Unresolved).
		OrderBy("severity", firestore.Asc).Limit(maxGraphIssues+1).
		Select("fingerprint", "task", "slx", "resource", "severity", "state", "runs", "reopened", "since", "lastSeen", "resolvedAt", "investigated", "ignored")
	return decodeAll[issue.Issue](query.Documents(ctx), "list issues of checks")
}

// readSLIsOfChecks reads the names of the SLIs of the checks' SLXs. It reads one more
// than maxGraphSLIs, to find out whether there are more.
func readSLIsOfChecks(ctx context.Context, s access.Session, checks []issue.Check) ([]sli.SLI, error) {
	var slxs []string
	for _, c := range checks {
		if c.SLX != "" && !slices.Contains(slxs, c.SLX) {
			slxs = append(slxs, c.SLX)
		}
	}
	if len(slxs) == 0 {
		return nil, nil
	}
	all := records.Workspace(s.DB, s.Tenant.ID, s.Workspace).Collection(records.SLIsCollection)
	return readSLIs(ctx, all.Where("slx", "in", slxs).Select("name", "slx").Limit(maxGraphSLIs+1))
}

func decodeAll[T issue.Issue | issue.Check](docs *firestore.DocumentIterator, what string) ([]T, error) {
	all, err := docs.GetAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	values := make([]T, len(all))
	for n, doc := range all {
		if values[n], err = records.Decode[T](doc); err != nil {
			return nil, err
		}
	}
	return values, nil
}
