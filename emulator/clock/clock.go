// Package clock is the embedded cloud's time: the machine's own, moved forward
// at will, so that what Google does after 30 days can be watched at once.
package clock

import (
	"sync"
	"time"
)

// Clock tells the time. The zero Clock tells the machine's. It is safe for
// concurrent use.
type Clock struct {
	mu    sync.RWMutex
	ahead time.Duration
}

// Now is the machine's time, plus all that Advance added.
func (c *Clock) Now() time.Time {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return time.Now().Add(c.ahead)
}

// Advance moves the clock forward by d.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}
