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

// stuckRuns finds the runs whose event was published hours ago and which are still
// unprocessed: the event became a dead letter or was lost.
func (h *Handler) stuckRuns(db *firestore.Client) firestore.Query {
	return db.CollectionGroup(records.RunsCollection).
		Where("pending", "==", true).Where("republishAt", "<", h.deps.Now()).OrderBy("republishAt", firestore.Asc)
}

// republish adds the events of one page of stuck runs to the outbox. It returns the
// number of runs.
func (h *Handler) republish(ctx context.Context, db *firestore.Client, docs []*firestore.DocumentSnapshot) (republished int, err error) {
	now := h.deps.Now()
	err = db.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		current, err := tx.GetAll(refs(docs))
		if err != nil {
			return fmt.Errorf("read runs: %w", err)
		}
		stuck := stillStuck(ctx, current, now)
		republished = len(stuck)
		for ref := range stuck {
			if err := tx.Update(ref, []firestore.Update{{Path: "republishAt", Value: now.Add(run.RepublishAfter)}}); err != nil {
				return err
			}
		}
		for _, e := range newestEvents(stuck, now) {
			if err := e.Write(tx, db); err != nil {
				return err
			}
		}
		return nil
	})
	return republished, err
}

// stillStuck returns the runs that nobody processed since the query.
func stillStuck(ctx context.Context, docs []*firestore.DocumentSnapshot, now time.Time) map[*firestore.DocumentRef]run.Run {
	stuck := map[*firestore.DocumentRef]run.Run{}
	for _, doc := range docs {
		r, err := records.DecodeRun(doc)
		if err != nil { // one unreadable document must not stop the others
			api.Logger(ctx).ErrorContext(ctx, "run cannot be read", "document", doc.Ref.Path, "error", err.Error())
			continue
		}
		if r.Pending && r.RepublishAt.Before(now) {
			stuck[doc.Ref] = r
		}
	}
	return stuck
}

// newestEvents returns the event of the newest run of each check. Processing that run
// also processes the older ones, and a tenant whose key was disabled for long may
// have many.
func newestEvents(runs map[*firestore.DocumentRef]run.Run, now time.Time) map[string]outbox.Entry {
	entries, starts := map[string]outbox.Entry{}, map[string]time.Time{}
	for ref, r := range runs {
		workspace := ref.Parent.Parent
		check := workspace.Path + "/" + r.Check
		if newest, ok := starts[check]; ok && !r.Start.Time.After(newest) {
			continue
		}
		t := tenant.ID(workspace.Parent.Parent.ID)
		entries[check], starts[check] = outbox.NewRunEnded(t, tenant.WorkspaceID(workspace.ID), r.ID, now), r.Start.Time
	}
	return entries
}
