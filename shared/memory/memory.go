// Package memory shares out the memory of a process among the requests and events
// that it handles at the same time, by estimate. Those for which there is not enough
// wait, and then fail with an error that asks for a retry. Without this, an instance
// that runs out of memory is killed, with all that it was doing.
package memory

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/semaphore"
)

// Max is the memory in bytes that may be reserved at the same time. Go's heap grows
// to twice of what is in use before it is collected, so Max keeps a process below
// 400 of the 512 MiB of an instance.
const Max = 160 << 20

// waitTimeout limits how long a reservation waits for others to end.
const waitTimeout = 5 * time.Second

// ErrBusy is the error of a reservation that waited for too long.
var ErrBusy = errors.New("the process has no memory left at the moment; try again")

// Budget is the memory of one process. It is safe for concurrent use.
type Budget struct{ left *semaphore.Weighted }

// NewBudget returns a budget of Max bytes.
func NewBudget() *Budget { return &Budget{semaphore.NewWeighted(Max)} }

// Reserve waits until bytes can be reserved, for up to 5 seconds and in the order of
// the calls. It reserves Max if bytes is more than that, and waits for nothing if
// bytes is 0. The caller calls release once.
func (b *Budget) Reserve(ctx context.Context, bytes int64) (release func(), err error) {
	if bytes == 0 {
		return func() {}, nil // the semaphore would let it wait for its turn
	}
	bytes = min(bytes, Max)
	wait, cancel := context.WithTimeout(ctx, waitTimeout)
	defer cancel()
	if b.left.Acquire(wait, bytes) != nil {
		return nil, errors.Join(ErrBusy, ctx.Err())
	}
	return func() { b.left.Release(bytes) }, nil
}
