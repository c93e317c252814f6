package consents

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/halves"
)

// GiftBody is a half that a person agrees to.
type GiftBody struct {
	Expires time.Time `json:"expires" class:"operational" doc:"End date, at most a year ahead"`
	Text    string    `json:"text,omitempty" class:"operational" maxLength:"40" doc:"Version of the text that was read; if it is not the current one, nothing is given"`
}

// GiveRequest submits the half of a side.
type GiveRequest struct {
	Path
	Body GiftBody
}

type staffGiveRequest struct {
	Tenant string `path:"tenant" class:"operational"`
	GiveRequest
}

type consentRequest struct{ Path }

type staffConsentRequest struct {
	Tenant string `path:"tenant" class:"operational"`
	Path
}

type consentResponse struct{ Body ConsentBody }

type staffConsentResponse struct{ Body StaffConsentBody }

func (h *Handler) give(ctx context.Context, in *GiveRequest) (*consentResponse, error) {
	t := own(ctx)
	c, err := h.giveIn(ctx, t, in, auditlog.GiveConsent)
	if err != nil {
		return nil, err
	}
	return &consentResponse{h.show(t, c)}, nil
}

func (h *Handler) giveAsStaff(ctx context.Context, in *staffGiveRequest) (*staffConsentResponse, error) {
	t, err := h.ofStaff(ctx, in.Tenant)
	if err != nil {
		return nil, err
	}
	c, err := h.giveIn(ctx, t, &in.GiveRequest, auditlog.GiveStaffHalf)
	if err != nil {
		return nil, err
	}
	return &staffConsentResponse{h.showStaff(t, c)}, nil
}

// giveIn signs and stores one half. The entry is in the tenant's log.
func (h *Handler) giveIn(ctx context.Context, t target, in *GiveRequest, action auditlog.Action) (halves.Consent, error) {
	want, err := h.want(ctx, t, in.Path)
	if err != nil {
		return halves.Consent{}, err
	}
	if err := h.checkGift(t, want, in.Body); err != nil {
		return halves.Consent{}, err
	}
	entry := t.entry(action, want.Scope)
	c, err := h.store.Give(ctx, t.db, halves.Gift{Want: want, Side: t.side, By: t.person(), Expires: in.Body.Expires}, entry)
	if errors.Is(err, halves.ErrSamePerson) {
		entry.Outcome, entry.Reason = auditlog.Denied, "same-person"
		if _, err := h.guard.Audit.Append(ctx, t.db, entry); err != nil {
			return c, fmt.Errorf("record denial: %w", err)
		}
		return c, api.Refuse(http.StatusForbidden, api.SamePersonText)
	}
	return c, err
}

// checkGift rejects a half that cannot be given.
func (h *Handler) checkGift(t target, w halves.Want, b GiftBody) error {
	spec, _ := w.Scope.Feature.Spec()
	switch {
	case spec.Public:
		return api.Refuse(http.StatusConflict, "the feature sends public data only, so it needs no consent")
	case !h.config.Endpoint(t.record, w.Scope.Destination).Exists():
		return api.Refuse(http.StatusConflict, "there is no such model endpoint; name another destination")
	case b.Text != "" && b.Text != w.Text.Version:
		return api.Refuse(http.StatusConflict, api.ConsentTextText)
	}
	if err := consent.CheckExpires(h.deps.Now(), b.Expires); err != nil {
		return api.Refuse(http.StatusUnprocessableEntity, "the request is invalid; correct the fields listed in errors",
			api.Fault{Message: err.Error(), Location: "body.expires"})
	}
	return nil
}

func (h *Handler) withdraw(ctx context.Context, in *consentRequest) (*consentResponse, error) {
	t := own(ctx)
	c, err := h.withdrawIn(ctx, t, in.Path, auditlog.WithdrawConsent)
	if err != nil {
		return nil, err
	}
	return &consentResponse{h.show(t, c)}, nil
}

func (h *Handler) withdrawAsStaff(ctx context.Context, in *staffConsentRequest) (*staffConsentResponse, error) {
	t, err := h.ofStaff(ctx, in.Tenant)
	if err != nil {
		return nil, err
	}
	c, err := h.withdrawIn(ctx, t, in.Path, auditlog.WithdrawStaffHalf)
	if err != nil {
		return nil, err
	}
	return &staffConsentResponse{h.showStaff(t, c)}, nil
}

// withdrawIn withdraws the half of the caller's side. It works without an endpoint too.
func (h *Handler) withdrawIn(ctx context.Context, t target, p Path, action auditlog.Action) (halves.Consent, error) {
	want, err := h.want(ctx, t, p)
	if err != nil {
		return halves.Consent{}, err
	}
	return h.store.Withdraw(ctx, t.db, want, t.side, t.person(), t.entry(action, want.Scope))
}
