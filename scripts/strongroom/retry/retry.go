// Package retry tries a failing operation again, for as long as its policy
// allows.
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

// Transient marks a failure that may pass. Errors not so marked are permanent.
type Transient struct {
	Err   error
	After time.Duration // earliest next try, as the server asked; zero: it did not
}

// Error is that of what failed.
func (t *Transient) Error() string { return t.Err.Error() }

// Unwrap gives what failed.
func (t *Transient) Unwrap() error { return t.Err }

// GaveUp says that a transient failure lasted longer than the policy allows.
type GaveUp struct {
	Err error         // the last failure
	For time.Duration // since the first failure
}

// Error says for how long it was tried, and what failed last.
func (g *GaveUp) Error() string {
	return fmt.Sprintf("gave up after %s: %v", g.For.Round(time.Second), g.Err)
}

// Unwrap gives the last failure.
func (g *GaveUp) Unwrap() error { return g.Err }

// Policy says how long and how often to try. The zero Policy tries once.
type Policy struct {
	For    time.Duration   // since the first failure
	First  time.Duration   // first pause, doubled each time up to 30 s; zero: 250 ms
	Hurry  <-chan struct{} // once closed, HurryFor counts instead of For, from then on; nil: never
	Within time.Duration   // the limit that Hurry puts in force
	Notify func(err error) // of each transient failure, concurrently; may be nil
}

// Do calls op until it succeeds, fails permanently, the policy's time is over
// (then the error is a *GaveUp) or ctx ends (then it is ctx's cause).
func (p Policy) Do(ctx context.Context, op func(context.Context) error) error {
	s := state{policy: p, limit: p.For, hurry: p.Hurry, pauses: p.pauses()}
	for {
		err := op(ctx)
		var again *Transient
		if !errors.As(err, &again) {
			return err
		}
		if p.Notify != nil {
			p.Notify(err)
		}
		if err := s.pause(ctx, again); err != nil {
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

// state is one operation's history of failures.
type state struct {
	policy  Policy
	limit   time.Duration
	hurry   <-chan struct{}
	pauses  *backoff.ExponentialBackOff
	failing time.Time
}

func (s *state) pause(ctx context.Context, failure *Transient) error {
	if s.failing.IsZero() {
		s.failing = time.Now()
	}
	wait := max(failure.After, s.pauses.NextBackOff())
	if lasted := time.Since(s.failing); lasted+wait > s.limit {
		return &GaveUp{Err: failure.Err, For: lasted}
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.hurry:
		s.hurry, s.failing, s.limit = nil, time.Now(), min(s.limit, s.policy.Within)
		s.pauses.Reset()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}
