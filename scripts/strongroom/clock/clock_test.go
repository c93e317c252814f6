package clock_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/clock"
)

// respond observes the response of a platform whose clock is ahead, to a request
// that took trip in each direction.
func respond(c *clock.Clock, ahead, trip time.Duration) {
	sent := c.Now()
	time.Sleep(trip)
	date := time.Now().Add(ahead).UTC().Format(http.TimeFormat)
	time.Sleep(trip)
	c.Observe(http.Header{"Date": {date}}, sent, c.Now())
}

func TestOffsetIsMeasuredByTheDateOfAResponse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ahead, trip time.Duration
		precision   time.Duration // of a wanted correction; 0: nothing is corrected
	}{
		"a clock that is right":                    {0, time.Millisecond, 0},
		"a clock that is a second ahead":           {-time.Second, time.Millisecond, 0},
		"a clock that is a second behind":          {time.Second, time.Millisecond, 0},
		"3 s ahead":                                {-3 * time.Second, time.Millisecond, time.Second},
		"3 s behind":                               {3 * time.Second, time.Millisecond, time.Second},
		"10 minutes ahead":                         {-10 * time.Minute, 100 * time.Millisecond, time.Second},
		"10 minutes behind":                        {10 * time.Minute, 100 * time.Millisecond, time.Second},
		"an hour ahead":                            {-time.Hour, time.Second, 2 * time.Second},
		"an hour behind":                           {time.Hour, time.Second, 2 * time.Second},
		"a year ahead":                             {-9000 * time.Hour, time.Second, 2 * time.Second},
		"3 s, which a slow response does not show": {3 * time.Second, 5 * time.Second, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				k := clock.New()
				respond(k, c.ahead, c.trip)
				offset := k.Offset()
				if c.precision == 0 {
					if offset != 0 || !k.PlatformNow().Equal(k.Now()) {
						t.Errorf("the offset is %v", offset)
					}
					return
				}
				if wrong := (offset - c.ahead).Abs(); wrong > c.precision {
					t.Errorf("the offset is %v, which is wrong by %v", offset, wrong)
				}
			})
		})
	}
}

func TestSeveralResponsesMakeTheOffsetMorePrecise(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := clock.New()
		for range 20 {
			respond(k, time.Hour, 10*time.Millisecond)
			time.Sleep(130 * time.Millisecond)
		}
		if wrong := (k.Offset() - time.Hour).Abs(); wrong > 150*time.Millisecond {
			t.Errorf("the offset is wrong by %v", wrong)
		}
	})
}

func TestResponsesWithoutTheTimeShowNothing(t *testing.T) {
	t.Parallel()
	for name, header := range map[string]http.Header{
		"no date":                  {},
		"no valid date":            {"Date": {"yesterday"}},
		"the date of a cached one": {"Date": {"Fri, 02 Jan 2026 03:04:05 GMT"}, "Age": {"7"}},
	} {
		k := clock.New()
		if k.Observe(header, k.Now(), k.Now()); k.Measured() || k.Offset() != 0 {
			t.Errorf("%s: the offset is %v", name, k.Offset())
		}
	}
}

func TestUptimeShowsHowLongAgoAnotherProcessStarted(t *testing.T) {
	t.Parallel()
	started := clock.Uptime{Boot: "a", Since: time.Hour}
	for name, c := range map[string]struct {
		started, later clock.Uptime
		want           time.Duration
		ok             bool
	}{
		"the same start of the machine":          {started: started, later: clock.Uptime{Boot: "a", Since: 3 * time.Hour}, want: 2 * time.Hour, ok: true},
		"another start":                          {started: started, later: clock.Uptime{Boot: "b", Since: 3 * time.Hour}},
		"a container that starts to count again": {started: started, later: clock.Uptime{Boot: "a", Since: time.Minute}},
		"an unknown one":                         {},
	} {
		if elapsed, ok := c.started.To(c.later); ok != c.ok || ok && elapsed != c.want {
			t.Errorf("%s: %v, %v", name, elapsed, ok)
		}
	}
	if a, b := clock.ReadUptime(), clock.ReadUptime(); a.Boot != b.Boot || b.Since < a.Since {
		t.Errorf("%+v and then %+v", a, b)
	}
}
