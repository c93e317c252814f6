package retry_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
)

var errDown = errors.New("down")

func TestDoTriesUntilSuccess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		err := retry.Policy{For: time.Hour}.Do(t.Context(), func(context.Context) error {
			if tries++; tries < 5 {
				return &retry.Transient{Err: errDown}
			}
			return nil
		})
		if err != nil || tries != 5 {
			t.Errorf("tried %d times: %v", tries, err)
		}
	})
}

func TestDoStopsAtAPermanentError(t *testing.T) {
	t.Parallel()
	tries := 0
	err := retry.Policy{For: time.Hour}.Do(t.Context(), func(context.Context) error {
		tries++
		return errDown
	})
	if !errors.Is(err, errDown) || tries != 1 {
		t.Errorf("tried %d times: %v", tries, err)
	}
}

func TestDoGivesUpInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		err := retry.Policy{For: time.Hour}.Do(t.Context(), func(context.Context) error {
			return &retry.Transient{Err: errDown}
		})
		var gaveUp *retry.GaveUp
		if !errors.As(err, &gaveUp) || !errors.Is(err, errDown) {
			t.Errorf("error is %v", err)
		}
		if lasted := time.Since(began); lasted < 59*time.Minute || lasted > time.Hour {
			t.Errorf("gave up after %s", lasted)
		}
	})
}

func TestDoWaitsAsLongAsTheServerAsks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began, tries := time.Now(), 0
		err := retry.Policy{For: time.Hour}.Do(t.Context(), func(context.Context) error {
			if tries++; tries == 1 {
				return &retry.Transient{Err: errDown, After: 7 * time.Minute}
			}
			return nil
		})
		if lasted := time.Since(began); err != nil || lasted < 7*time.Minute {
			t.Errorf("done after %s: %v", lasted, err)
		}
	})
}

func TestShortenAppliesToARetryInProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shorten := make(chan struct{})
		began := time.Now()
		time.AfterFunc(10*time.Minute, func() { close(shorten) })
		policy := retry.Policy{For: 24 * time.Hour, Shorten: shorten, ShortFor: 15 * time.Second}
		err := policy.Do(t.Context(), func(context.Context) error {
			return &retry.Transient{Err: errDown}
		})
		lasted := time.Since(began) - 10*time.Minute
		if err == nil || lasted < 0 || lasted > 15*time.Second {
			t.Errorf("gave up %s after the limit was shortened: %v", lasted, err)
		}
	})
}

func TestDoEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	stopped := errors.New("stopped")
	err := retry.Policy{For: time.Hour}.Do(ctx, func(context.Context) error {
		cancel(stopped)
		return &retry.Transient{Err: errDown}
	})
	if !errors.Is(err, stopped) {
		t.Errorf("error is %v", err)
	}
}
