package assistants

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/model"
	"github.com/strongroom-dev/strongroom/shared/prompt"
	"github.com/strongroom-dev/strongroom/shared/quota"
)

const (
	explainPath = issuePath + "/explain"
	summaryPath = assistantPath + "/summary"
	rankPath    = assistantPath + "/rank"
)

// registerModels registers the operations that send data to a language model, if the
// tenant and the platform consent, and the previews of what they would send.
func (h *Handler) registerModels() {
	api.Register(h.API, h.modelOperation("explainIssue", http.MethodPost, explainPath,
		"Explain an issue, with a language model; the answer is streamed as lines of JSON", auditlog.ExplainIssue), h.explainIssue)
	api.Register(h.API, h.modelOperation("previewExplainIssue", http.MethodGet, explainPath+"/preview",
		"Show exactly what explaining an issue would send", auditlog.PreviewExplainIssue), h.previewExplainIssue)
	api.Register(h.API, h.modelOperation("summarizeWorkspace", http.MethodPost, summaryPath,
		"Summarize the workspace in at most ten lines, with a language model", auditlog.SummarizeWorkspace), h.summarizeWorkspace)
	api.Register(h.API, h.modelOperation("previewSummarizeWorkspace", http.MethodGet, summaryPath+"/preview",
		"Show exactly what a summary would send", auditlog.PreviewSummarizeWorkspace), h.previewSummarizeWorkspace)
	api.Register(h.API, h.modelOperation("rankNextTasks", http.MethodPost, rankPath,
		"Get the next tasks in the order of a language model, or in that of their scores", auditlog.RankNextTasks), h.rankNextTasks)
	api.Register(h.API, h.modelOperation("previewRankNextTasks", http.MethodGet, rankPath+"/preview",
		"Show exactly what ordering the next tasks would send", auditlog.PreviewRankNextTasks), h.previewRankNextTasks)
}

func (h *Handler) modelOperation(id, method, path, summary string, action auditlog.Action) huma.Operation {
	return api.WithMemory(h.operation(id, method, path, summary, action, 404, 409), textMemory)
}

// modelRequest returns a request to a model for the session's workspace.
func modelRequest(s access.Session, payload prompt.Payload, destination, resource string) model.Request {
	return model.Request{
		Tenant: s.Tenant, DB: s.DB, Workspace: s.Workspace, Actor: auditlog.By(s.Principal),
		Resource: resource, Destination: consent.Destination(destination), Payload: payload,
	}
}

// countSend counts a request to a model that call makes. One that is not on the ledger, because
// it was refused before, does not count.
func (h *Handler) countSend(ctx context.Context, call func() error) error {
	one := quota.Amounts{quota.ModelSends: 1}
	claim, err := h.guard.TakeQuota(ctx, access.From(ctx), one)
	if err != nil {
		return err
	}
	err = call()
	if refusal := (*consent.Refusal)(nil); errors.As(err, &refusal) && refusal.Entry == "" {
		claim.Return(one)
	}
	return err
}

// send sends a request to a model, within the tenant's quota.
func (h *Handler) send(ctx context.Context, r model.Request) (answer model.Answer, err error) {
	err = h.countSend(ctx, func() error {
		answer, err = h.models.Send(ctx, r)
		return err
	})
	return answer, err
}

// SentBody says what was sent, where, and how to find it on the ledger.
type SentBody struct {
	Entry       string   `json:"entry" class:"operational" doc:"ID of the entry models.send in the audit log"`
	Destination string   `json:"destination" class:"operational" enum:"single-tenant,shared"`
	Model       string   `json:"model" class:"operational"`
	Omitted     []string `json:"omitted,omitempty" class:"operational" doc:"Fields that did not fit into the limit, so they were not sent"`
	Cut         bool     `json:"cut,omitempty" class:"operational" doc:"The answer reached the limit, so it is not complete"`
	Evidence    []string `json:"evidence" class:"operational" doc:"IDs of issues, runs and tasks that the answer names and that were in the request. The model made up any other ID"`
}

// newSentBody describes an answer. ids are those in the request.
func newSentBody(a model.Answer, ids []string) SentBody {
	return SentBody{
		Entry: a.Entry, Destination: string(a.Destination), Model: a.Model, Omitted: a.Omitted, Cut: a.Cut, Evidence: namedIn(a.Text, ids),
	}
}

// namedIn returns the IDs that a text has, each once.
func namedIn(text string, ids []string) []string {
	named := []string{}
	for _, id := range ids {
		if id != "" && strings.Contains(text, id) && !slices.Contains(named, id) {
			named = append(named, id)
		}
	}
	return named
}

type previewResponse struct {
	Body previewBody
}

// previewBody is what would be sent.
type previewBody struct {
	Destination string            `json:"destination" class:"operational" enum:"single-tenant,shared"`
	Project     string            `json:"project" class:"operational"`
	Location    string            `json:"location" class:"operational"`
	Model       string            `json:"model" class:"operational"`
	Request     string            `json:"request" class:"text" doc:"Body of the request to the model, byte for byte. Empty: there is nothing to send, so nothing would be sent"`
	Bytes       int               `json:"bytes" class:"operational" doc:"Size of the request"`
	SHA256      string            `json:"sha256" class:"operational" doc:"Of the request, in hex; the ledger would have it too. Empty: there is no request"`
	Fields      []sentField       `json:"fields" doc:"Fields that would be sent"`
	Omitted     []string          `json:"omitted" class:"operational" doc:"Fields that do not fit into the limit"`
	Allowed     bool              `json:"allowed" class:"operational" doc:"There is something to send, and the consents are in effect, so it would be sent if the limits allow it"`
	Missing     []missingHalfBody `json:"missing" doc:"Halves of consents that are not in effect, for each destination"`
	SamePerson  bool              `json:"samePerson,omitempty" class:"operational" doc:"One person gave both halves; somebody else must give one of them"`
}

type sentField struct {
	Name  string `json:"name" class:"operational" doc:"Such as issue.title, or tasks[].name"`
	Class string `json:"class" class:"operational" doc:"Data class"`
}

type missingHalfBody struct {
	Destination string `json:"destination" class:"operational"`
	Side        string `json:"side" class:"operational" enum:"tenant,platform" doc:"Who must give it: an admin of the tenant, or the platform's staff"`
	State       string `json:"state" class:"operational" enum:"none,expired,withdrawn,outdated,invalid"`
}

// preview shows what a request would send. It sends nothing.
func (h *Handler) preview(ctx context.Context, r model.Request) (*previewResponse, error) {
	p, err := h.models.Preview(ctx, r)
	if err != nil {
		return nil, err
	}
	b := previewBody{
		Destination: string(p.Destination), Project: p.Endpoint.ProjectID, Location: p.Endpoint.Location, Model: p.Endpoint.Model,
		Request: string(p.Body), Bytes: len(p.Body), SHA256: digest(p.Body), Fields: []sentField{},
		Omitted: append([]string{}, p.Omitted...), Allowed: p.Refusal == nil && len(p.Body) > 0, Missing: []missingHalfBody{},
	}
	for _, f := range p.Fields {
		b.Fields = append(b.Fields, sentField{f.Name, string(f.Class)})
	}
	if p.Refusal != nil {
		b.SamePerson = p.Refusal.SamePerson
		for _, m := range p.Refusal.Missing {
			b.Missing = append(b.Missing, missingHalfBody{string(m.Destination), string(m.Side), string(m.State)})
		}
	}
	return &previewResponse{b}, nil
}

// digest returns the SHA-256 of a request in hex, and nothing for none.
func digest(body []byte) string {
	if len(body) == 0 {
		return ""
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// suggestionSettings returns the settings that decide which tasks are suggested: those of
// an assistant, or the defaults if id is empty.
func (h *Handler) suggestionSettings(ctx context.Context, s access.Session, id string) (AssistantBody, error) {
	if id == "" {
		relevance := defaultRelevance
		return AssistantBody{Relevance: &relevance, AccessLevel: string(readOnlyAccess)}, nil
	}
	ref, err := assistantRef(s, id)
	if err != nil {
		return AssistantBody{}, err
	}
	return h.readAssistant(ctx, s, ref)
}

// defaultRelevance is that of an assistant that sets none: see AssistantBody.
const defaultRelevance = 0.85

// payloadTasks returns suggested tasks as a payload has them, without the resources and
// steps that led to them.
func payloadTasks(suggested []nextTaskBody) []prompt.Task {
	var tasks []prompt.Task
	for _, t := range suggested {
		tasks = append(tasks, prompt.Task{ID: t.ID, Name: t.Name, Documentation: t.Documentation})
	}
	return tasks
}

func taskIDs(tasks []prompt.Task) []string {
	var ids []string
	for _, t := range tasks {
		ids = append(ids, t.ID)
	}
	return ids
}

// errUnreadable is the error of an issue whose text cannot be read, so that there is
// nothing to send.
var errUnreadable = api.Refuse(http.StatusConflict, "the text of this issue cannot be decrypted, so there is nothing to explain")

func issueResource(id string) string     { return fmt.Sprintf("issues/%s", id) }
func assistantResource(id string) string { return fmt.Sprintf("assistants/%s", id) }
