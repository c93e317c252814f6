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

// window is a time span that ends now, and the buckets that cover it.
type window struct {
	buckets []bucket
	seconds int64
}

// holds reports whether a bucket starts within the window that ends at a second.
func (w window) holds(b bucket, at int64) bool { return b.start <= at && at < b.start+w.seconds }

// count returns the number of samples in the window that ends at a second, and
// how many of them are outside of the objective.
func (w window) count(at int64) (samples, outside int) {
	for _, b := range w.buckets {
		if w.holds(b, at) {
			samples, outside = samples+int(b.n), outside+int(b.n-b.good)
		}
	}
	return samples, outside
}

// windows are the windows of one SLI.
type windows struct{ fiveMins, halfHour, hour, sixHours, threeDays window }

func (s SLI) windows() windows {
	minutes, fives, hours := unpack(s.Buckets.Hour), unpack(s.Buckets.SixHours), unpack(s.Buckets.ThreeDays)
	return windows{
		fiveMins:  window{minutes, 5 * 60},
		halfHour:  window{minutes, 30 * 60},
		hour:      window{minutes, int64(hour / time.Second)},
		sixHours:  window{fives, int64(sixHours / time.Second)},
		threeDays: window{hours, int64(threeDays / time.Second)},
	}
}

// rule raises an alert while the burn rate is at least rate in both windows: in
// the long one, so that it matters, and in the short one, so that it still does.
type rule struct {
	alert       Alert
	long, short window
	rate        float64
}

// rules returns the rules of the SLI, the most urgent first. An SLI without an
// objective has none.
func (s SLI) rules(w windows) []rule {
	if !s.Objective.exists() {
		return nil
	}
	t := s.Thresholds.withDefaults()
	return []rule{
		{alert: Page, long: w.hour, short: w.fiveMins, rate: t.Page},
		{alert: Ticket, long: w.sixHours, short: w.halfHour, rate: t.Ticket},
		{alert: Ticket, long: w.threeDays, short: w.sixHours, rate: t.Slow},
	}
}

// alert returns the alert at a second.
func (s SLI) alert(w windows, at int64) Alert {
	for _, r := range s.rules(w) {
		if s.burns(r, at) {
			return r.alert
		}
	}
	if s.lastIsOutside() {
		return Warning
	}
	return None
}

// burns reports whether a rule holds at a second.
func (s SLI) burns(r rule, at int64) bool {
	const rounding = 1e-9 // 1-Target is rarely exact
	burns := func(samples, outside int) bool {
		return samples > 0 && float64(outside)/float64(samples) >= r.rate*(1-s.Objective.Target)*(1-rounding)
	}
	samples, outside := r.long.count(at)
	return outside >= s.Thresholds.withDefaults().Samples && burns(samples, outside) && burns(r.short.count(at))
}

func (s SLI) lastIsOutside() bool { return !s.LastTime.IsZero() && !s.Objective.Good(s.LastValue) }
