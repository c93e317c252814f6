package assistants

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/records"
)

// maxIgnoreTime bounds how long an issue may be ignored.
const maxIgnoreTime = 366 * 24 * time.Hour

type ignoreRequest struct {
	Workspace string `path:"workspace" class:"operational"`
	Issue     string `path:"issue" class:"operational"`
	Body      struct {
		Until  time.Time `json:"until" class:"metadata" doc:"At most 366 days ahead. With a time in the past, the issue is no longer ignored"`
		Reason string    `json:"reason,omitempty" class:"text" maxLength:"1000" doc:"Why the issue is ignored. It is stored encrypted, like the texts of the issue"`
	}
}

// factsResponse is an issue without its text, because these operations do not open
// the text.
type factsResponse struct {
	Body FactsBody
}

// annotation is a change of an issue by a person. It returns the issue after the
// change, and the fields to write: none if the issue was annotated like this before.
type annotation func(i issue.Issue) (after issue.Issue, changes []firestore.Update, err error)

func (h *Handler) investigate(ctx context.Context, in *issueRequest) (*factsResponse, error) {
	by, at := access.From(ctx).Principal.Subject, h.now()
	return h.annotate(ctx, in.Issue, auditlog.InvestigateIssue, func(i issue.Issue) (issue.Issue, []firestore.Update, error) {
		if i.ResolvedAt.Before(issue.Unresolved) {
			return i, nil, api.Refuse(http.StatusConflict, "the issue is resolved; only an unresolved issue can be investigated")
		}
		if v := i.Investigation; v != nil && v.By == by && !v.At.Before(i.Since) {
			return i, nil, nil
		}
		i = i.Investigate(by, at)
		return i, []firestore.Update{{Path: "investigated", Value: i.Investigation}, {Path: "state", Value: i.StoredState}}, nil
	})
}

func (h *Handler) ignore(ctx context.Context, in *ignoreRequest) (*factsResponse, error) {
	by, at, until := access.From(ctx).Principal.Subject, h.now(), in.Body.Until.UTC().Truncate(time.Microsecond)
	if until.After(at.Add(maxIgnoreTime)) || until.Year() < 1970 {
		return nil, api.Refuse(http.StatusUnprocessableEntity, "until is out of range",
			api.Fault{Message: "until must be in 1970 or later, and at most 366 days ahead", Location: "body.until"})
	}
	sealed, err := h.sealReason(ctx, in.Issue, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	return h.annotate(ctx, in.Issue, auditlog.IgnoreIssue, func(i issue.Issue) (issue.Issue, []firestore.Update, error) {
		v := i.Ignoring
		endsNow := !until.After(at)
		if (v == nil || !v.Until.After(at)) && endsNow {
			return i, nil, nil
		}
		if v != nil && v.By == by && v.Until.Equal(until) {
			same, err := h.hasReason(ctx, i, in.Body.Reason)
			if same || err != nil {
				return i, nil, err
			}
		}
		i = i.Ignore(by, at, until, sealed)
		return i, []firestore.Update{{Path: "ignored", Value: i.Ignoring}, {Path: "ignoreReason", Value: orDelete(i.IgnoreReason)}}, nil
	})
}

// orDelete returns a value to write: an empty one deletes its field, because empty bytes
// are no sealed value.
func orDelete(sealed []byte) any {
	if len(sealed) == 0 {
		return firestore.Delete
	}
	return sealed
}

// sealReason seals a reason for the issue with a raw ID. Without a reason, it returns nil.
func (h *Handler) sealReason(ctx context.Context, raw, reason string) ([]byte, error) {
	if reason == "" {
		return nil, nil
	}
	s := access.From(ctx)
	ref, err := issueRef(s, raw)
	if err != nil {
		return nil, err
	}
	tenant, err := h.keys.Of(ctx, s.Tenant, s.DB)
	if err != nil {
		return nil, err
	}
	sealed, err := records.CryptFunc(tenant.Seal).Apply(ctx, ref, []byte(reason))
	if err != nil {
		return nil, openError(err)
	}
	return sealed, nil
}

// hasReason reports whether an issue is ignored for this reason.
func (h *Handler) hasReason(ctx context.Context, i issue.Issue, reason string) (bool, error) {
	var stored ignoringBody
	err := h.openReason(ctx, access.From(ctx), i, &stored)
	return stored.Reason == reason, err
}

// annotate annotates an issue and writes the audit entry, in one commit.
func (h *Handler) annotate(ctx context.Context, raw string, action auditlog.Action, change annotation) (*factsResponse, error) {
	s := access.From(ctx)
	ref, err := issueRef(s, raw)
	if err != nil {
		return nil, err
	}
	prepared, err := h.guard.Audit.Prepare(ctx, s.DB, auditEntry(s, action, "issues/"+ref.ID))
	if err != nil {
		return nil, err
	}
	after, err := commitAnnotation(ctx, s.DB, ref, prepared, change)
	if err != nil {
		return nil, err
	}
	return &factsResponse{showFacts(after, h.deps.Now())}, nil
}

func commitAnnotation(ctx context.Context, db *firestore.Client, ref *firestore.DocumentRef, entry auditlog.Prepared, change annotation) (after issue.Issue, err error) {
	err = entry.Commit(ctx, db, func(tx *firestore.Transaction) (acts bool, err error) {
		docs, err := tx.GetAll(refs(ref))
		if err != nil {
			return false, fmt.Errorf("read issue: %w", err)
		}
		i, err := decodeIssue(docs[0])
		if err != nil {
			return false, err
		}
		var changes []firestore.Update
		if after, changes, err = change(i); err != nil || len(changes) == 0 {
			return false, err
		}
		if err := tx.Update(ref, changes); err != nil {
			return false, fmt.Errorf("write issue: %w", err)
		}
		return true, nil
	})
	return after, err
}

// now is the time in the precision that Firestore stores.
func (h *Handler) now() time.Time { return h.deps.Now().UTC().Truncate(time.Microsecond) }
