package exportjob

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/outbox"
)

// Active returns the query for the exports of a whole database that have not ended.
func Active(db *firestore.Client) firestore.Query {
	return db.CollectionGroup(ExportsCollection).Where("active", "==", true)
}

// Republish publishes the messages of an export's parts again that are not done and
// whose messages were last published before a time, the oldest first, at most limit.
// If all parts are done, the process that finished the last one crashed: Republish
// then begins the lists. It returns how many messages it published.
func (j *Jobs) Republish(ctx context.Context, h Home, id export.ID, before time.Time, limit int) (int, error) {
	stalled := h.Parts(id).Where("done", "==", false).Where("published", "<", before).OrderBy("published", firestore.Asc)
	docs, err := stalled.Limit(limit).Documents(ctx).GetAll()
	if err != nil {
		return 0, fmt.Errorf("list stalled parts: %w", err)
	}
	now := j.Now()
	for n, doc := range docs {
		if err := j.Publisher.Repeat(ctx, outbox.NewExportPart(h.Tenant, id, doc.Ref.ID, now)); err != nil {
			return n, err
		}
		// Whether the part is done by now does not matter: its message then has no effect.
		if _, err := doc.Ref.Update(ctx, []firestore.Update{{Path: "published", Value: now}}); err != nil {
			return n + 1, fmt.Errorf("note the message of a part: %w", err)
		}
	}
	if len(docs) > 0 {
		return len(docs), nil
	}
	if err := j.List(ctx, h, id); err != nil && !errors.Is(err, export.ErrEnded) {
		return 0, err
	}
	return 0, nil
}
