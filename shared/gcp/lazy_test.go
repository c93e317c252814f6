package gcp_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/strongroom-dev/strongroom/shared/gcp"
)

func TestLazyTriesAFailedBuildAgain(t *testing.T) {
	t.Parallel()
	var lazy gcp.Lazy[int]
	broken := errors.New("broken")
	builds := 0
	build := func(context.Context) (int, error) {
		builds++
		if builds < 3 {
			return 7, broken
		}
		return builds, nil
	}
	for range 2 {
		if got, err := lazy.Get(t.Context(), build); got != 0 || !errors.Is(err, broken) {
			t.Errorf("got %d, %v", got, err)
		}
		if _, ok := lazy.Built(); ok {
			t.Error("a failed build is kept")
		}
	}
	for range 2 {
		if got, err := lazy.Get(t.Context(), build); got != 3 || err != nil {
			t.Errorf("got %d, %v", got, err)
		}
	}
	if got, ok := lazy.Built(); got != 3 || !ok || builds != 3 {
		t.Errorf("built %d, %v by %d builds", got, ok, builds)
	}
}

func TestLazyBuildsOnceForAll(t *testing.T) {
	t.Parallel()
	var lazy gcp.Lazy[int64]
	var builds atomic.Int64
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if got, err := lazy.Get(t.Context(), func(context.Context) (int64, error) { return builds.Add(1), nil }); got != 1 || err != nil {
				t.Errorf("got %d, %v", got, err)
			}
		})
	}
	group.Wait()
}

func TestLazyBuildOutlivesItsRequest(t *testing.T) {
	t.Parallel()
	var lazy gcp.Lazy[int]
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := lazy.Get(ctx, func(ctx context.Context) (int, error) { return 1, ctx.Err() }); err != nil {
		t.Errorf("the build ends with its request: %v", err)
	}
}
