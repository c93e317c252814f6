package sli

import (
	"math"
	"time"
)

// Health is how an SLI does at a time.
type Health struct {
	Last      Sample // the zero Sample: none
	Alert     Alert
	Stale     bool   // no sample came for Thresholds.StaleAfter: the rest is of then
	FiveMins  Window // taken from the hour's buckets, as is HalfHour
	HalfHour  Window
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
	Until      Outlook    `firestore:"until"` // follows from the rest: see Add and Against
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
	s.Until = s.outlook()
	return s
}

// Against gives the SLI as it is when it is held against others. Samples that
// were added before keep what they counted as.
func (s SLI) Against(o Objective, t Thresholds) SLI {
	s.Objective, s.Thresholds = o, t
	s.Until = s.outlook()
	return s
}

// Health is read at a time; samples after now are left out of its windows.
func (s SLI) Health(now time.Time) Health {
	w := s.windows()
	h := Health{
		Alert: s.alert(w, now.Unix()), Stale: !now.Before(s.stale()),
		FiveMins: s.Objective.over(w.fiveMins, now), HalfHour: s.Objective.over(w.halfHour, now), Hour: s.Objective.over(w.hour, now),
		SixHours: s.Objective.over(w.sixHours, now), ThreeDays: s.Objective.over(w.threeDays, now),
	}
	if !s.LastTime.IsZero() {
		h.Last = Sample{s.LastTime, s.LastValue}
	}
	return h
}

// over sums up the samples of a window that ends at now.
func (o Objective) over(of window, now time.Time) Window {
	var all bucket
	for _, b := range of.buckets {
		if of.holds(b, now.Unix()) {
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
