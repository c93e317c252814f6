package upload

import (
	"cmp"
	"context"
	"time"

	"github.com/strongroom-dev/strongroom/shared/run"
)

// sendHeartbeats calls the platform at an interval until ctx ends, because a task
// that writes nothing for long needs no upload URLs. A failure does not matter: the
// lease outlives it, and a run that is lost runs again with the next call.
func (u *Uploader) sendHeartbeats(ctx context.Context) {
	ticker := time.NewTicker(cmp.Or(u.config.Heartbeat, run.HeartbeatInterval))
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			_ = u.config.Client.Heartbeat(ctx, u.config.Run)
		case <-ctx.Done():
			return
		}
	}
}
