package sli

import "time"

// Alert is the urgency of an SLI's state. The zero Alert is not valid.
type Alert string

// The alerts, the least urgent first.
const (
	None    Alert = "none"
	Warning Alert = "warning" // the last value is outside of the objective
	Ticket  Alert = "ticket"  // the error budget burns: act within days
	Page    Alert = "page"    // the error budget burns fast: act now
)

// rule raises an alert while the burn rate is at least rate in both windows: in
// the long one, so that it matters, and in the short one, so that it still does.
type rule struct {
	alert       Alert
	long, short window
	rate        float64
}

// rules returns the rules of the SLI, the most urgent first. An SLI without an
// objective has none.
func (s SLI) rules() []rule {
	if !s.Objective.exists() {
		return nil
	}
	t := s.Thresholds.withDefaults()
	minutes, fives, hours := unpack(s.Buckets.Hour), unpack(s.Buckets.SixHours), unpack(s.Buckets.ThreeDays)
	short := func(buckets []bucket, length time.Duration) window { return newest(buckets, length, minShort) }
	long := func(buckets []bucket, length time.Duration) window {
		return newest(buckets, length, max(minLong, 2*t.Samples))
	}
	return []rule{
		{alert: Page, long: long(minutes, hour), short: short(minutes, 5*time.Minute), rate: t.Page},
		{alert: Ticket, long: long(fives, sixHours), short: short(minutes, 30*time.Minute), rate: t.Ticket},
		{alert: Ticket, long: long(hours, threeDays), short: short(fives, sixHours), rate: t.Slow},
	}
}

// alert returns the alert. It does not depend on the current time, because
// silence is no evidence that a problem is over.
func (s SLI) alert() Alert {
	for _, r := range s.rules() {
		if s.burns(r) {
			return r.alert
		}
	}
	if s.lastIsOutside() {
		return Warning
	}
	return None
}

// burns reports whether a rule holds.
func (s SLI) burns(r rule) bool {
	const rounding = 1e-9 // 1-Target is rarely exact
	burns := func(samples, outside int) bool {
		return samples > 0 && float64(outside)/float64(samples) >= r.rate*(1-s.Objective.Target)*(1-rounding)
	}
	samples, outside := r.long.count()
	return outside >= s.Thresholds.withDefaults().Samples && burns(samples, outside) && burns(r.short.count())
}

func (s SLI) lastIsOutside() bool { return !s.LastTime.IsZero() && !s.Objective.Good(s.LastValue) }
