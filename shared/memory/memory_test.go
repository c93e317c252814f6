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
		"both fit":                            {first: memory.Max / 2, second: memory.Max / 2, freedAfter: time.Minute},
		"the first one ends in time":          {first: memory.Max, second: 1, freedAfter: 4 * time.Second},
		"the first one ends too late":         {first: memory.Max, second: 1, freedAfter: 6 * time.Second, want: memory.ErrBusy},
		"nothing always fits":                 {first: memory.Max, second: 0, freedAfter: time.Minute},
		"more than there is needs all of it":  {first: 1, second: 2 * memory.Max, freedAfter: 6 * time.Second, want: memory.ErrBusy},
		"more than there is waits for all":    {first: 1, second: 2 * memory.Max, freedAfter: 4 * time.Second},
		"more than there is fits when unused": {first: 0, second: 2 * memory.Max, freedAfter: time.Minute},
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
