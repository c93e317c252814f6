package legalhold

import (
	"context"
	"fmt"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// heldField has the time of a document that is held, so that nothing is lost when it is
// released.
const heldField = "heldUntil"

// MarkExpiry takes at most limit documents of a collection away from their TTL policy on a field
// because of a legal hold, or returns them to it, and reports how many.
func MarkExpiry(ctx context.Context, db *firestore.Client, collection *firestore.CollectionRef, field string, held bool, limit int) (changed int, err error) {
	from, to := field, heldField
	if !held {
		from, to = to, from
	}
	query := collection.OrderBy(from, firestore.Asc).Limit(limit)
	err = gcp.Transact(ctx, db, func(_ context.Context, tx *firestore.Transaction) error {
		docs, err := tx.Documents(query).GetAll()
		if err != nil {
			return fmt.Errorf("find what expires in %s: %w", collection.ID, err)
		}
		for _, doc := range docs {
			err := tx.Update(doc.Ref, []firestore.Update{{Path: to, Value: doc.Data()[from]}, {Path: from, Value: firestore.Delete}})
			if err != nil {
				return fmt.Errorf("hold what expires in %s: %w", collection.ID, err)
			}
		}
		changed = len(docs)
		return nil
	})
	return changed, err
}
