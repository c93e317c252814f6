package suite

import (
	"context"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/firestore"
	"github.com/strongroom-dev/strongroom/shared/dataclass"
)

// DeleteExpired deletes the documents whose time has come, as the TTL policies do that
// Terraform creates, and reports how many. It is not for Google's Firestore emulator.
func (c *Cloud) DeleteExpired() (int, error) {
	return c.Firestore.DeleteExpired(firestore.TTL(dataclass.ExpiryFields()), c.Clock.Now())
}

// expiryInterval is how often expired documents are deleted. At Google, it takes up to a day.
const expiryInterval = time.Minute

// deleteExpired deletes expired documents until the context ends.
func (c *Cloud) deleteExpired(ctx context.Context) {
	ticks := time.NewTicker(expiryInterval)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			if _, err := c.DeleteExpired(); err != nil {
				c.log.ErrorContext(ctx, "expired documents cannot be deleted", "error", err.Error())
			}
		}
	}
}
