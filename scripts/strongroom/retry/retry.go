// Package retry repeats an operation that fails with a transient error, for as
// long as its policy allows.
package retry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// maxPause is the longest pause that the policy itself chooses.
const maxPause = 30 * time.Second

// Transient marks an error that a retry may solve. All other errors are
// permanent.
type Transient struct {
	Err   error
	After time.Duration // minimum pause that the server asked for; zero: none
}

// Error returns the message of Err.
func (t *Transient) Error() string { return t.Err.Error() }

// Unwrap returns Err.
func (t *Transient) Unwrap() error { return t.Err }

// GaveUp means that an operation failed for longer than the policy allows.
type GaveUp struct {
	Err error         // the last failure
	For time.Duration // since the first failure
}

// Error returns how long the operation was retried, and the last failure.
func (g *GaveUp) Error() string {
	return fmt.Sprintf("gave up after %s: %v", g.For.Round(time.Second), g.Err)
}

// Unwrap returns the last failure.
func (g *GaveUp) Unwrap() error { return g.Err }

// Policy sets how long to retry. The zero Policy tries once.
type Policy struct {
	For      time.Duration   // how long to retry, since the first failure
	First    time.Duration   // first pause, which doubles each time up to 30 s; zero: 250 ms
	Shorten  <-chan struct{} // when it is closed, ShortFor replaces For, counted from then; nil: never
	ShortFor time.Duration   // how long to retry after Shorten is closed
	Notify   func(err error) // called for each transient failure, concurrently; may be nil
}

// Do calls op until one of these happens:
//   - op succeeds or fails permanently
//   - the policy's time is over: the error is a *GaveUp
//   - ctx ends: the error is ctx's cause
func (p Policy) Do(ctx context.Context, op func(context.Context) error) error {
	r := retries{policy: p, limit: p.For, shorten: p.Shorten, pauses: p.pauses()}
	for {
		err := op(ctx)
		var transient *Transient
		if !errors.As(err, &transient) {
			return err
		}
		if p.Notify != nil {
			p.Notify(err)
		}
		if err := r.pause(ctx, transient); err != nil {
			return err
		}
	}
}

func (p Policy) pauses() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval = 250 * time.Millisecond
	if p.First > 0 {
		b.InitialInterval = p.First
	}
	b.Multiplier, b.MaxInterval = 2, maxPause
	b.Reset()
	return b
}

// retries is the state of one call of Do.
type retries struct {
	policy       Policy
	limit        time.Duration   // since failingSince
	shorten      <-chan struct{} // nil once the limit was shortened
	pauses       *backoff.ExponentialBackOff
	failingSince time.Time // zero: no failure yet
}

// pause waits for the next attempt, or returns why none exists.
func (r *retries) pause(ctx context.Context, failure *Transient) error {
	if r.failingSince.IsZero() {
		r.failingSince = time.Now()
	}
	wait := max(failure.After, r.pauses.NextBackOff())
	elapsed := time.Since(r.failingSince)
	if elapsed+wait > r.limit {
		return &GaveUp{Err: failure.Err, For: elapsed}
	}
	if elapsed+wait > reportAfter { // the next failure would be too late
		Report(ctx, failure.Err)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.shorten:
		r.shorten, r.failingSince, r.limit = nil, time.Now(), min(r.limit, r.policy.ShortFor)
		r.pauses.Reset()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}
