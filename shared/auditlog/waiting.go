package auditlog

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// LogsWithPending returns the tenants of a database whose logs have pending
// entries. The empty tenant is the platform. It reads one document for each of
// them, and one more (an empty query costs one read), however many entries are
// pending and however many tenants there are.
func LogsWithPending(ctx context.Context, db *firestore.Client) ([]tenant.ID, error) {
	query := db.CollectionGroup(EntriesCollection).Where("pending", "==", true).OrderBy(firestore.DocumentID, firestore.Asc).Limit(1)
	var logs []tenant.ID
	for next := query; ; {
		docs, err := next.Documents(ctx).GetAll()
		if err != nil {
			return nil, fmt.Errorf("find pending audit entries: %w", err)
		}
		if len(docs) == 0 {
			return logs, nil
		}
		logs = append(logs, logOf(docs[0].Ref))
		// The IDs of entries are UUIDs, so every one sorts before "~".
		next = query.StartAfter(docs[0].Ref.Parent.Doc("~"))
	}
}

// LogsBehind returns the logs that have assigned more indexes than they have
// published, which a crash may leave behind.
func LogsBehind(ctx context.Context, db *firestore.Client) ([]tenant.ID, error) {
	return logsOf(ctx, db.CollectionGroup(TreesCollection).Where("behind", "==", true))
}

// LogsPublishedBefore returns the logs whose checkpoint was signed before a
// time, the oldest first, at most limit.
func LogsPublishedBefore(ctx context.Context, db *firestore.Client, before time.Time, limit int) ([]tenant.ID, error) {
	return logsOf(ctx, db.CollectionGroup(TreesCollection).Where("published", "<", before).OrderBy("published", firestore.Asc).Limit(limit))
}

func logsOf(ctx context.Context, query firestore.Query) ([]tenant.ID, error) {
	docs, err := query.Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("list audit trees: %w", err)
	}
	logs := make([]tenant.ID, len(docs))
	for i, doc := range docs {
		logs[i] = logOf(doc.Ref)
	}
	return logs, nil
}

// logOf returns the tenant of an entry or a tree: tenants/{t}/audit/{id}, or
// platform/audit/audit/{id}.
func logOf(ref *firestore.DocumentRef) tenant.ID {
	owner := ref.Parent.Parent
	if owner.Parent.ID == "platform" {
		return ""
	}
	return tenant.ID(owner.ID)
}
