package legalholds

import (
	"context"

	"github.com/strongroom-dev/strongroom/shared/ledger"
)

// documents takes the documents that a hold covers away from their TTL policy, or returns
// them to it. Only exact requests to models have a TTL and are nowhere else.
func (j *job) documents(ctx context.Context) error {
	home := ledger.Home{DB: j.db, Tenant: j.tenant.ID}
	held := j.holds.Cover("")
	for {
		n, err := home.HoldRequests(ctx, held, perBatch)
		if err != nil || n == 0 {
			return err
		}
		if held {
			j.result.Marked += n
		} else {
			j.result.Released += n
		}
	}
}
