package command

import (
	"sync"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
)

// noticeInterval is the minimum time between notices of failures that last.
const noticeInterval = 30 * time.Second

// reporter returns a reporter that prints failures of requests that are retried: the
// first one that lasts, and then rarely. With --quiet, it prints nothing.
func (a *app) reporter(printf func(format string, args ...any)) retry.Reporter {
	var mu sync.Mutex
	var next time.Time
	return func(err error) {
		mu.Lock()
		defer mu.Unlock()
		if a.settings.quiet || time.Now().Before(next) {
			return
		}
		next = time.Now().Add(noticeInterval)
		printf("strongroom: %v; still trying", err)
	}
}
