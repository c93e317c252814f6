package assistant

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

// openText opens the text of an issue of the session's workspace. One that
// does not open must not hide the others: it is marked.
func (h *Handler) openText(ctx context.Context, s access.Session, i issue.Issue) (textBody, error) {
	tenant, err := h.keys.Of(ctx, s.Tenant, s.DB)
	if err != nil {
		return textBody{}, err
	}
	text, err := records.OpenIssueText(ctx, tenant.Open, records.IssueRef(s.DB, s.Tenant.ID, s.Workspace, i.ID), i.Text)
	if errors.Is(err, keys.ErrSealed) {
		api.Logger(ctx).ErrorContext(ctx, "the text of an issue does not open", "issue", i.ID)
		return textBody{Unreadable: true}, nil
	}
	if err != nil {
		return textBody{}, openError(err)
	}
	line, err := issue.ParseSighting(text.Line)
	if err != nil {
		return textBody{Title: text.Title, Unreadable: true}, nil
	}
	return textBody{
		Title: text.Title, Expected: line.Expected, Actual: line.Actual, Details: line.Details,
		ReproduceHint: line.ReproduceHint, NextSteps: line.Steps(), Summary: line.Summary,
	}, nil
}

// openError is what the client is told of text that cannot be sealed or opened.
func openError(err error) error {
	if errors.Is(err, keys.ErrKeyUnavailable) {
		return api.Refuse(http.StatusForbidden, api.KeyLockedText)
	}
	return err
}
