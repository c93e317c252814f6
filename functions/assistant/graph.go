package assistant

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
	"github.com/strongroom-dev/strongroom/shared/sli"
)

// What one page of the graph has at most, beside its checks.
const (
	maxGraphIssues = 300
	maxGraphSLIs   = 100
)

func (h *Handler) registerGraph() {
	api.Register(h.API, h.operation("getGraph", http.MethodGet, workspacePath+"/graph",
		"Read tasks, resources, SLXs, their SLIs, the issues that stand, and what joins them", auditlog.ReadGraph), h.getGraph)
}

// graphRequest asks for checks, thirty at most: one query finds the issues of
// as many (cloud.google.com/firestore/docs/query-data/queries#limits_on_or_queries).
type graphRequest struct {
	Workspace string `path:"workspace"`
	SLX       string `query:"slx" maxLength:"256" doc:"Only what belongs to this SLX"`
	PageSize  int    `query:"pageSize" minimum:"1" maximum:"30" default:"30" doc:"Checks, each a task on a resource"`
	PageToken string `query:"pageToken" maxLength:"200"`
}

type graphResponse struct {
	Body graphBody
}

type graphBody struct {
	AsOf          time.Time  `json:"asOf"`
	Nodes         []nodeBody `json:"nodes" doc:"Each once a page; the same id on another page is the same node"`
	Edges         []edgeBody `json:"edges"`
	IssuesCapped  bool       `json:"issuesCapped" doc:"More issues stand than are here; these are the worst. List them by slx"`
	SLIsCapped    bool       `json:"slisCapped" doc:"There are more SLIs than are here; list them"`
	NextPageToken string     `json:"nextPageToken,omitempty"`
}

type nodeBody struct {
	ID       string `json:"id" doc:"kind:name"`
	Kind     string `json:"kind" enum:"task,resource,slx,sli,issue"`
	Name     string `json:"name"`
	State    string `json:"state,omitempty" doc:"Of an issue"`
	Severity int    `json:"severity,omitempty" doc:"Of an issue"`
}

type edgeBody struct {
	From string `json:"from"`
	To   string `json:"to"`
	Kind string `json:"kind" enum:"checks,serves,found,about,harms,measures" doc:"A task checks a resource and serves an SLX; a task found an issue, which is about a resource and harms an SLX; an SLI measures an SLX"`
}

func (h *Handler) getGraph(ctx context.Context, in *graphRequest) (*graphResponse, error) {
	if _, ok := issue.ParseID(in.PageToken); in.PageToken != "" && !ok {
		return nil, api.Refuse(http.StatusBadRequest, api.PageTokenText)
	}
	s, now := access.From(ctx), h.now()
	checks, err := checksOf(ctx, s, in)
	if err != nil {
		return nil, err
	}
	issues, err := standingOf(ctx, s, checks)
	if err != nil {
		return nil, err
	}
	slis, err := measuring(ctx, s, checks)
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
		g.body.NextPageToken = string(checks[len(checks)-1].ID())
	}
	return &graphResponse{g.body}, nil
}

// checksOf gives one page of checks, in the order of their ids.
func checksOf(ctx context.Context, s access.Session, in *graphRequest) ([]issue.Check, error) {
	query := records.Workspace(s.DB, s.Tenant.ID, s.Workspace).Collection(records.ChecksCollection).
		Select("task", "slx", "resource").OrderBy(firestore.DocumentID, firestore.Asc).Limit(in.PageSize)
	if in.SLX != "" {
		query = query.Where("slx", "==", in.SLX)
	}
	if in.PageToken != "" {
		query = query.StartAfter(in.PageToken)
	}
	return decodeAll[issue.Check](query.Documents(ctx), "list checks")
}

// standingOf gives the worst issues that stand of checks, thirty at most, and
// one more than is shown if there are more. Their texts are not read.
func standingOf(ctx context.Context, s access.Session, checks []issue.Check) ([]issue.Issue, error) {
	if len(checks) == 0 {
		return nil, nil
	}
	ids := make([]string, len(checks))
	for n, c := range checks {
		ids[n] = string(c.ID())
	}
	query := issuesOf(s).Where("check", "in", ids).Where("resolvedAt", "==", issue.Unresolved).
		OrderBy("severity", firestore.Asc).Limit(maxGraphIssues+1).
		Select("fingerprint", "task", "slx", "resource", "severity", "state", "runs", "reopened", "since", "lastSeen", "resolvedAt", "investigated", "ignored")
	return decodeAll[issue.Issue](query.Documents(ctx), "list issues of checks")
}

// measuring gives the SLIs of the SLXs that checks serve, and one more than is
// shown if there are more. What they measured is not read.
func measuring(ctx context.Context, s access.Session, checks []issue.Check) ([]sli.SLI, error) {
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
