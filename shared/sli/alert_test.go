package sli_test

import (
	"math/rand/v2"
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

// From the times of an SLI's alert horizon on, the alert is lower.
// Just before them it is not.
func TestTheAlertHorizonIsTheHealthToCome(t *testing.T) {
	t.Parallel()
	seen := map[sli.Alert]int{}
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 7))
		s := sli.SLI{Objective: below(0.5+r.Float64()/2, 0.8+r.Float64()/6), Thresholds: sli.Thresholds{Page: 1 + 3*r.Float64(), Samples: 1 + r.IntN(3)}}
		s = s.Add("", randomSamples(r, 0)...)
		untils := map[sli.Alert]time.Time{sli.Page: s.Until.Page, sli.Ticket: s.Until.Ticket, sli.Warning: s.Until.Warning}
		for alert, until := range untils {
			if got := s.Health(until.Add(-time.Second)).Alert; !until.IsZero() && urgency[got] < urgency[alert] {
				t.Fatalf("seed %d: just before it is %s, not %s", seed, got, alert)
			} else if !until.IsZero() {
				seen[alert]++
			}
		}
		for later := s.LastTime; later.Before(s.LastTime.Add(8 * time.Hour)); later = later.Add(time.Duration(1+r.IntN(200)) * time.Second) {
			got := s.Health(later).Alert
			for alert, until := range untils {
				if urgency[got] >= urgency[alert] && !later.Before(until) {
					t.Fatalf("seed %d: at %v it is %s, but below %s from %v on", seed, later, got, alert, until)
				}
			}
		}
	}
	if len(seen) != 3 {
		t.Errorf("the tested alerts are %v", seen)
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
	if o := s.Until; !o.Page.After(now) || !o.Ticket.After(o.Page) {
		t.Errorf("with bad samples: %+v", o)
	}
	if o := s.WithObjective(sli.Objective{}, sli.Thresholds{}).Until; !o.Warning.IsZero() || o.Stale.IsZero() {
		t.Errorf("after the objective was removed: %+v", o)
	}
}
