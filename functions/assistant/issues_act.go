package assistant

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/issue"
)

// maxIgnore bounds how long an issue may be left alone: a year.
const maxIgnore = 366 * 24 * time.Hour

type ignoreRequest struct {
	Workspace string `path:"workspace"`
	Issue     string `path:"issue"`
	Body      struct {
		Until time.Time `json:"until" doc:"At most a year ahead; a time that is past ends the ignoring"`
	}
}

// factsResponse is an issue without its text: to act on it opens nothing.
type factsResponse struct {
	Body factsBody
}

// word is what a person says of an issue: what it becomes, and what of its
// document changes with that; no change if the same was said before.
type word func(i issue.Issue) (after issue.Issue, changes []firestore.Update, err error)

func (h *Handler) investigate(ctx context.Context, in *issueRequest) (*factsResponse, error) {
	by, at := access.From(ctx).Principal.Subject, h.now()
	return h.say(ctx, in.Issue, auditlog.InvestigateIssue, func(i issue.Issue) (issue.Issue, []firestore.Update, error) {
		if i.ResolvedAt.Before(issue.Unresolved) {
			return i, nil, api.Refuse(http.StatusConflict, "the issue is resolved; there is nothing to investigate")
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
	if until.After(at.Add(maxIgnore)) || until.Year() < 1970 {
		return nil, api.Refuse(http.StatusUnprocessableEntity, "a time is out of range",
			api.Fault{Message: "an issue may be ignored for a year at most, 366 days; times are after 1970", Location: "body.until"})
	}
	return h.say(ctx, in.Issue, auditlog.IgnoreIssue, func(i issue.Issue) (issue.Issue, []firestore.Update, error) {
		v := i.Ignoring
		ends := !until.After(at)
		if (v == nil || !v.Until.After(at)) && ends || v != nil && v.By == by && v.Until.Equal(until) {
			return i, nil, nil
		}
		i = i.Ignore(by, at, until)
		return i, []firestore.Update{{Path: "ignored", Value: i.Ignoring}}, nil
	})
}

// say takes a person's word, and puts it on record, in one commit.
func (h *Handler) say(ctx context.Context, raw string, action auditlog.Action, w word) (*factsResponse, error) {
	s := access.From(ctx)
	ref, err := issueRef(s, raw)
	if err != nil {
		return nil, err
	}
	prepared, err := h.guard.Audit.Prepare(ctx, s.DB, entry(s, action, "issues/"+ref.ID))
	if err != nil {
		return nil, err
	}
	after, err := commitWord(ctx, s.DB, ref, prepared, w)
	if err != nil {
		return nil, err
	}
	return &factsResponse{showFacts(after, h.deps.Now())}, nil
}

func commitWord(ctx context.Context, db *firestore.Client, ref *firestore.DocumentRef, entry auditlog.Prepared, w word) (after issue.Issue, err error) {
	err = gcp.Transact(ctx, db, func(_ context.Context, tx *firestore.Transaction) error {
		docs, err := tx.GetAll(refs(ref))
		if err != nil {
			return fmt.Errorf("read issue: %w", err)
		}
		i, err := existing(docs[0])
		if err != nil {
			return err
		}
		var changes []firestore.Update
		if after, changes, err = w(i); err != nil || len(changes) == 0 {
			return err
		}
		if err := tx.Update(ref, changes); err != nil {
			return fmt.Errorf("write issue: %w", err)
		}
		return entry.Write(tx)
	})
	return after, err
}

// now is the time, as Firestore keeps it.
func (h *Handler) now() time.Time { return h.deps.Now().UTC().Truncate(time.Microsecond) }
