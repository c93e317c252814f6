package consents

import (
	"context"
	"net/http"
	"slices"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/halves"
	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
)

type listResponse struct {
	Body struct {
		Consents []ConsentBody `json:"consents" doc:"Each feature at each destination that exists, and each consent for a workspace that was ever given"`
	}
}

type staffListRequest struct {
	Tenant string `path:"tenant" class:"operational"`
}

type staffListResponse struct {
	Body struct {
		Consents []StaffConsentBody `json:"consents" doc:"Each feature at each destination that exists, and each consent for a workspace that was ever given"`
	}
}

func (h *Handler) list(ctx context.Context, _ *struct{}) (*listResponse, error) {
	t, out := own(ctx), &listResponse{}
	all, err := h.listIn(ctx, t)
	out.Body.Consents = make([]ConsentBody, len(all))
	for i, c := range all {
		out.Body.Consents[i] = h.show(t, c)
	}
	return out, err
}

func (h *Handler) listAsStaff(ctx context.Context, in *staffListRequest) (*staffListResponse, error) {
	t, err := h.ofStaff(ctx, in.Tenant)
	if err != nil {
		return nil, err
	}
	all, err := h.listIn(ctx, t)
	out := &staffListResponse{}
	out.Body.Consents = make([]StaffConsentBody, len(all))
	for i, c := range all {
		out.Body.Consents[i] = h.showStaff(t, c)
	}
	return out, err
}

// listIn reads all consents of a tenant: those that could be given, and those that were
// ever given.
func (h *Handler) listIn(ctx context.Context, t target) ([]halves.Consent, error) {
	given, err := halves.Scopes(ctx, t.db, t.record.ID)
	if err != nil {
		return nil, err
	}
	var wants []halves.Want
	add := func(s consent.Scope) { wants = append(wants, halves.Want{Scope: s, Text: h.config.Text(t.record, s)}) }
	for _, spec := range consent.Features {
		for _, d := range consent.Destinations {
			s := consent.Scope{Tenant: t.record.ID, Feature: spec.Feature, Destination: d}
			if !spec.Public && (h.config.Endpoint(t.record, d).Exists() || slices.Contains(given, s)) {
				add(s)
			}
		}
	}
	for _, s := range given {
		if _, exists := s.Feature.Spec(); exists && s.Workspace != "" {
			add(s)
		}
	}
	return h.store.Read(ctx, t.db, wants)
}

type detailResponse struct {
	Body struct {
		ConsentBody
		TextBody string        `json:"textBody" class:"operational" doc:"The current text"`
		History  []HistoryBody `json:"history" doc:"Every half that was given, the newest first, at most 100"`
	}
}

// HistoryBody is a half of the history.
type HistoryBody struct {
	Side string `json:"side" class:"operational" enum:"tenant,platform"`
	GivenHalfBody
}

func (h *Handler) get(ctx context.Context, in *consentRequest) (*detailResponse, error) {
	t, out := own(ctx), &detailResponse{}
	want, c, err := h.read(ctx, t, in.Path)
	if err != nil {
		return nil, err
	}
	history, err := h.store.History(ctx, t.db, want)
	if err != nil {
		return nil, err
	}
	out.Body.ConsentBody, out.Body.TextBody = h.show(t, c), want.Text.Body
	out.Body.History = make([]HistoryBody, len(history))
	for i, half := range history {
		out.Body.History[i] = HistoryBody{string(half.Side), showGivenHalf(half)}
	}
	return out, nil
}

type staffDetailResponse struct {
	Body struct {
		StaffConsentBody
		TextBody string `json:"textBody" class:"operational" doc:"The current text"`
	}
}

func (h *Handler) getAsStaff(ctx context.Context, in *staffConsentRequest) (*staffDetailResponse, error) {
	t, err := h.ofStaff(ctx, in.Tenant)
	if err != nil {
		return nil, err
	}
	want, c, err := h.read(ctx, t, in.Path)
	if err != nil {
		return nil, err
	}
	out := &staffDetailResponse{}
	out.Body.StaffConsentBody, out.Body.TextBody = h.showStaff(t, c), want.Text.Body
	return out, nil
}

// read reads the consent that a path names.
func (h *Handler) read(ctx context.Context, t target, p Path) (halves.Want, halves.Consent, error) {
	want, err := h.want(ctx, t, p)
	if err != nil {
		return want, halves.Consent{}, err
	}
	all, err := h.store.Read(ctx, t.db, []halves.Want{want})
	if err != nil {
		return want, halves.Consent{}, err
	}
	return want, all[0], nil
}

type textRequest struct {
	Text string `path:"text" class:"operational"`
}

type textResponse struct {
	Body struct {
		Version string `json:"version" class:"operational"`
		Body    string `json:"body" class:"operational"`
	}
}

// textVersion is the form of a version of a text.
var textVersion = lazyregexp.New(`^v[0-9]{1,4}-[0-9a-f]{12}$`)

func (h *Handler) text(ctx context.Context, in *textRequest) (*textResponse, error) {
	if !textVersion.MatchString(in.Text) {
		return nil, api.Refuse(http.StatusBadRequest, "a version of a text is like v1-0123456789ab")
	}
	s := access.From(ctx)
	text, found, err := halves.ReadText(ctx, s.DB, s.Tenant.ID, in.Text)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, api.Refuse(http.StatusNotFound, "nobody of the tenant or for it has agreed to such a text")
	}
	out := &textResponse{}
	out.Body.Version, out.Body.Body = text.Version, text.Body
	return out, nil
}
