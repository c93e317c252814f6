package assistants

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

const issuePath = workspacePath + "/issues/{issue}"

func (h *Handler) registerIssues() {
	api.Register(h.API, api.WithMemory(h.reading("searchIssues", http.MethodPost, workspacePath+"/issues/search",
		"Search issues, active ones and the most severe first", auditlog.ListIssues), textMemory), h.searchIssues)
	api.Register(h.API, h.reading("getIssue", http.MethodGet, issuePath,
		"Get an issue", auditlog.ReadIssue, 404), h.getIssue)
	api.Register(h.API, h.operation("investigateIssue", http.MethodPost, issuePath+"/investigate",
		"Mark an issue as investigated by the caller; repeatable", auditlog.InvestigateIssue, 404, 409), h.investigate)
	api.Register(h.API, h.operation("ignoreIssue", http.MethodPost, issuePath+"/ignore",
		"Ignore an issue until a time; repeatable", auditlog.IgnoreIssue, 404, 413), h.ignore)
}

type searchIssuesRequest struct {
	Workspace string `path:"workspace" class:"operational"`
	Body      issueSearch
}

// issueSearch selects issues. Empty fields match every issue.
type issueSearch struct {
	State     string    `json:"state,omitempty" class:"metadata" enum:"active,detected,open,investigated,reopened,resolved,ignored" doc:"active: all states except resolved and ignored"`
	Severity  int       `json:"severity,omitempty" class:"metadata" minimum:"1" maximum:"4"`
	SLX       string    `json:"slx,omitempty" class:"metadata" maxLength:"256"`
	Resource  string    `json:"resource,omitempty" class:"metadata" maxLength:"1024"`
	Task      string    `json:"task,omitempty" class:"metadata" maxLength:"256"`
	IDPrefix  string    `json:"idPrefix,omitempty" class:"operational" pattern:"^[a-z2-7]{1,52}$" doc:"Only issues whose ID starts with this, sorted by ID; without other filters, and the first page only"`
	From      time.Time `json:"from,omitempty" class:"metadata" doc:"Last seen at this time or later"`
	To        time.Time `json:"to,omitempty" class:"metadata" doc:"Last seen before this time"`
	PageSize  int       `json:"pageSize,omitempty" class:"operational" minimum:"1" maximum:"200" default:"50"`
	PageToken string    `json:"pageToken,omitempty" class:"operational" maxLength:"32768"`
}

type searchIssuesResponse struct {
	Body struct {
		AsOf          time.Time   `json:"asOf" class:"operational" doc:"The time of the first page. All pages show the issues as of this time"`
		Issues        []issueBody `json:"issues"`
		NextPageToken string      `json:"nextPageToken,omitempty" class:"operational" doc:"There may be more issues, even if this page is short or empty"`
	}
}

func (r issueSearch) issueFilter() issueFilter {
	return issueFilter{
		State: r.State, Severity: r.Severity,
		SLX: run.CanonicalName(r.SLX), Resource: run.CanonicalName(r.Resource), Task: run.CanonicalName(r.Task),
		From: r.From.UTC(), To: r.To.UTC(), IDPrefix: r.IDPrefix,
	}
}

func (h *Handler) searchIssues(ctx context.Context, request *searchIssuesRequest) (*searchIssuesResponse, error) {
	s, in := access.From(ctx), request.Body
	if err := api.CheckRange("body", in.From, in.To); err != nil {
		return nil, err
	}
	if in.IDPrefix != "" && in != (issueSearch{IDPrefix: in.IDPrefix, PageSize: in.PageSize}) {
		return nil, api.Contradiction("idPrefix allows no other filter and no page token; remove them", "body.idPrefix")
	}
	f := in.issueFilter()
	token, err := access.ParsePageToken[string](ctx, in.PageToken, "issues")
	if err != nil {
		return nil, err
	}
	at, err := parseCursor(token, f, h.deps.Now())
	if err != nil {
		return nil, api.InvalidPageToken()
	}
	p, err := newIssuePage(ctx, s, f, in.PageSize, at)
	if err != nil {
		return nil, err
	}
	// The entry and the rest of the page do not depend on each other. The texts are opened after both.
	var recorded errgroup.Group
	recorded.Go(func() error { return h.appendAudit(ctx, auditlog.ListIssues, "issues") })
	more, err := p.read(ctx)
	if recordErr := recorded.Wait(); err == nil {
		err = recordErr
	}
	if in.PageToken != "" && isReadTimeTooOld(err) {
		return nil, api.InvalidPageToken()
	}
	if err != nil {
		return nil, err
	}
	out := &searchIssuesResponse{}
	if out.Body.Issues, err = h.showAll(ctx, p.found, at.at); err != nil {
		return nil, err
	}
	out.Body.AsOf = at.at
	if more && in.IDPrefix == "" {
		out.Body.NextPageToken = access.PageToken(ctx, p.at.token(f), "issues") // the token has a hash of the filter
	}
	return out, nil
}

// isReadTimeTooOld reports whether Firestore can no longer read as of a token's time:
// by its clock, the time is too old, or the database was restored since then.
func isReadTimeTooOld(err error) bool {
	code := status.Code(err)
	return code == codes.FailedPrecondition || code == codes.InvalidArgument
}

type issueRequest struct {
	Workspace string `path:"workspace" class:"operational"`
	Issue     string `path:"issue" class:"operational"`
}

type issueResponse struct {
	Body struct {
		FactsBody
		TextBody
		Seen []time.Time `json:"seen" class:"metadata" doc:"Starts of the newest runs that saw it, the oldest first, at most 128"`
	}
}

func (h *Handler) getIssue(ctx context.Context, in *issueRequest) (*issueResponse, error) {
	s := access.From(ctx)
	ref, err := issueRef(s, in.Issue)
	if err != nil {
		return nil, err
	}
	docs, err := s.DB.GetAll(ctx, refs(ref))
	if err != nil {
		return nil, fmt.Errorf("read issue: %w", err)
	}
	i, err := decodeIssue(docs[0])
	if err != nil {
		return nil, err
	}
	if err := h.appendAudit(ctx, auditlog.ReadIssue, "issues/"+ref.ID); err != nil {
		return nil, err
	}
	shown, err := h.showAll(ctx, []issue.Issue{i}, h.deps.Now())
	if err != nil {
		return nil, err
	}
	out := &issueResponse{}
	out.Body.FactsBody, out.Body.TextBody, out.Body.Seen = shown[0].FactsBody, shown[0].TextBody, i.History.Times()
	return out, nil
}

func issueRef(s access.Session, raw string) (*firestore.DocumentRef, error) {
	id, ok := issue.ParseID(raw)
	if !ok {
		return nil, api.Refuse(http.StatusBadRequest, "an issue ID has 52 characters from a-z and 2-7")
	}
	return records.IssueRef(s.DB, s.Tenant.ID, s.Workspace, id), nil
}

// decodeIssue decodes an issue. It returns a 404 if the document does not exist.
func decodeIssue(doc *firestore.DocumentSnapshot) (issue.Issue, error) {
	if !doc.Exists() {
		return issue.Issue{}, api.Refuse(http.StatusNotFound, "this workspace has no such issue")
	}
	i, err := records.Decode[issue.Issue](doc)
	i.ID = issue.ID(doc.Ref.ID)
	return i, err
}
