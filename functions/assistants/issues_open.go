package assistants

import (
	"context"
	"errors"
	"net/http"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/records"
)

// openText opens the text of an issue of the session's workspace. A text that cannot
// be decrypted is marked as unreadable, so that it does not hide the other issues.
func (h *Handler) openText(ctx context.Context, s access.Session, i issue.Issue) (TextBody, error) {
	tenant, err := h.keys.Of(ctx, s.Tenant, s.DB)
	if err != nil {
		return TextBody{}, err
	}
	text, err := records.OpenIssueText(ctx, tenant.Open, records.IssueRef(s.DB, s.Tenant.ID, s.Workspace, i.ID), i.Text)
	if errors.Is(err, keys.ErrSealed) {
		api.Logger(ctx).ErrorContext(ctx, "issue text cannot be decrypted", "issue", i.ID)
		return TextBody{Unreadable: true}, nil
	}
	if err != nil {
		return TextBody{}, openError(err)
	}
	line, err := issue.ParseSighting(text.Line)
	if err != nil {
		return TextBody{Title: text.Title, Unreadable: true}, nil
	}
	return TextBody{
		Title: text.Title, Expected: line.Expected, Actual: line.Actual, Details: line.Details,
		ReproduceHint: line.ReproduceHint, NextSteps: line.Steps(), Summary: line.Summary,
	}, nil
}

// openReason sets the reason for which an issue is ignored. A reason that cannot be
// decrypted is left out and logged, so that it does not hide the issue.
func (h *Handler) openReason(ctx context.Context, s access.Session, i issue.Issue, shown *ignoringBody) error {
	if shown == nil || len(i.IgnoreReason) == 0 {
		return nil
	}
	tenant, err := h.keys.Of(ctx, s.Tenant, s.DB)
	if err != nil {
		return err
	}
	reason, err := records.CryptFunc(tenant.Open).Apply(ctx, records.IssueRef(s.DB, s.Tenant.ID, s.Workspace, i.ID), i.IgnoreReason)
	if errors.Is(err, keys.ErrSealed) {
		api.Logger(ctx).ErrorContext(ctx, "reason of an ignored issue cannot be decrypted", "issue", i.ID)
		return nil
	}
	if err != nil {
		return openError(err)
	}
	shown.Reason = string(reason)
	return nil
}

// openError returns the error that a client gets if a text cannot be sealed or opened.
func openError(err error) error {
	if errors.Is(err, keys.ErrKeyUnavailable) {
		return api.Refuse(http.StatusForbidden, api.KeyLockedText)
	}
	return err
}
