package sli_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/shared/sli"
)

const good, bad = 1, 9

// minutes returns samples of one value, one per minute, from and to minutes ago.
func minutes(from, to int, value float64) (samples []sli.Sample) {
	return each(1, from, to, value)
}

// each is like minutes, with a step.
func each(step, from, to int, value float64) (samples []sli.Sample) {
	for age := from; age < to; age += step {
		samples = append(samples, at(now.Add(-time.Duration(age)*time.Minute-57*time.Second), value))
	}
	return samples
}

func TestAlerts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		samples    []sli.Sample
		objective  sli.Objective
		thresholds sli.Thresholds
		want       sli.Alert
	}{
		"no sample":                                {objective: below(5, 0.99), want: sli.None},
		"no objective":                             {samples: minutes(0, 60, bad), want: sli.None},
		"all is good":                              {samples: minutes(0, 60, good), objective: below(5, 0.99), want: sli.None},
		"all is bad":                               {samples: minutes(0, 60, bad), objective: below(5, 0.99), want: sli.Page},
		"it was bad until 10 minutes ago":          {samples: append(minutes(0, 10, good), minutes(10, 60, bad)...), objective: below(5, 0.99), want: sli.Ticket},
		"it was bad until 31 minutes ago":          {samples: append(minutes(0, 31, good), minutes(31, 240, bad)...), objective: below(5, 0.99), thresholds: sli.Thresholds{Slow: 99}, want: sli.None},
		"the last value is bad":                    {samples: append(minutes(0, 1, bad), minutes(1, 300, good)...), objective: below(5, 0.5), want: sli.Warning},
		"the budget of days burns":                 {samples: append(minutes(200, 300, bad), minutes(0, 200, good)...), objective: below(5, 0.8), want: sli.Ticket},
		"the budget of days is spent":              {samples: append(minutes(400, 500, bad), minutes(0, 400, good)...), objective: below(5, 0.99), want: sli.None},
		"its thresholds are higher":                {samples: minutes(0, 60, bad), objective: below(5, 0.99), thresholds: sli.Thresholds{Page: 101, Ticket: 101, Slow: 101}, want: sli.Warning},
		"a rate at the threshold counts":           {samples: append(minutes(0, 3, bad), minutes(3, 5, good)...), objective: below(5, 0.7), thresholds: sli.Thresholds{Page: 2}, want: sli.Page},
		"one sample, which is bad":                 {samples: minutes(0, 1, bad), objective: below(5, 0.99), want: sli.Warning},
		"one bad sample of an hour":                {samples: append(minutes(0, 1, bad), each(15, 15, 60, good)...), objective: below(5, 0.99), want: sli.Warning},
		"two bad samples":                          {samples: minutes(0, 2, bad), objective: below(5, 0.99), want: sli.Warning},
		"three bad samples":                        {samples: minutes(0, 3, bad), objective: below(5, 0.99), want: sli.Page},
		"three bad samples, 15 minutes apart":      {samples: each(15, 0, 45, bad), objective: below(5, 0.99), want: sli.Page},
		"one bad sample, and the threshold is one": {samples: minutes(0, 1, bad), objective: below(5, 0.99), thresholds: sli.Thresholds{Samples: 1}, want: sli.Page},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sli.SLI{Objective: c.objective, Thresholds: c.thresholds}.Add("", c.samples...)
			if got := s.Health(now); got.Alert != c.want {
				t.Errorf("%s, want %s: %+v", got.Alert, c.want, got)
			}
		})
	}
}

func TestAnSLIIsStale(t *testing.T) {
	t.Parallel()
	old := sli.SLI{}.Add("", at(now.Add(-time.Hour), good))
	for name, c := range map[string]struct {
		sli  sli.SLI
		want bool
	}{
		"without samples":                 {sli.SLI{}, true},
		"an hour after the last":          {old, true},
		"a moment before":                 {old.Add("", at(now.Add(-time.Hour+time.Microsecond), good)), false},
		"sooner, with its own threshold":  {old.Add("", at(now.Add(-time.Minute), good)).WithObjective(sli.Objective{}, sli.Thresholds{StaleAfter: 60}), true},
		"not yet, with its own threshold": {old.WithObjective(sli.Objective{}, sli.Thresholds{StaleAfter: 3601}), false},
	} {
		if got := c.sli.Health(now).Stale; got != c.want || c.sli.Until.Stale.After(now) == c.want {
			t.Errorf("%s: stale is %t, and the horizon is %v", name, got, c.sli.Until.Stale)
		}
	}
}

// urgency ranks the alerts.
var urgency = map[sli.Alert]int{sli.None: 0, sli.Warning: 1, sli.Ticket: 2, sli.Page: 3}

// Only samples change the alert, so its horizon is either past or forever.
func TestTheAlertHorizonIsTheHealthToCome(t *testing.T) {
	t.Parallel()
	seen := map[sli.Alert]int{}
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 7))
		s := sli.SLI{Objective: below(0.5+r.Float64()/2, 0.8+r.Float64()/6), Thresholds: sli.Thresholds{Page: 1 + 3*r.Float64(), Samples: 1 + r.IntN(3)}}
		s = s.Add("", randomSamples(r, 0)...)
		for _, silence := range []time.Duration{0, time.Minute, 10 * time.Minute, 7 * time.Hour, 100 * 24 * time.Hour} {
			got := s.Health(s.LastTime.Add(silence)).Alert
			seen[got]++
			for alert, until := range map[sli.Alert]time.Time{sli.Page: s.Until.Page, sli.Ticket: s.Until.Ticket, sli.Warning: s.Until.Warning} {
				if raised := until.Equal(sli.Forever); raised != (urgency[got] >= urgency[alert]) || !raised && !until.IsZero() {
					t.Fatalf("seed %d: after %v it is %s, and %s ends at %v", seed, silence, got, alert, until)
				}
			}
		}
	}
	if len(seen) < 3 {
		t.Errorf("the tested alerts are %v", seen)
	}
}

// However rarely an SLI is sampled, an outage raises a page after a few samples,
// the page stays between samples, and good samples end it.
func TestAlertsAdaptToTheSamplingInterval(t *testing.T) {
	t.Parallel()
	for _, minutes := range []int{1, 2, 5, 7, 10, 15, 30, 45, 60, 90, 180, 360, 720, 1440} {
		t.Run(fmt.Sprint(minutes, " minutes"), func(t *testing.T) {
			t.Parallel()
			interval := time.Duration(minutes) * time.Minute
			s, next := sli.SLI{Objective: below(5, 0.99)}, now
			add := func(n int, value float64) (alerts []sli.Alert) {
				for range n {
					s = s.Add("", at(next, value))
					alerts = append(alerts, s.Health(next).Alert)
					for part := range time.Duration(4) {
						if got := s.Health(next.Add(part * interval / 4)).Alert; got != alerts[len(alerts)-1] {
							t.Errorf("between two samples the alert becomes %s", got)
						}
					}
					next = next.Add(interval)
				}
				return alerts
			}
			add(100, good)
			changes := slices.Compact(add(20, bad))
			if first, last := changes[0], changes[len(changes)-1]; first != sli.Warning || last != sli.Page || len(changes) > 3 {
				t.Errorf("in the outage the alerts are %v", changes)
			}
			if recovery := slices.Compact(add(400, good)); recovery[0] != sli.Page || !slices.IsSortedFunc(recovery, func(a, b sli.Alert) int { return urgency[b] - urgency[a] }) || recovery[len(recovery)-1] != sli.None {
				t.Errorf("after the outage the alerts are %v", recovery)
			}
		})
	}
}

// Silence is no evidence that an outage is over: neither while it lasts, nor when
// the next bad sample arrives.
func TestSilenceDoesNotLowerTheAlert(t *testing.T) {
	t.Parallel()
	outages := map[string]func(n int) float64{
		"total":       func(int) float64 { return bad },
		"one of five": func(n int) float64 { return map[bool]float64{true: bad, false: good}[n%5 == 0] },
	}
	for name, value := range outages {
		for _, minutes := range []int{1, 10, 30, 360} {
			for _, silence := range []time.Duration{20 * time.Minute, 2 * time.Hour, 7 * time.Hour, 80 * time.Hour, 30 * 24 * time.Hour} {
				interval := time.Duration(minutes) * time.Minute
				s, next := sli.SLI{Objective: below(5, 0.99)}, now
				for n := range 101 {
					s = s.Add("", at(next, value(n)))
					next = next.Add(interval)
				}
				before := s.Health(next).Alert
				next = next.Add(silence)
				during := s.Health(next).Alert
				s = s.Add("", at(next, bad))
				if after := s.Health(next).Alert; during != before || urgency[after] < urgency[before] || urgency[before] < urgency[sli.Ticket] {
					t.Errorf("%s outage, each %v, %v of silence: %s, then %s, then %s", name, interval, silence, before, during, after)
				}
			}
		}
	}
}

func TestThresholdsThatNoSamplesCanReachAreRejected(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		target     float64
		thresholds sli.Thresholds
		want       []string // in the error; empty: none exists
	}{
		"the defaults":                   {0.99, sli.Thresholds{}, nil},
		"a target at the limit":          {0.9306, sli.Thresholds{}, nil},
		"a target below the limit":       {0.93, sli.Thresholds{}, []string{"page is 14.4", "1/(1-0.93) = 14.29", "at most 14.28", "at least 0.9306"}},
		"a page at the limit":            {0.9, sli.Thresholds{Page: 10}, nil},
		"a page above the limit":         {0.9, sli.Thresholds{Page: 10.01}, []string{"page is 10.01", "1/(1-0.9) = 10", "at most 10"}},
		"two thresholds":                 {0.8, sli.Thresholds{}, []string{"page is 14.4", "ticket is 6", "= 5;"}},
		"all of them":                    {0.5, sli.Thresholds{Slow: 2.5}, []string{"page is", "ticket is", "slow is 2.5"}},
		"low thresholds of a low target": {0.5, sli.Thresholds{Page: 2, Ticket: 1.5}, nil},
	} {
		err := c.thresholds.CheckReachable(below(5, c.target))
		if (err == nil) != (len(c.want) == 0) {
			t.Errorf("%s: %v", name, err)
		}
		for _, text := range c.want {
			if err != nil && !strings.Contains(err.Error(), text) {
				t.Errorf("%s: %q does not contain %q", name, err, text)
			}
		}
	}
	if err := (sli.Thresholds{Page: 1e9}).CheckReachable(sli.Objective{}); err != nil {
		t.Errorf("without an objective: %v", err)
	}
}

// The highest page that is accepted is raised by an outage.
func TestAnOutageReachesTheHighestThresholds(t *testing.T) {
	t.Parallel()
	for _, target := range []float64{0.01, 0.3, 0.5, 0.8, 0.9, 0.95, 0.99, 0.9999} {
		highest := 1 / (1 - target)
		thresholds := sli.Thresholds{Page: highest, Ticket: highest, Slow: highest}
		if err := thresholds.CheckReachable(below(5, target)); err != nil {
			t.Fatal(err)
		}
		s := sli.SLI{Objective: below(5, target), Thresholds: thresholds}.Add("", minutes(0, 3, bad)...)
		if got := s.Health(now).Alert; got != sli.Page {
			t.Errorf("with the target %v it is %s", target, got)
		}
	}
}

func TestAnAlertHorizonFollowsTheObjective(t *testing.T) {
	t.Parallel()
	s := sli.SLI{}.Add("", minutes(0, 60, bad)...)
	if o := s.Until; !o.Warning.IsZero() {
		t.Errorf("without an objective: %+v", o)
	}
	s = s.WithObjective(below(5, 0.99), sli.Thresholds{})
	if o := s.Until; !o.Warning.Equal(sli.Forever) || !o.Page.IsZero() {
		t.Errorf("with samples that were good when they were added: %+v", o)
	}
	s = s.Add("", minutes(0, 20, bad)...)
	if o := s.Until; !o.Page.Equal(sli.Forever) || !o.Ticket.Equal(sli.Forever) {
		t.Errorf("with bad samples: %+v", o)
	}
	if o := s.WithObjective(sli.Objective{}, sli.Thresholds{}).Until; !o.Warning.IsZero() || o.Stale.IsZero() {
		t.Errorf("after the objective was removed: %+v", o)
	}
}
