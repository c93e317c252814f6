package assistants

import (
	"context"
	"errors"
	"fmt"

	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/prompt"
	"github.com/strongroom-dev/strongroom/shared/records"
)

type explainRequest struct {
	Workspace string `path:"workspace" class:"operational"`
	Issue     string `path:"issue" class:"operational"`
	Body      struct {
		Destination string `json:"destination,omitempty" class:"operational" enum:"single-tenant,shared" doc:"Omitted: single-tenant if it is consented to, otherwise shared"`
		Assistant   string `json:"assistant,omitempty" class:"operational" pattern:"^[a-z0-9-]{1,63}$" doc:"Its settings decide which tasks are suggested. Omitted: those of a new assistant"`
	}
}

// explainResponse is a stream of lines of JSON: see answerStream.
type explainResponse struct {
	Body func(huma.Context) `class:"text"`
}

// explainIssue streams the model's explanation. What goes wrong before the first piece of
// the answer is a problem; what goes wrong later is the last line.
func (h *Handler) explainIssue(ctx context.Context, in *explainRequest) (*explainResponse, error) {
	s := access.From(ctx)
	payload, err := h.explanation(ctx, s, in.Issue, in.Body.Assistant, auditlog.ExplainIssue)
	if err != nil {
		return nil, err
	}
	request := modelRequest(s, payload, in.Body.Destination, issueResource(payload.Issue.ID))
	return &explainResponse{Body: func(hc huma.Context) { h.streamAnswer(ctx, hc, request, explanationIDs(payload)) }}, nil
}

type previewExplainRequest struct {
	Workspace   string `path:"workspace" class:"operational"`
	Issue       string `path:"issue" class:"operational"`
	Destination string `query:"destination" class:"operational" enum:"single-tenant,shared"`
	Assistant   string `query:"assistant" class:"operational" pattern:"^[a-z0-9-]{1,63}$"`
}

func (h *Handler) previewExplainIssue(ctx context.Context, in *previewExplainRequest) (*previewResponse, error) {
	s := access.From(ctx)
	payload, err := h.explanation(ctx, s, in.Issue, in.Assistant, auditlog.PreviewExplainIssue)
	if err != nil {
		return nil, err
	}
	return h.preview(ctx, modelRequest(s, payload, in.Destination, issueResource(payload.Issue.ID)))
}

// explanation returns the payload that explains an issue. The action is in the audit log
// before a text is opened.
func (h *Handler) explanation(ctx context.Context, s access.Session, rawID, assistant string, action auditlog.Action) (prompt.Explanation, error) {
	ref, err := issueRef(s, rawID)
	if err != nil {
		return prompt.Explanation{}, err
	}
	docs, err := s.DB.GetAll(ctx, refs(ref))
	if err != nil {
		return prompt.Explanation{}, fmt.Errorf("read issue: %w", err)
	}
	found, err := decodeIssue(docs[0])
	if err != nil {
		return prompt.Explanation{}, err
	}
	settings, err := h.suggestionSettings(ctx, s, assistant)
	if err != nil {
		return prompt.Explanation{}, err
	}
	if err := h.appendAudit(ctx, action, issueResource(ref.ID)); err != nil {
		return prompt.Explanation{}, err
	}
	shown, err := h.showAll(ctx, []issue.Issue{found}, h.deps.Now())
	if err != nil {
		return prompt.Explanation{}, err
	}
	if shown[0].Unreadable {
		return prompt.Explanation{}, errUnreadable
	}
	next, err := h.suggest(ctx, s, settings, shown)
	if err != nil {
		return prompt.Explanation{}, err
	}
	evidence, err := lastRun(ctx, s, found)
	return prompt.Explanation{Issue: payloadIssue(shown[0]), Tasks: payloadTasks(next.Tasks), Evidence: evidence}, err
}

// payloadIssue returns an issue as a payload has it. It has no resource and no line as a
// runner sent it.
func payloadIssue(i issueBody) prompt.Issue {
	return prompt.Issue{
		ID: i.ID, Title: i.Title, Severity: i.Severity, State: i.State, Task: i.Task, SLX: i.SLX,
		FirstSeen: i.FirstSeen, LastSeen: i.LastSeen, Sightings: i.Sightings, Runs: i.Runs, Reopened: i.Reopened,
		Summary: i.Summary, Expected: i.Expected, Actual: i.Actual, NextSteps: i.NextSteps, Details: i.Details, ReproduceHint: i.ReproduceHint,
	}
}

// lastRun returns the newest run that found an issue; nothing if the issue names none, or
// if its record is gone.
func lastRun(ctx context.Context, s access.Session, i issue.Issue) ([]prompt.Run, error) {
	if i.LastRun == "" {
		return nil, nil
	}
	r, err := records.NewRunRef(s.DB, s.Tenant.ID, s.Workspace, i.LastRun).Get(ctx)
	if errors.Is(err, records.ErrRunNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []prompt.Run{{ID: string(i.LastRun), Start: r.Start.Time, Outcome: string(r.End.Outcome)}}, nil
}

// explanationIDs returns the IDs in a payload.
func explanationIDs(p prompt.Explanation) []string {
	ids := append([]string{p.Issue.ID}, taskIDs(p.Tasks)...)
	for _, r := range p.Evidence {
		ids = append(ids, r.ID)
	}
	return ids
}
