package sli

import (
	"math"
	"time"
)

// Health is the state of an SLI at a certain time.
type Health struct {
	Last      Sample // the newest sample; the zero Sample: none
	Alert     Alert
	Stale     bool   // there are no recent samples (for Thresholds.StaleAfter), so the other values are out of date
	FiveMins  Window // the windows end now; the alert has its own, which end with the newest sample
	HalfHour  Window
	Hour      Window
	SixHours  Window
	ThreeDays Window
}

// Window summarizes the samples of a time span. It starts at a whole bucket: 1
// minute up to an hour, 5 minutes for six hours, 1 hour for three days.
type Window struct {
	Samples   int
	Mean      float64 // 0 without samples
	Deviation float64 // of the population; 0 without samples
	Share     float64 // share of the samples within the objective, [0,1]; 1 without samples
	Burn      float64 // burn rate, (1-Share)/(1-Target); 0 without an objective
}

// SLI is a service-level indicator with its objective and its recent samples. It
// is stored at tenants/{t}/workspaces/{w}/slis/{id}.
type SLI struct {
	Name       string       `firestore:"name" class:"metadata"`
	SLX        string       `firestore:"slx" class:"metadata"` // of the newest sample
	Objective  Objective    `firestore:"objective"`
	Thresholds Thresholds   `firestore:"thresholds"`
	LastTime   time.Time    `firestore:"lastTime" class:"metadata"` // of the newest sample; zero: none
	LastValue  float64      `firestore:"lastValue" class:"metadata"`
	Buckets    Buckets      `firestore:"buckets"`
	Until      AlertHorizon `firestore:"until"` // derived from the other fields by Add and WithObjective
}

// Add returns the SLI with more samples, in any order. If several newest samples
// have the same time, the largest value and the largest SLX count. A sample that
// is added twice counts twice.
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
	s.Until = s.alertHorizon()
	return s
}

// WithObjective returns the SLI with another objective and other thresholds.
// Samples that were added before stay good or bad as they were.
func (s SLI) WithObjective(o Objective, t Thresholds) SLI {
	s.Objective, s.Thresholds = o, t
	s.Until = s.alertHorizon()
	return s
}

// Health returns the health at the time now. Later samples are not part of its
// windows. The alert does not depend on now.
func (s SLI) Health(now time.Time) Health {
	minutes, fives, hours := unpack(s.Buckets.Hour), unpack(s.Buckets.SixHours), unpack(s.Buckets.ThreeDays)
	h := Health{
		Alert:     s.alert(),
		Stale:     !now.Before(s.staleFrom()),
		FiveMins:  s.Objective.summarize(within(minutes, 5*time.Minute, now)),
		HalfHour:  s.Objective.summarize(within(minutes, 30*time.Minute, now)),
		Hour:      s.Objective.summarize(within(minutes, hour, now)),
		SixHours:  s.Objective.summarize(within(fives, sixHours, now)),
		ThreeDays: s.Objective.summarize(within(hours, threeDays, now)),
	}
	if !s.LastTime.IsZero() {
		h.Last = Sample{s.LastTime, s.LastValue}
	}
	return h
}

// summarize returns the summary of the samples in a window.
func (o Objective) summarize(of window) Window {
	var all bucket
	for _, b := range of {
		all = all.plus(b)
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
