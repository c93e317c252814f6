// Package clock corrects the times of a machine whose clock is off.
//
// The Date header of a response is the platform's time to the second (RFC 9110,
// section 6.6.1). The platform wrote it between the request and the response. So the
// platform's clock is ahead of this machine's by at least
//
//	Date - (time of the response)
//
// and by less than
//
//	Date + 1 s - (time of the request)
//
// The middle of this range is the offset. Its precision is half of the range: half a
// second, and half of the round trip. Several responses make the range smaller.
//
// An offset below MinOffset, or below its precision, corrects nothing: a clock that
// is synchronized stays as it is.
package clock

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

// MinOffset is the smallest offset that is corrected. It is more than the precision
// of a platform that responds within 3 seconds.
const MinOffset = 2 * time.Second

// Clock is a machine's clock when New was called, plus the time that has passed
// since. So the times that a program reads are in order, even if the machine's
// clock is set meanwhile. It is safe for concurrent use.
type Clock struct {
	began time.Time // has a monotonic reading

	mu       sync.Mutex
	measured bool
	low      time.Duration // how far the platform's clock is ahead, at least
	high     time.Duration // and at most
}

// New returns a clock that starts at the machine's time.
func New() *Clock { return &Clock{began: time.Now()} }

// Now returns the machine's time, without any correction.
func (c *Clock) Now() time.Time { return c.began.Add(time.Since(c.began)) }

// Observe measures the offset by a response's header. sent and received are times
// of Now. It ignores a response of a cache, and one without a valid Date.
func (c *Clock) Observe(header http.Header, sent, received time.Time) {
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil || header.Get("Age") != "" {
		return
	}
	low, high := date.Sub(received), date.Add(time.Second).Sub(sent)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.measured && max(low, c.low) < min(high, c.high) {
		low, high = max(low, c.low), min(high, c.high)
	}
	c.measured, c.low, c.high = true, low, high
}

// Measured reports whether Observe has measured the offset.
func (c *Clock) Measured() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.measured
}

// Offset returns what to add to times of Now so that they are the platform's, in
// whole milliseconds. It is 0 if the clock need not be corrected.
func (c *Clock) Offset() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.relevant((c.low + c.high) / 2)
}

// OffsetOf is Offset for a time that another process read, if the platform's clock
// was elapsed ago at that time.
func (c *Clock) OffsetOf(read time.Time, elapsed time.Duration) time.Duration {
	at := c.PlatformNow().Add(-elapsed)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.relevant(at.Sub(read))
}

func (c *Clock) relevant(offset time.Duration) time.Duration {
	if offset.Abs() <= max(MinOffset, (c.high-c.low)/2) {
		return 0
	}
	return offset.Round(time.Millisecond)
}

// PlatformNow returns the platform's time, or the machine's if the platform has not
// responded yet.
func (c *Clock) PlatformNow() time.Time { return c.Now().Add(c.Offset()) }

// Describe says how far a clock is off, for people.
func Describe(offset time.Duration) string {
	where := "behind"
	if offset < 0 {
		where = "ahead of"
	}
	return fmt.Sprintf("this machine's clock is %v %s the platform's", offset.Abs().Round(time.Second), where)
}
