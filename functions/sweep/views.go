package sweep

import (
	"context"
	"fmt"
	"sync/atomic"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// expiredViews finds the views of outputs that expired without being closed.
func (h *Handler) expiredViews(db *firestore.Client) firestore.Query {
	return db.CollectionGroup(records.ViewsCollection).
		Where("open", "==", true).Where("expires", "<", h.deps.Now()).OrderBy("expires", firestore.Asc)
}

// endViews writes the end of each view to the audit log, with what was sent.
func (h *Handler) endViews(ctx context.Context, db *firestore.Client, docs []*firestore.DocumentSnapshot) (ended int, err error) {
	var done atomic.Int64
	err = eachDocument(docs, func(doc *firestore.DocumentSnapshot) error {
		if err := h.endView(ctx, db, doc); err != nil {
			return err
		}
		done.Add(1)
		return nil
	})
	return int(done.Load()), err
}

// endView ends one view, unless its reader has closed it since the query.
func (h *Handler) endView(ctx context.Context, db *firestore.Client, doc *firestore.DocumentSnapshot) error {
	v, err := records.DecodeView(doc)
	if err != nil { // one unreadable document must not stop the others
		api.Logger(ctx).ErrorContext(ctx, "view cannot be read", "document", doc.Ref.Path, "error", err.Error())
		return nil
	}
	workspace := doc.Ref.Parent.Parent
	entry, err := h.audit.Prepare(ctx, db, v.End(tenant.ID(workspace.Parent.Parent.ID), tenant.WorkspaceID(workspace.ID)))
	if err != nil {
		return fmt.Errorf("seal audit entry: %w", err)
	}
	return gcp.Transact(ctx, db, func(_ context.Context, tx *firestore.Transaction) error {
		current, err := tx.Get(doc.Ref)
		if err != nil {
			return fmt.Errorf("read view: %w", err)
		}
		if open, _ := current.DataAt("open"); open != true {
			return nil
		}
		if err := tx.Update(doc.Ref, []firestore.Update{{Path: "open", Value: false}}); err != nil {
			return err
		}
		return entry.Write(tx)
	})
}
