package assistantupdate

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// minWriteInterval is the shortest time between two writes of one check or SLI.
// Firestore sustains about one write per second on a document:
// cloud.google.com/firestore/quotas.
const minWriteInterval = time.Second

// maxWait bounds how long one event waits in all, and how long it folds the runs of
// other events. Pub/Sub delivers an event again after its ack deadline, which is a
// minute.
const maxWait = 25 * time.Second

// maxImmediateRetries bounds how often one event tries again without waiting.
const maxImmediateRetries = 10

type clock struct {
	now   func() time.Time
	after func(time.Duration) <-chan time.Time
}

// tooSoonError is the error for a check or an SLI that was written less than
// minWriteInterval ago.
type tooSoonError struct{ retryAt time.Time }

func (e tooSoonError) Error() string {
	return "the check or SLI was written less than a second ago"
}

// mayWrite returns a tooSoonError if a document that was written at a time must not
// be written yet. A time far ahead of this clock is ignored: another machine's
// wrong clock must not stop all folds.
func (c clock) mayWrite(written time.Time) error {
	retryAt := written.Add(minWriteInterval)
	if now := c.now(); now.Before(retryAt) && !written.After(now.Add(minWriteInterval)) {
		return tooSoonError{retryAt}
	}
	return nil
}

var errBusy = errors.New("the check is busy; its runs stay pending")

// writePacer decides when an event tries again. Its zero value, apart from the
// clock, has waited for nothing yet.
type writePacer struct {
	clock            clock
	reserve          func() (done func(), err error) // the right to wait
	waited           time.Duration
	immediateRetries int
}

// wait waits until it makes sense to try again after err. If another try does not
// help, it returns err.
func (p *writePacer) wait(ctx context.Context, err error) error {
	var tooSoon tooSoonError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &tooSoon):
		// Several processes may wait for the same check or SLI. So that they do not all
		// write at once, each waits a random time longer.
		jitter := rand.N(minWriteInterval / 5)
		return p.sleep(ctx, max(0, tooSoon.retryAt.Sub(p.clock.now()))+jitter)
	case errors.Is(err, errOvertaken), status.Code(err) == codes.Aborted,
		// The client repeated a commit whose reply was lost, and its transaction is
		// over. The next try finds out whether the commit was applied.
		status.Code(err) == codes.InvalidArgument:
		if p.immediateRetries++; p.immediateRetries <= maxImmediateRetries {
			return ctx.Err()
		}
	}
	return err
}

func (p *writePacer) sleep(ctx context.Context, d time.Duration) error {
	if p.waited += d; p.waited > maxWait {
		return errBusy
	}
	done, err := p.reserve()
	if err != nil {
		return err
	}
	defer done()
	select {
	case <-p.clock.after(d):
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for a check: %w", ctx.Err())
	}
}
