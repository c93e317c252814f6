package exportscheduler

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/exportjob"
)

const (
	// stalledAfter is how long after its message a part that is not written is stalled.
	// It is longer than the first retries of Pub/Sub take.
	stalledAfter = 30 * time.Minute

	maxActive  = 500 // active exports of a database that one call looks at
	maxStalled = 100 // parts of one export whose messages one call publishes again
)

// keepGoing publishes the messages of stalled parts again. Their messages became dead
// letters, or were acknowledged because the tenant's key was disabled. It also ends
// the exports that cannot be completed any more.
func (h *Handler) keepGoing(ctx context.Context, db *firestore.Client, result *Result) error {
	docs, err := exportjob.Active(db).Limit(maxActive).Documents(ctx).GetAll()
	if err != nil {
		return fmt.Errorf("list active exports: %w", err)
	}
	result.More = result.More || len(docs) == maxActive
	for _, doc := range docs {
		if err := h.keepExportGoing(ctx, db, doc, result); err != nil {
			result.Failed++
			api.Logger(ctx).ErrorContext(ctx, "export not processed", "tenant", doc.Ref.Parent.Parent.ID, "export", doc.Ref.ID, "error", err.Error())
		}
	}
	return nil
}

func (h *Handler) keepExportGoing(ctx context.Context, db *firestore.Client, doc *firestore.DocumentSnapshot, result *Result) error {
	e, err := exportjob.Decode[export.Export](doc)
	if err != nil {
		return err
	}
	_, home, err := h.home(ctx, db, doc.Ref)
	if err != nil {
		return err
	}
	now := h.deps.Now()
	switch {
	case e.PausedTooLong(now):
		return h.expire(ctx, home, e, e.Reason, result)
	case e.TooOld(now):
		return h.expire(ctx, home, e, export.ReadTimeTooOld, result)
	}
	if err := h.watch(ctx, home, e.ID); err != nil {
		return err
	}
	stalledBefore := now.Add(-stalledAfter)
	if e.State == export.Paused {
		stalledBefore = now
	}
	n, err := h.jobs.Republish(ctx, home, e.ID, stalledBefore, maxStalled)
	result.Republished += n
	return err
}

// expire ends an export that cannot be completed any more.
func (h *Handler) expire(ctx context.Context, home exportjob.Home, e export.Export, reason export.Reason, result *Result) error {
	result.Expired++
	api.Logger(ctx).ErrorContext(ctx, "export failed", "tenant", home.Tenant, "export", e.ID, "reason", reason)
	return h.jobs.Fail(ctx, home, e.ID, reason, "")
}

// watch logs for how long no part of an export has become done. Monitoring raises an
// alert if it is too long.
func (h *Handler) watch(ctx context.Context, home exportjob.Home, id export.ID) error {
	e, err := h.jobs.NoteProgress(ctx, home, id)
	if err != nil {
		return err
	}
	if idle := e.Idle(h.deps.Now()); idle >= stalledAfter {
		api.Logger(ctx).WarnContext(ctx, "export makes no progress", "tenant", home.Tenant, "export", e.ID, "seconds", int(idle.Seconds()))
	}
	return nil
}
