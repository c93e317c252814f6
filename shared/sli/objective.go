package sli

import (
	"errors"
	"math"
)

// Objective is what an SLI is held against. Without Min and Max there is none,
// and every sample is good.
type Objective struct {
	Min    *float64 `firestore:"min"`    // a good sample is at least this; nil: no bound
	Max    *float64 `firestore:"max"`    // a good sample is at most this; nil: no bound
	Target float64  `firestore:"target"` // share of samples to be good, in (0,1); not 1, which leaves no budget to burn
}

// Validate joins all that is wrong.
func (o Objective) Validate() error {
	var errs []error
	for _, bound := range []*float64{o.Min, o.Max} {
		if bound != nil && (math.IsNaN(*bound) || math.IsInf(*bound, 0)) {
			errs = append(errs, errors.New("a bound is not a finite number"))
		}
	}
	if o.Min != nil && o.Max != nil && *o.Min > *o.Max {
		errs = append(errs, errors.New("min is above max"))
	}
	if o.exists() && !(o.Target > 0 && o.Target < 1) {
		errs = append(errs, errors.New("target is not between 0 and 1"))
	}
	return errors.Join(errs...)
}

func (o Objective) exists() bool { return o.Min != nil || o.Max != nil }

// Good reports whether a value is within the objective.
func (o Objective) Good(value float64) bool {
	return (o.Min == nil || value >= *o.Min) && (o.Max == nil || value <= *o.Max)
}

// Thresholds are the burn rates that raise an alert. A zero field is the usual
// one: sre.google/workbook/alerting-on-slos, section 6.
type Thresholds struct {
	Page   float64 `firestore:"page"`   // over 1 h and over 5 min; zero: 14.4
	Ticket float64 `firestore:"ticket"` // over 6 h; zero: 6
	Slow   float64 `firestore:"slow"`   // over 3 d, also a ticket; zero: 1
}

// Validate refuses what is no burn rate.
func (t Thresholds) Validate() error {
	for _, rate := range []float64{t.Page, t.Ticket, t.Slow} {
		if math.IsNaN(rate) || math.IsInf(rate, 0) || rate < 0 {
			return errors.New("a threshold is not a finite number from 0 up")
		}
	}
	return nil
}

// filled puts the usual thresholds where none is set.
func (t Thresholds) filled() Thresholds {
	for _, field := range []struct {
		rate  *float64
		usual float64
	}{{&t.Page, 14.4}, {&t.Ticket, 6}, {&t.Slow, 1}} {
		if *field.rate == 0 {
			*field.rate = field.usual
		}
	}
	return t
}
