package sweep

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/outbox"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// untaken finds the runs that were published hours ago and that no assistant
// has taken in: their events became dead letters, or were lost.
func (h *Handler) untaken(db *firestore.Client) firestore.Query {
	return db.CollectionGroup(records.RunsCollection).
		Where("pending", "==", true).Where("republishAt", "<", h.deps.Now()).OrderBy("republishAt", firestore.Asc)
}

// retell puts the events of one page of runs into the outbox again.
func (h *Handler) retell(ctx context.Context, db *firestore.Client, docs []*firestore.DocumentSnapshot) (retold int, err error) {
	now := h.deps.Now()
	err = db.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		fresh, err := tx.GetAll(refs(docs))
		if err != nil {
			return fmt.Errorf("read runs: %w", err)
		}
		untaken := stillUntaken(ctx, fresh, now)
		retold = len(untaken)
		for ref := range untaken {
			if err := tx.Update(ref, []firestore.Update{{Path: "republishAt", Value: now.Add(run.RepublishAfter)}}); err != nil {
				return err
			}
		}
		for _, e := range events(untaken, now) {
			if err := e.Write(tx, db); err != nil {
				return err
			}
		}
		return nil
	})
	return retold, err
}

func stillUntaken(ctx context.Context, docs []*firestore.DocumentSnapshot, now time.Time) map[*firestore.DocumentRef]run.Run {
	untaken := map[*firestore.DocumentRef]run.Run{}
	for _, doc := range docs {
		r, err := records.DecodeRun(doc)
		if err != nil { // one broken document must not stop all the others
			api.Logger(ctx).ErrorContext(ctx, "a run cannot be read", "document", doc.Ref.Path, "error", err.Error())
			continue
		}
		if r.Pending && r.RepublishAt.Before(now) {
			untaken[doc.Ref] = r
		}
	}
	return untaken
}

// events are those of the runs, but of each check the newest run's only: whoever
// takes that in takes in the older ones too, and a tenant's key may be off for
// long.
func events(runs map[*firestore.DocumentRef]run.Run, now time.Time) map[string]outbox.Entry {
	entries, starts := map[string]outbox.Entry{}, map[string]time.Time{}
	for ref, r := range runs {
		workspace := ref.Parent.Parent
		check := workspace.Path + "/" + r.Check
		if known, ok := starts[check]; ok && !r.Start.Time.After(known) {
			continue
		}
		t := tenant.ID(workspace.Parent.Parent.ID)
		entries[check], starts[check] = outbox.Ended(t, tenant.WorkspaceID(workspace.ID), r.ID, now), r.Start.Time
	}
	return entries
}
