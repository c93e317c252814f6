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

// interval is the least time between two writes of one projection: Firestore
// sustains about one write a second on a document, cloud.google.com/firestore/quotas.
const interval = time.Second

// patience bounds how long one event waits for its turn. Pub/Sub takes it as
// lost after the minute of its ack deadline.
const patience = 25 * time.Second

// maxHurry bounds how often one event tries again without waiting.
const maxHurry = 10

type clock struct {
	now   func() time.Time
	after func(time.Duration) <-chan time.Time
}

// early is the fault of a projection that was written less than interval ago.
type early struct{ until time.Time }

func (e early) Error() string { return "a projection was written a moment ago" }

// check tells whether a projection that was written at folded may be written now.
func (c clock) check(folded time.Time) error {
	until := folded.Add(interval)
	if now := c.now(); now.Before(until) && !folded.After(now.Add(interval)) {
		return early{until} // a clock far ahead of ours must not stop us
	}
	return nil
}

// errOvertaken is the fault of a fold that another one came before.
var errOvertaken = errors.New("another fold came first")

var errBusy = errors.New("the check is busy; its runs stay pending")

// pace says when to look again. The zero pace, but for its clock, has waited
// for nothing yet.
type pace struct {
	clock  clock
	waited time.Duration
	hurry  int
}

// wait waits as err demands, or gives what waiting does not mend. Many events
// of one check wait at once; so that they do not all look at once, each waits
// some time longer, up to what it has waited before.
func (p *pace) wait(ctx context.Context, err error) error {
	var e early
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		return p.sleep(ctx, max(0, e.until.Sub(p.clock.now()))+rand.N(p.waited+interval/10))
	case errors.Is(err, errOvertaken), status.Code(err) == codes.Aborted,
		// The client repeated a commit whose reply was lost, and its transaction
		// is over: another look tells whether it was done.
		status.Code(err) == codes.InvalidArgument:
		if p.hurry++; p.hurry <= maxHurry {
			return ctx.Err()
		}
	}
	return err
}

func (p *pace) sleep(ctx context.Context, d time.Duration) error {
	if p.waited += d; p.waited > patience {
		return errBusy
	}
	select {
	case <-p.clock.after(d):
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for a check: %w", ctx.Err())
	}
}
