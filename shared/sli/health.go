package sli

import (
	"math"
	"time"
)

// Alert is how urgent an SLI's state is.
type Alert string

// The alerts, by urgency.
const (
	None    Alert = "none"
	Warning Alert = "warning" // the last value is outside of the objective
	Ticket  Alert = "ticket"  // the budget burns: look within days
	Page    Alert = "page"    // it burns fast: look now
)

// Health is how an SLI does at a time.
type Health struct {
	Last      Sample // the zero Sample: none
	Alert     Alert
	FiveMins  Window // taken from the hour's buckets
	Hour      Window
	SixHours  Window
	ThreeDays Window
}

// Window is the samples of a time span. It begins at a whole bucket: a minute's
// for the hour, five minutes' for the six hours, an hour's for the three days.
type Window struct {
	Samples   int
	Mean      float64 // 0 without samples
	Deviation float64 // of the population; 0 without samples
	Share     float64 // of samples within the objective, [0,1]; 1 without samples
	Burn      float64 // (1-Share)/(1-Target); 0 without an objective
}

// SLI is what is kept of an indicator. It lies at
// tenants/{t}/workspaces/{w}/slis/{id}.
type SLI struct {
	Name       string     `firestore:"name"`
	SLX        string     `firestore:"slx"` // of the newest sample
	Objective  Objective  `firestore:"objective"`
	Thresholds Thresholds `firestore:"thresholds"`
	LastTime   time.Time  `firestore:"lastTime"` // of the newest sample; zero: none
	LastValue  float64    `firestore:"lastValue"`
	Buckets    Buckets    `firestore:"buckets"`
}

// Add takes a run's samples in, in any order. Of samples of one time the one
// with the largest value is the last, and the largest slx. A sample that is
// added twice counts twice.
func (s SLI) Add(slx string, samples ...Sample) SLI {
	for _, sample := range samples {
		t := micros(sample.Time)
		newer := s.LastTime.IsZero() || t.After(s.LastTime)
		if newer || t.Equal(s.LastTime) && slx > s.SLX {
			s.SLX = slx
		}
		if newer || t.Equal(s.LastTime) && sample.Value > s.LastValue {
			s.LastTime, s.LastValue = t, sample.Value
		}
	}
	s.Buckets = s.Buckets.Add(s.Objective, samples...)
	return s
}

// Health is read at a time; samples after now are left out of its windows.
func (s SLI) Health(now time.Time) Health {
	minutes := unpack(s.Buckets.Hour)
	h := Health{
		FiveMins:  s.Objective.over(minutes, now, 5*time.Minute),
		Hour:      s.Objective.over(minutes, now, hour),
		SixHours:  s.Objective.over(unpack(s.Buckets.SixHours), now, sixHours),
		ThreeDays: s.Objective.over(unpack(s.Buckets.ThreeDays), now, threeDays),
	}
	if !s.LastTime.IsZero() {
		h.Last = Sample{s.LastTime, s.LastValue}
	}
	h.Alert = s.alert(h)
	return h
}

func (s SLI) alert(h Health) Alert {
	const rounding = 1e-9 // 1-Target is seldom exact
	t := s.Thresholds.filled()
	burns := func(w Window, threshold float64) bool {
		return w.Samples > 0 && w.Burn >= threshold*(1-rounding)
	}
	switch {
	case !s.Objective.exists():
		return None
	case burns(h.Hour, t.Page) && burns(h.FiveMins, t.Page):
		return Page
	case burns(h.SixHours, t.Ticket) || burns(h.ThreeDays, t.Slow):
		return Ticket
	case !s.LastTime.IsZero() && !s.Objective.Good(s.LastValue):
		return Warning
	}
	return None
}

// over sums up the buckets that start within the window that ends at now.
func (o Objective) over(buckets []bucket, now time.Time, window time.Duration) Window {
	var all bucket
	for _, b := range buckets {
		if start := time.Unix(b.start, 0); start.After(now.Add(-window)) && !start.After(now) {
			all = all.plus(b)
		}
	}
	w := Window{Samples: int(all.n), Share: 1}
	if all.n == 0 {
		return w
	}
	n := float64(all.n)
	w.Mean = (all.sum.high + all.sum.low) / n
	w.Deviation = math.Sqrt(max(0, all.squares.minus(all.sum.squareOver(n))/n))
	w.Share = float64(all.good) / n
	if o.exists() {
		w.Burn = (1 - w.Share) / (1 - o.Target)
	}
	return w
}
