package sweep

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/outbox"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// dueConfigs finds the configurations whose commit came into effect, or whose event was
// published, hours ago, and whose graph was not of this commit then.
func (h *Handler) dueConfigs(db *firestore.Client) firestore.Query {
	return db.CollectionGroup(records.ConfigsCollection).
		Where(records.RepublishConfigAt, "<", h.deps.Now()).OrderBy(records.RepublishConfigAt, firestore.Asc)
}

// dueConfig is what the document of a configuration says: see functions/configs.
type dueConfig struct {
	Commit      string    `firestore:"commit"`
	RepublishAt time.Time `firestore:"republishAt"`
}

// republishConfigs adds the events of one page of configurations to the outbox. It returns
// the number of those whose graph is of another commit than the one in effect.
func (h *Handler) republishConfigs(ctx context.Context, db *firestore.Client, docs []*firestore.DocumentSnapshot) (republished int, err error) {
	now := h.deps.Now()
	err = db.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		republished = 0
		configs, err := tx.GetAll(refs(docs))
		if err != nil {
			return fmt.Errorf("read configurations: %w", err)
		}
		graphs, err := tx.GetAll(graphRefs(db, configs))
		if err != nil {
			return fmt.Errorf("read graphs: %w", err)
		}
		for i, doc := range configs {
			var c dueConfig
			if err := doc.DataTo(&c); err != nil { // one unreadable document must not stop the others
				api.Logger(ctx).ErrorContext(ctx, "configuration cannot be read", "document", doc.Ref.Path, "error", err.Error())
				continue
			}
			if c.RepublishAt.IsZero() || !c.RepublishAt.Before(now) { // its graph was made since the query, or it was pushed
				continue
			}
			lost, err := h.republishConfig(tx, db, doc.Ref, c, graphs[i])
			if err != nil {
				return err
			}
			if lost {
				republished++
			}
		}
		return nil
	})
	return republished, err
}

// republishConfig adds the event of one configuration to the outbox, unless its graph is of
// the commit in effect.
func (h *Handler) republishConfig(tx *firestore.Transaction, db *firestore.Client, ref *firestore.DocumentRef, c dueConfig, graph *firestore.DocumentSnapshot) (lost bool, err error) {
	if of, err := graph.DataAt("commit"); err == nil && of == c.Commit {
		return false, tx.Update(ref, []firestore.Update{{Path: records.RepublishConfigAt, Value: firestore.Delete}})
	}
	now := h.deps.Now()
	if err := tx.Update(ref, []firestore.Update{{Path: records.RepublishConfigAt, Value: now.Add(records.RepublishConfigAfter)}}); err != nil {
		return false, err
	}
	t, w := workspaceOf(ref)
	return true, outbox.NewConfigMoved(t, w, c.Commit, now).Write(tx, db)
}

// graphRefs returns the references of the graphs of configurations.
func graphRefs(db *firestore.Client, configs []*firestore.DocumentSnapshot) (graphs []*firestore.DocumentRef) {
	for _, doc := range configs {
		t, w := workspaceOf(doc.Ref)
		graphs = append(graphs, records.ConfigGraphRef(db, t, w))
	}
	return graphs
}

// workspaceOf returns the workspace of a document in one of its collections.
func workspaceOf(ref *firestore.DocumentRef) (tenant.ID, tenant.WorkspaceID) {
	workspace := ref.Parent.Parent
	return tenant.ID(workspace.Parent.Parent.ID), tenant.WorkspaceID(workspace.ID)
}
