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
	switch now := h.deps.Now(); {
	case e.PausedTooLong(now):
		result.Expired++
		return h.jobs.Fail(ctx, home, e.ID, export.KeyLocked, "")
	case e.TooOld(now):
		result.Expired++
		return h.jobs.Fail(ctx, home, e.ID, export.ReadTimeTooOld, "")
	}
	stalledBefore := h.deps.Now().Add(-stalledAfter)
	if e.State == export.Paused {
		stalledBefore = h.deps.Now()
	}
	n, err := h.jobs.Republish(ctx, home, e.ID, stalledBefore, maxStalled)
	result.Republished += n
	return err
}
