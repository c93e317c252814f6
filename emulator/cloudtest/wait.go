package cloudtest

import (
	"context"
	"testing"
	"time"
)

// Context returns a context that ends 10 seconds before the deadline of go test, so
// that a wait which would never end fails with what it waits for. A test has no shorter
// limit, because a slow machine is not a failure.
func Context(t testing.TB) context.Context {
	test, ok := t.(interface{ Deadline() (time.Time, bool) })
	if !ok {
		return t.Context()
	}
	deadline, ok := test.Deadline()
	if !ok {
		return t.Context()
	}
	ctx, cancel := context.WithDeadline(t.Context(), deadline.Add(-10*time.Second))
	t.Cleanup(cancel)
	return ctx
}

// Eventually waits until happened returns true. It fails the test shortly before the
// deadline of go test.
func Eventually(t testing.TB, what string, happened func() bool) {
	t.Helper()
	ctx, again := Context(t), time.NewTicker(5*time.Millisecond)
	defer again.Stop()
	for !happened() {
		select {
		case <-ctx.Done():
			t.Fatalf("did not happen: %s", what)
		case <-again.C:
		}
	}
}
