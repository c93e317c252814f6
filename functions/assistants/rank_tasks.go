package assistants

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/prompt"
)

type rankRequest struct {
	Workspace string `path:"workspace" class:"operational"`
	Assistant string `path:"assistant" class:"operational"`
	Body      struct {
		Destination string `json:"destination,omitempty" class:"operational" enum:"single-tenant,shared" doc:"Omitted: single-tenant if it is consented to, otherwise shared"`
	}
}

type rankResponse struct {
	Body struct {
		Next      nextBody     `json:"next" doc:"The tasks of the assistant's answer"`
		OrderedBy string       `json:"orderedBy" class:"operational" enum:"model,score" doc:"score: the order of the assistant's answer, because there is no order of a model"`
		Sent      *SentBody    `json:"sent,omitempty" doc:"What was sent. Omitted: nothing, or there is no answer"`
		Fallback  *api.Problem `json:"fallback,omitempty" doc:"Why there is no order of a model. Omitted: there is one, or there are fewer than two tasks to order"`
	}
}

// minRanked is how many public tasks must be suggested, so that their order is worth a
// request.
const minRanked = 2

// rankNextTasks orders the suggested tasks as a model answers. Without an answer, it
// returns them in the order of their scores, and says why.
func (h *Handler) rankNextTasks(ctx context.Context, in *rankRequest) (*rankResponse, error) {
	s := access.From(ctx)
	next, payload, err := h.rankable(ctx, s, in.Assistant, auditlog.RankNextTasks)
	if err != nil {
		return nil, err
	}
	out := &rankResponse{}
	out.Body.Next, out.Body.OrderedBy = next, "score"
	if len(payload.Tasks) < minRanked {
		return out, nil
	}
	answer, err := h.send(ctx, modelRequest(s, payload, in.Body.Destination, assistantResource(in.Assistant)))
	if isRefusal(err) {
		out.Body.Fallback = api.ToProblem(ctx, err)
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	sent := newSentBody(answer, rankingIDs(payload))
	out.Body.Sent = &sent
	order := parseRanking(answer.Text, rankingIDs(payload))
	if len(order) == 0 {
		out.Body.Fallback = api.ToProblem(ctx, &consent.Refusal{Code: consent.CodeAnswer, Feature: consent.RankNextTasks, Entry: answer.Entry})
		return out, nil
	}
	reorder(out.Body.Next.Tasks, order)
	out.Body.OrderedBy = "model"
	return out, nil
}

func isRefusal(err error) bool {
	var refused *consent.Refusal
	var problem *api.Problem
	return errors.As(err, &refused) || errors.As(err, &problem) && problem.Code == api.QuotaExceededCode
}

func (h *Handler) previewRankNextTasks(ctx context.Context, in *previewAssistantRequest) (*previewResponse, error) {
	s := access.From(ctx)
	_, payload, err := h.rankable(ctx, s, in.Assistant, auditlog.PreviewRankNextTasks)
	if err != nil {
		return nil, err
	}
	if len(payload.Tasks) < minRanked {
		payload = prompt.Ranking{} // there is nothing to order
	}
	return h.preview(ctx, modelRequest(s, payload, in.Destination, assistantResource(in.Assistant)))
}

// rankable returns the suggested tasks, and the payload that orders those of the catalog.
// The action is in the audit log before a text is opened.
func (h *Handler) rankable(ctx context.Context, s access.Session, assistant string, action auditlog.Action) (nextBody, prompt.Ranking, error) {
	ref, err := assistantRef(s, assistant)
	if err != nil {
		return nextBody{}, prompt.Ranking{}, err
	}
	if err := h.appendAudit(ctx, action, assistantResource(ref.ID)); err != nil {
		return nextBody{}, prompt.Ranking{}, err
	}
	settings, err := h.readAssistant(ctx, s, ref)
	if err != nil {
		return nextBody{}, prompt.Ranking{}, err
	}
	now, gathered := h.now(), workspaceSummary{}
	if err := gathered.readWorst(ctx, s, now); err != nil {
		return nextBody{}, prompt.Ranking{}, err
	}
	worst, err := h.showAll(ctx, gathered.worst, now)
	if err != nil {
		return nextBody{}, prompt.Ranking{}, err
	}
	next, err := h.suggest(ctx, s, settings, worst)
	if err != nil {
		return nextBody{}, prompt.Ranking{}, err
	}
	payload, err := h.rankingPayload(ctx, next, worst)
	return next, payload, err
}

// rankingPayload has names of the public catalog only: as the catalog has them, not as
// the workspace's runs do.
func (h *Handler) rankingPayload(ctx context.Context, next nextBody, worst []issueBody) (prompt.Ranking, error) {
	index, err := h.cache.Current(ctx)
	if err != nil {
		return prompt.Ranking{}, err
	}
	var p prompt.Ranking
	if len(worst) > 0 {
		if ids := index.Named(worst[0].Task); len(ids) > 0 {
			p.Found = index.Task(ids[0]).Name
		}
	}
	for _, t := range next.Tasks {
		if name := index.Task(t.ID).Name; name != "" {
			p.Tasks = append(p.Tasks, prompt.CatalogName{ID: t.ID, Name: name})
		}
	}
	return p, nil
}

func rankingIDs(p prompt.Ranking) []string {
	var ids []string
	for _, t := range p.Tasks {
		ids = append(ids, t.ID)
	}
	return ids
}

// parseRanking returns the position of each ID that an answer orders. It ignores IDs that
// were not sent, and repeated ones. The result is empty if the answer is not a JSON array
// of texts, in a Markdown code block or not.
func parseRanking(answer string, sent []string) map[string]int {
	answer = strings.TrimSpace(answer)
	if block, ok := strings.CutPrefix(answer, "```"); ok {
		answer = strings.TrimSuffix(strings.TrimSpace(strings.TrimPrefix(block, "json")), "```")
	}
	var ids []string
	if json.Unmarshal([]byte(answer), &ids) != nil {
		return nil
	}
	known := map[string]bool{}
	for _, id := range sent {
		known[id] = true
	}
	order := map[string]int{}
	for _, id := range ids {
		if _, twice := order[id]; known[id] && !twice {
			order[id] = len(order)
		}
	}
	return order
}

// reorder moves the tasks that are ordered among their own places. All others keep their
// places.
func reorder(tasks []nextTaskBody, order map[string]int) {
	var places []int
	ordered := make([]*nextTaskBody, len(order))
	for i := range tasks {
		if at, ok := order[tasks[i].ID]; ok {
			places = append(places, i)
			t := tasks[i]
			ordered[at] = &t
		}
	}
	n := 0
	for _, t := range ordered {
		if t != nil {
			tasks[places[n]] = *t
			n++
		}
	}
}
