package runs

import (
	"context"
	"net/http"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/quota"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// leaseResponse has no metadata, because a runner may not read any.
type leaseResponse struct {
	Body struct {
		ID           string     `json:"id" class:"operational"`
		LeaseExpires *time.Time `json:"leaseExpires,omitempty" class:"operational" doc:"When the run is lost if its runner does not call before; absent if the run has ended"`
	}
}

// heartbeat renews the lease of a run. It is not in the audit log, because it
// returns nothing that the runner does not know and a run has many.
func (h *Handler) heartbeat(ctx context.Context, in *getRequest) (*leaseResponse, error) {
	id, err := run.ParseID(in.Run)
	if err != nil {
		return nil, api.Refuse(http.StatusBadRequest, err.Error())
	}
	recorded, err := h.record(ctx, newTarget(access.From(ctx), id), &leaseChange{now: h.deps.Now()})
	if err != nil {
		return nil, err
	}
	out := &leaseResponse{}
	out.Body.ID, out.Body.LeaseExpires = recorded.Body.ID, recorded.Body.LeaseExpires
	return out, nil
}

// leaseChange renews the lease of a run.
type leaseChange struct{ now time.Time }

func (c *leaseChange) action() auditlog.Action { return auditlog.HeartbeatRun }

func (c *leaseChange) entry() auditlog.Prepared { return auditlog.Prepared{} }

func (c *leaseChange) amounts() quota.Amounts { return nil }

func (c *leaseChange) apply(r *run.Run) (changed bool, err error) { return r.Renew(c.now), nil }

func (c *leaseChange) read(context.Context, *firestore.Transaction, run.Run) error { return nil }

func (c *leaseChange) write(*firestore.Transaction, run.Run) error { return nil }
