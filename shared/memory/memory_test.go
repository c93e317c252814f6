package memory_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/strongroom-dev/strongroom/shared/memory"
)

func TestWhatDoesNotFitWaitsForFiveSeconds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		first, second int64
		freedAfter    time.Duration
		want          error
	}{
		"both fit":                            {memory.Max / 2, memory.Max / 2, time.Minute, nil},
		"the first one ends in time":          {memory.Max, 1, 4 * time.Second, nil},
		"the first one ends too late":         {memory.Max, 1, 6 * time.Second, memory.ErrBusy},
		"nothing always fits":                 {memory.Max, 0, time.Minute, nil},
		"more than there is needs all of it":  {1, 2 * memory.Max, 6 * time.Second, memory.ErrBusy},
		"more than there is waits for all":    {1, 2 * memory.Max, 4 * time.Second, nil},
		"more than there is fits when unused": {0, 2 * memory.Max, time.Minute, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := memory.NewBudget()
				release, err := b.Reserve(t.Context(), test.first)
				if err != nil {
					t.Fatal(err)
				}
				time.AfterFunc(test.freedAfter, release)
				again, err := b.Reserve(t.Context(), test.second)
				if !errors.Is(err, test.want) {
					t.Errorf("got %v, want %v", err, test.want)
				}
				if err == nil {
					again()
				}
				time.Sleep(time.Minute) // of the fake clock
			})
		})
	}
}

func TestReservationsNeverExceedTheBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := memory.NewBudget()
		var reserved, busy atomic.Int64
		for n := range 200 {
			go func() {
				bytes := int64(1+n%40) << 20
				release, err := b.Reserve(t.Context(), bytes)
				if err != nil {
					busy.Add(1)
					return
				}
				if now := reserved.Add(bytes); now > memory.Max {
					t.Errorf("%d bytes are reserved", now)
				}
				time.Sleep(time.Second) // of the fake clock
				reserved.Add(-bytes)
				release()
			}()
		}
		time.Sleep(time.Minute) // of the fake clock
		if reserved.Load() != 0 || busy.Load() == 0 {
			t.Errorf("%d bytes stay reserved; %d were busy", reserved.Load(), busy.Load())
		}
	})
}
