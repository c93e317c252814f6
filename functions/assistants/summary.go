package assistants

import (
	"context"
	"strings"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/plaintext"
	"github.com/strongroom-dev/strongroom/shared/prompt"
	"github.com/strongroom-dev/strongroom/shared/sli"
)

// The limits of a summary.
const (
	maxSummaryLines     = 10
	maxSummaryLineBytes = 1000
	maxSummarySLIs      = 20
)

type summarizeRequest struct {
	Workspace string `path:"workspace" class:"operational"`
	Assistant string `path:"assistant" class:"operational"`
	Body      struct {
		Destination string `json:"destination,omitempty" class:"operational" enum:"single-tenant,shared" doc:"Omitted: single-tenant if it is consented to, otherwise shared"`
	}
}

type summarizeResponse struct {
	Body struct {
		Lines []string `json:"lines" class:"text" doc:"At most ten, as a language model wrote them: untrusted text"`
		SentBody
	}
}

func (h *Handler) summarizeWorkspace(ctx context.Context, in *summarizeRequest) (*summarizeResponse, error) {
	s := access.From(ctx)
	payload, err := h.summary(ctx, s, in.Assistant, auditlog.SummarizeWorkspace)
	if err != nil {
		return nil, err
	}
	answer, err := h.send(ctx, modelRequest(s, payload, in.Body.Destination, assistantResource(in.Assistant)))
	if err != nil {
		return nil, err
	}
	out := &summarizeResponse{}
	out.Body.Lines, out.Body.SentBody = summaryLines(answer.Text), newSentBody(answer, summaryIDs(payload))
	return out, nil
}

type previewAssistantRequest struct {
	Workspace   string `path:"workspace" class:"operational"`
	Assistant   string `path:"assistant" class:"operational"`
	Destination string `query:"destination" class:"operational" enum:"single-tenant,shared"`
}

func (h *Handler) previewSummarizeWorkspace(ctx context.Context, in *previewAssistantRequest) (*previewResponse, error) {
	s := access.From(ctx)
	payload, err := h.summary(ctx, s, in.Assistant, auditlog.PreviewSummarizeWorkspace)
	if err != nil {
		return nil, err
	}
	return h.preview(ctx, modelRequest(s, payload, in.Destination, assistantResource(in.Assistant)))
}

// summary returns the payload that summarizes the workspace. The action is in the audit
// log before a text is opened.
func (h *Handler) summary(ctx context.Context, s access.Session, assistant string, action auditlog.Action) (prompt.Summary, error) {
	ref, err := assistantRef(s, assistant)
	if err != nil {
		return prompt.Summary{}, err
	}
	if err := h.appendAudit(ctx, action, assistantResource(ref.ID)); err != nil {
		return prompt.Summary{}, err
	}
	settings, err := h.readAssistant(ctx, s, ref)
	if err != nil {
		return prompt.Summary{}, err
	}
	now := h.now()
	gathered, err := h.gather(ctx, s, now)
	if err != nil {
		return prompt.Summary{}, err
	}
	worst, err := h.showAll(ctx, gathered.worst, now)
	if err != nil {
		return prompt.Summary{}, err
	}
	next, err := h.suggest(ctx, s, settings, worst)
	if err != nil {
		return prompt.Summary{}, err
	}
	return prompt.Summary{Issues: issueLines(worst), SLIs: payloadSLIs(healthOf(gathered.slis, now)), Tasks: payloadTasks(next.Tasks)}, nil
}

func issueLines(issues []issueBody) []prompt.IssueLine {
	var lines []prompt.IssueLine
	for _, i := range issues {
		lines = append(lines, prompt.IssueLine{
			ID: i.ID, Title: i.Title, Severity: i.Severity, State: i.State, Task: i.Task, SLX: i.SLX, LastSeen: i.LastSeen, Sightings: i.Sightings,
		})
	}
	return lines
}

// payloadSLIs returns the SLIs that raise an alert or are stale, without their
// objectives.
func payloadSLIs(shown []sliBody) []prompt.SLI {
	var slis []prompt.SLI
	for _, s := range shown {
		if len(slis) == maxSummarySLIs || s.Alert == string(sli.None) && !s.Stale {
			continue
		}
		p := prompt.SLI{Name: s.Name, SLX: s.SLX, Alert: s.Alert, Stale: s.Stale, Share: s.Windows.Hour.Share, Burn: s.Windows.Hour.Burn}
		if s.Last != nil {
			p.Last = s.Last.Value
		}
		slis = append(slis, p)
	}
	return slis
}

func summaryIDs(p prompt.Summary) []string {
	ids := taskIDs(p.Tasks)
	for _, i := range p.Issues {
		ids = append(ids, i.ID)
	}
	return ids
}

// summaryLines returns the first lines of an answer that are not empty.
func summaryLines(answer string) []string {
	lines := []string{}
	for line := range strings.Lines(plaintext.Clean(answer)) {
		if line = plaintext.Line(line, maxSummaryLineBytes); line != "" && len(lines) < maxSummaryLines {
			lines = append(lines, line)
		}
	}
	return lines
}
