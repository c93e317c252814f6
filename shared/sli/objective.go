package sli

import (
	"cmp"
	"errors"
	"fmt"
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
	if !o.exists() && o.Target != 0 {
		errs = append(errs, errors.New("there is a target, and neither min nor max that says what a good sample is"))
	}
	return errors.Join(errs...)
}

func (o Objective) exists() bool { return o.Min != nil || o.Max != nil }

// Good reports whether a value is within the objective.
func (o Objective) Good(value float64) bool {
	return (o.Min == nil || value >= *o.Min) && (o.Max == nil || value <= *o.Max)
}

// Thresholds are what raises an alert, as burn rates over a long window and a
// short one, and when an SLI is stale. A zero field is the usual one:
// sre.google/workbook/alerting-on-slos, section 6.
type Thresholds struct {
	Page   float64 `firestore:"page"`   // over 1 h and over 5 min; zero: 14.4
	Ticket float64 `firestore:"ticket"` // over 6 h and over 30 min; zero: 6
	Slow   float64 `firestore:"slow"`   // over 3 d and over 6 h, also a ticket; zero: 1

	// Samples are those outside of the objective that the long window has at
	// least; zero: 3. One that is outside of few would else be a high rate.
	Samples    int `firestore:"samples"`
	StaleAfter int `firestore:"staleAfter"` // seconds without a sample; zero: 3,600
}

// The bounds of thresholds.
const (
	maxSamples    = 1_000
	maxStaleAfter = 366 * 24 * 60 * 60
)

// Validate joins all that is wrong.
func (t Thresholds) Validate() error {
	var errs []error
	for _, rate := range []float64{t.Page, t.Ticket, t.Slow} {
		if math.IsNaN(rate) || math.IsInf(rate, 0) || rate < 0 {
			errs = append(errs, errors.New("a burn rate is not a finite number from 0 up"))
		}
	}
	if t.Samples < 0 || t.Samples > maxSamples {
		errs = append(errs, fmt.Errorf("samples is not 0 to %d", maxSamples))
	}
	if t.StaleAfter < 0 || t.StaleAfter > maxStaleAfter {
		errs = append(errs, fmt.Errorf("staleAfter is not 0 to %d seconds", maxStaleAfter))
	}
	return errors.Join(errs...)
}

// filled puts the usual thresholds where none is set.
func (t Thresholds) filled() Thresholds {
	t.Page, t.Ticket, t.Slow = cmp.Or(t.Page, 14.4), cmp.Or(t.Ticket, 6), cmp.Or(t.Slow, 1)
	t.Samples, t.StaleAfter = cmp.Or(t.Samples, 3), cmp.Or(t.StaleAfter, 3600)
	return t
}
