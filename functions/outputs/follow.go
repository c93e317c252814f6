package outputs

import (
	"context"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// noteFollower notes on the run that somebody waits for what is new in one of its outputs,
// so that its runner uploads soon. A failure only delays the next part.
func (h *Handler) noteFollower(ctx context.Context, s access.Session, r run.Run) {
	until, changed := r.Follow(h.deps.Now())
	if !changed {
		return
	}
	ref := records.NewRunRef(s.DB, s.Tenant.ID, s.Workspace, r.ID).Record
	err := gcp.Write(ctx, s.DB, func(tx *firestore.Transaction) error {
		return tx.Update(ref, []firestore.Update{{Path: "followedUntil", Value: until}})
	})
	if err != nil {
		api.Logger(ctx).WarnContext(ctx, "follower not noted", "run", string(r.ID), "error", err.Error())
	}
}
