package legalholds

import (
	"context"

	"github.com/strongroom-dev/strongroom/shared/ledger"
	"github.com/strongroom-dev/strongroom/shared/legalhold"
	"github.com/strongroom-dev/strongroom/shared/quota"
)

// expiring are the collections whose documents have a TTL and are nowhere else, with the field
// that has the time.
var expiring = []struct{ collection, field string }{
	{ledger.RequestsCollection, "until"},
	{quota.UsageCollection, "expires"},
}

// documents takes the documents that a hold covers away from their TTL policy, or returns
// them to it.
func (j *job) documents(ctx context.Context) error {
	held := j.holds.Cover("")
	for _, e := range expiring {
		collection := j.db.Collection("tenants").Doc(string(j.tenant.ID)).Collection(e.collection)
		for {
			n, err := legalhold.MarkExpiry(ctx, j.db, collection, e.field, held, perBatch)
			if err != nil {
				return err
			}
			if held {
				j.result.Marked += n
			} else {
				j.result.Released += n
			}
			if n < perBatch {
				break
			}
		}
	}
	return nil
}
