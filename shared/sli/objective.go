package sli

import (
	"cmp"
	"errors"
	"fmt"
	"math"
)

// Objective says which samples of an SLI are good, and what share of them must
// be. Without Min and Max there is no objective, and every sample is good.
type Objective struct {
	Min    *float64 `firestore:"min" class:"configuration"`    // a good sample is at least this; nil: no bound
	Max    *float64 `firestore:"max" class:"configuration"`    // a good sample is at most this; nil: no bound
	Target float64  `firestore:"target" class:"configuration"` // share of the samples that must be good, in (0,1); 1 would leave no error budget
}

// Validate returns all errors of the objective, joined.
func (o Objective) Validate() error {
	var errs []error
	for _, bound := range []*float64{o.Min, o.Max} {
		if bound != nil && !(math.Abs(*bound) <= MaxValue) { // not NaN either
			errs = append(errs, fmt.Errorf("min and max must be numbers from -%g to %[1]g, as samples are", MaxValue))
		}
	}
	if o.Min != nil && o.Max != nil && *o.Min > *o.Max {
		errs = append(errs, errors.New("min must not be greater than max"))
	}
	if o.exists() && !(o.Target > 0 && o.Target < 1) {
		errs = append(errs, errors.New("target must be greater than 0 and less than 1"))
	}
	if !o.exists() && o.Target != 0 {
		errs = append(errs, errors.New("target requires min or max, which define a good sample"))
	}
	return errors.Join(errs...)
}

func (o Objective) exists() bool { return o.Min != nil || o.Max != nil }

// Good reports whether a sample with this value is good.
func (o Objective) Good(value float64) bool {
	return (o.Min == nil || value >= *o.Min) && (o.Max == nil || value <= *o.Max)
}

// Thresholds are the burn rates that raise an alert, over a long and a short
// window, and the time after which an SLI is stale. A zero field has the default
// of sre.google/workbook/alerting-on-slos, section 6.
type Thresholds struct {
	Page   float64 `firestore:"page" class:"configuration"`   // over 1 h and 5 min; zero: 14.4
	Ticket float64 `firestore:"ticket" class:"configuration"` // over 6 h and 30 min; zero: 6
	Slow   float64 `firestore:"slow" class:"configuration"`   // over 3 d and 6 h, also raises a ticket; zero: 1

	// Samples is how many bad samples the long window must have; zero: 3.
	// Without it, one bad sample among a few would be a high burn rate.
	Samples    int `firestore:"samples" class:"configuration"`
	StaleAfter int `firestore:"staleAfter" class:"configuration"` // seconds without a sample; zero: 3,600
}

// The bounds of thresholds.
const (
	maxSamples    = 1_000
	maxStaleAfter = 366 * 24 * 60 * 60
)

// Validate returns all errors of the thresholds, joined.
func (t Thresholds) Validate() error {
	var errs []error
	for _, rate := range []float64{t.Page, t.Ticket, t.Slow} {
		if math.IsNaN(rate) || math.IsInf(rate, 0) || rate < 0 {
			errs = append(errs, errors.New("page, ticket and slow must be finite numbers and not negative"))
		}
	}
	if t.Samples < 0 || t.Samples > maxSamples {
		errs = append(errs, fmt.Errorf("samples must be from 0 to %d", maxSamples))
	}
	if t.StaleAfter < 0 || t.StaleAfter > maxStaleAfter {
		errs = append(errs, fmt.Errorf("staleAfter must be from 0 to %d seconds", maxStaleAfter))
	}
	return errors.Join(errs...)
}

// CheckReachable returns an error for each burn rate that no samples can reach.
// Both o and t must be valid.
func (t Thresholds) CheckReachable(o Objective) error {
	if !o.exists() {
		return nil
	}
	t = t.withDefaults()
	return errors.Join(
		checkReachable("page", t.Page, o.Target),
		checkReachable("ticket", t.Ticket, o.Target),
		checkReachable("slow", t.Slow, o.Target),
	)
}

// checkReachable compares a threshold with the burn rate of samples that are all
// bad, which is 1/(1-target). The error shows the calculation, because people set
// a target and do not know what burn rate it allows.
func checkReachable(name string, rate, target float64) error {
	const rounding = 1e-9 // 1-target is rarely exact
	highest := 1 / (1 - target)
	if rate*(1-rounding) <= highest {
		return nil
	}
	return fmt.Errorf("%s is %.4g, which no samples can reach: if all samples are bad, the burn rate is 1/(1-%g) = %.4g; set %[1]s to at most %.4[5]g, or the target to at least %.6[6]g",
		name, rate, target, highest, math.Floor(highest*100)/100, math.Ceil((1-1/rate)*1e4)/1e4)
}

// withDefaults sets the fields that are zero.
func (t Thresholds) withDefaults() Thresholds {
	t.Page, t.Ticket, t.Slow = cmp.Or(t.Page, 14.4), cmp.Or(t.Ticket, 6), cmp.Or(t.Slow, 1)
	t.Samples, t.StaleAfter = cmp.Or(t.Samples, 3), cmp.Or(t.StaleAfter, 3600)
	return t
}
