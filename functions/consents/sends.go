package consents

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/ledger"
	"github.com/strongroom-dev/strongroom/shared/run"
)

type sendsRequest struct {
	Feature   string `query:"feature" class:"operational" enum:"explain-issue,summarise-workspace,rank-next-tasks,enrich-catalog" doc:"Only requests of this feature"`
	PageSize  int    `query:"pageSize" class:"operational" minimum:"1" maximum:"200" default:"50"`
	PageToken string `query:"pageToken" class:"operational"`
}

type sendsResponse struct {
	Body struct {
		Sends []SendBody `json:"sends"`
		Next  string     `json:"nextPageToken,omitempty" class:"operational" doc:"Token for the next page; absent on the last page"`
	}
}

// SendBody is a request to a model.
type SendBody struct {
	Entry        string     `json:"entry" class:"operational" doc:"ID of its entry in the audit log, which was written before it was sent"`
	Time         time.Time  `json:"time" class:"operational"`
	Feature      string     `json:"feature" class:"operational"`
	Destination  string     `json:"destination" class:"operational"`
	ProjectID    string     `json:"projectId" class:"operational"`
	Location     string     `json:"location" class:"operational"`
	Model        string     `json:"model" class:"operational"`
	Workspace    string     `json:"workspace,omitempty" class:"operational"`
	Resource     string     `json:"resource,omitempty" class:"operational" doc:"What it is about"`
	Fields       []string   `json:"fields" class:"operational" doc:"What was sent: the name of each field and its data class"`
	Omitted      []string   `json:"omitted,omitempty" class:"operational" doc:"Names of fields, or lists, of which something did not fit"`
	Bytes        int64      `json:"bytes" class:"operational" doc:"Size of the request's body"`
	SHA256       string     `json:"sha256" class:"operational" doc:"Of the request's exact body, in hex"`
	Consents     []string   `json:"consents,omitempty" class:"operational" doc:"IDs of the tenant's half and the platform's half"`
	StoredUntil  *time.Time `json:"storedUntil,omitempty" class:"operational" doc:"The exact request can be shown before this; absent: it is not stored"`
	Status       string     `json:"status" class:"operational" enum:"open,answered,blocked,invalid,failed,interrupted,not-sent" doc:"open: no end is recorded, so it may have been sent. not-sent: no byte of it was sent"`
	Reason       string     `json:"reason,omitempty" class:"operational" doc:"Finish or block reason of the model, or a code"`
	Ended        *time.Time `json:"ended,omitempty" class:"operational"`
	EndEntry     string     `json:"endEntry,omitempty" class:"operational" doc:"ID of the audit entry of its end"`
	Version      string     `json:"version,omitempty" class:"operational" doc:"Version of the model, as its answer says"`
	PromptTokens int64      `json:"promptTokens,omitempty" class:"operational"`
	AnswerTokens int64      `json:"answerTokens,omitempty" class:"operational"`
	AnswerBytes  int64      `json:"answerBytes,omitempty" class:"operational"`
	AnswerSHA256 string     `json:"answerSha256,omitempty" class:"operational" doc:"Of the text of the answer, in hex"`
}

func showSend(s ledger.Listed) SendBody {
	b := SendBody{
		Entry: s.ID, Time: s.Time.UTC(), Feature: string(s.Feature), Destination: string(s.Destination),
		ProjectID: s.ProjectID, Location: s.Location, Model: s.Model, Workspace: string(s.Workspace), Resource: s.Resource,
		Fields: append([]string{}, s.Fields...), Omitted: s.Omitted, Bytes: s.Bytes, SHA256: s.SHA256, StoredUntil: known(s.StoredUntil),
		Status: string(s.Status), Reason: s.Reason, Ended: known(s.Ended), EndEntry: s.EndEntry, Version: s.Version,
		PromptTokens: s.PromptTokens, AnswerTokens: s.AnswerTokens, AnswerBytes: s.AnswerBytes, AnswerSHA256: s.AnswerSHA256,
	}
	if s.TenantHalf != "" {
		b.Consents = []string{s.TenantHalf, s.StaffHalf}
	}
	if s.Send.Status == ledger.Open {
		b.Status = "open"
	}
	return b
}

// sends lists the ledger of the session's tenant. Staff have no tenant, so they list the
// platform's.
func (h *Handler) sends(ctx context.Context, in *sendsRequest) (*sendsResponse, error) {
	s := access.From(ctx)
	query := "model sends " + in.Feature
	after, err := access.ParsePageToken[ledger.Position](ctx, in.PageToken, query)
	if err != nil {
		return nil, err
	}
	home := ledger.Home{DB: s.DB, Tenant: s.Tenant.ID}
	listed, err := home.List(ctx, consent.Feature(in.Feature), after, in.PageSize+1)
	if err != nil {
		return nil, err
	}
	out := &sendsResponse{}
	out.Body.Sends = []SendBody{}
	for _, one := range listed[:min(len(listed), in.PageSize)] {
		out.Body.Sends = append(out.Body.Sends, showSend(one))
		after = ledger.Position{Time: one.Time.UnixMicro(), ID: one.ID}
	}
	if len(listed) > in.PageSize {
		out.Body.Next = access.PageToken(ctx, after, query)
	}
	return out, nil
}

type shownRequest struct {
	Send string `path:"send" class:"operational"`
}

type shownResponse struct {
	Body struct {
		Entry   string `json:"entry" class:"operational"`
		SHA256  string `json:"sha256" class:"operational" doc:"Of request, in hex"`
		Request string `json:"request" class:"text" doc:"The exact body that was sent"`
	}
}

// shown shows a stored request. The read is recorded before the request is opened.
func (h *Handler) shown(ctx context.Context, in *shownRequest) (*shownResponse, error) {
	s := access.From(ctx)
	home := ledger.Home{DB: s.DB, Tenant: s.Tenant.ID}
	notStored := api.Refuse(http.StatusNotFound, "the ledger has no such request, or it is not stored")
	if _, err := run.ParseID(in.Send); err != nil { // both are UUIDv7
		return nil, api.Refuse(http.StatusBadRequest, "the ID of a request is a UUIDv7, as GET /v1/model-sends lists them")
	}
	send, err := home.Get(ctx, in.Send)
	if errors.Is(err, ledger.ErrNotFound) || err == nil && !h.deps.Now().Before(send.StoredUntil) {
		return nil, notStored
	}
	if err != nil {
		return nil, err
	}
	entry := auditlog.Entry{
		Tenant: s.Tenant.ID, Actor: auditlog.By(s.Principal), Action: auditlog.ReadModelRequest, Outcome: auditlog.Allowed,
		Workspace: send.Workspace, Resource: "model-sends/" + in.Send,
	}
	if _, err := h.guard.Audit.Append(ctx, s.DB, entry); err != nil {
		return nil, fmt.Errorf("record read: %w", err)
	}
	tenantKeys, err := h.tenants.Of(ctx, s.Tenant, s.DB)
	if err != nil {
		return nil, err
	}
	request, err := home.Request(ctx, in.Send, h.deps.Now(), tenantKeys.Sealer)
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		return nil, notStored
	case errors.Is(err, keys.ErrKeyUnavailable):
		return nil, api.Refuse(http.StatusForbidden, api.KeyLockedText)
	case err != nil:
		return nil, err
	}
	out := &shownResponse{}
	out.Body.Entry, out.Body.SHA256, out.Body.Request = in.Send, send.SHA256, string(request)
	return out, nil
}
