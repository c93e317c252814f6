package access

import (
	"context"
	"net/http"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/legalhold"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// RefuseUnderHold returns the problem for a request that erases something of a workspace, if a
// legal hold covers the workspace or a run in it. Without a workspace, the request erases
// something that belongs to the tenant, and every hold covers it.
func (g *Guard) RefuseUnderHold(ctx context.Context, t tenant.ID, w tenant.WorkspaceID) error {
	db, err := g.Directory.Client(ctx)
	if err != nil {
		return err
	}
	holds, err := legalhold.Of(ctx, db, t)
	if err != nil {
		return err
	}
	if holds.Cover(w) {
		return api.Refuse(http.StatusConflict, api.HeldText)
	}
	return nil
}
