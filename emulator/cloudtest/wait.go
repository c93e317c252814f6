package cloudtest

import (
	"context"
	"testing"
	"time"
)

// limit is how long a test waits for one thing. It is many times what a slow machine needs:
// a wait that would never end must not take the time of all other tests.
const limit = 5 * time.Minute

// Context returns a context that ends after five minutes, and 10 seconds before the
// deadline of go test, so that a wait which would never end fails with what it waits for.
func Context(t testing.TB) context.Context {
	end := time.Now().Add(limit)
	if test, ok := t.(interface{ Deadline() (time.Time, bool) }); ok {
		if deadline, ok := test.Deadline(); ok && deadline.Add(-10*time.Second).Before(end) {
			end = deadline.Add(-10 * time.Second)
		}
	}
	ctx, cancel := context.WithDeadline(t.Context(), end)
	t.Cleanup(cancel)
	return ctx
}

// Eventually waits until happened returns true. It fails the test at the end of Context.
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

// Receive returns the next value of a channel, or the zero value of one that is closed. It
// fails the test at the end of Context.
func Receive[T any](t testing.TB, what string, from <-chan T) T {
	t.Helper()
	select {
	case value := <-from:
		return value
	case <-Context(t).Done():
		t.Fatalf("did not happen: %s", what)
		panic("unreachable")
	}
}
