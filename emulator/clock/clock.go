// Package clock is the time of the embedded cloud: the machine's time plus an
// offset that tests advance, so that they need not wait for what Google does
// after 30 days.
package clock

import (
	"sync"
	"time"
)

// Clock returns the time. The zero Clock returns the machine's time. It is safe
// for concurrent use.
type Clock struct {
	mu    sync.RWMutex
	ahead time.Duration
}

// Now returns the machine's time plus everything that Advance added.
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
