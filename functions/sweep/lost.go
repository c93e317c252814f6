package sweep

import (
	"context"
	"fmt"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// silentRuns finds the running runs whose lease is over.
func (h *Handler) silentRuns(db *firestore.Client) firestore.Query {
	return db.CollectionGroup(records.RunsCollection).
		Where("state", "==", string(run.Running)).Where("leaseExpires", "<", h.deps.Now()).OrderBy("leaseExpires", firestore.Asc)
}

// loseRuns marks one page of silent runs as lost, except those whose runner has
// called since the query.
func (h *Handler) loseRuns(ctx context.Context, db *firestore.Client, docs []*firestore.DocumentSnapshot) (lost int, err error) {
	now := h.deps.Now()
	err = db.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		lost = 0
		current, err := tx.GetAll(refs(docs))
		if err != nil {
			return fmt.Errorf("read runs: %w", err)
		}
		for _, doc := range current {
			r, err := records.DecodeRun(doc)
			if err != nil { // one unreadable document must not stop the others
				api.Logger(ctx).ErrorContext(ctx, "run cannot be read", "document", doc.Ref.Path, "error", err.Error())
				continue
			}
			if !r.Expired(now) {
				continue
			}
			lost++
			if err := tx.Update(doc.Ref, []firestore.Update{{Path: "state", Value: run.Lost}}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return lost, nil
}
