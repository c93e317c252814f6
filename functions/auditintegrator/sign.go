package auditintegrator

import (
	"context"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// signIdle adds a new time to the checkpoints of logs that have not changed for
// an hour, so that a reader can tell a log that is idle from one that is
// withheld.
func (h *Handler) signIdle(ctx context.Context, db *firestore.Client, failed map[tenant.ID]bool, result *Result) error {
	logs, err := auditlog.LogsPublishedBefore(ctx, db, h.deps.Now().Add(-signAgain), maxSigned)
	if err != nil {
		return err
	}
	for _, id := range logs {
		if failed[id] || ctx.Err() != nil {
			continue
		}
		if err := h.signAgain(ctx, db, id); err != nil {
			result.Failed++
			api.Logger(ctx).ErrorContext(ctx, "checkpoint not signed again", "tenant", id, "error", err.Error())
			continue
		}
		result.Signed++
	}
	return nil
}

func (h *Handler) signAgain(ctx context.Context, db *firestore.Client, id tenant.ID) error {
	l, err := h.openLog(ctx, db, id)
	if err != nil {
		return err
	}
	tree, err := auditlog.ReadTree(ctx, db, id)
	if err != nil {
		return err
	}
	client, err := h.deps.Clients.KMS(ctx)
	if err != nil {
		return err
	}
	now := h.deps.Now()
	checkpoint, err := l.key.Cosign(ctx, client, auditlog.CosignerName(l.origin), tree.Checkpoint, now)
	if err != nil {
		return err
	}
	tree.Checkpoint, tree.Published = checkpoint, now
	_, err = auditlog.Publish(ctx, db, id, tree)
	return err
}
