package ledger

import (
	"context"
	"fmt"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// HoldRequests takes at most limit stored requests away from the TTL policy because of a legal
// hold, or returns them to it, and reports how many. While a request is held, its time is in
// another field, so it can be shown as long as before.
func (h Home) HoldRequests(ctx context.Context, held bool, limit int) (changed int, err error) {
	from, to := "until", "heldUntil"
	if !held {
		from, to = to, from
	}
	query := h.tenant().Collection(RequestsCollection).OrderBy(from, firestore.Asc).Limit(limit)
	err = gcp.Transact(ctx, h.DB, func(_ context.Context, tx *firestore.Transaction) error {
		docs, err := tx.Documents(query).GetAll()
		if err != nil {
			return fmt.Errorf("find model requests: %w", err)
		}
		for _, doc := range docs {
			err := tx.Update(doc.Ref, []firestore.Update{{Path: to, Value: doc.Data()[from]}, {Path: from, Value: firestore.Delete}})
			if err != nil {
				return fmt.Errorf("hold model request: %w", err)
			}
		}
		changed = len(docs)
		return nil
	})
	return changed, err
}
