// Package sli is service-level indicators: samples, the objective they are held
// against, and health over rolling windows that is the same in whatever order
// the samples come.
package sli

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/strongroom-dev/strongroom/shared/run"
)

// Limits of what one run may tell.
const (
	MaxSamples = 1_000           // of a series
	MaxValue   = 1e100           // absolute, so that squares are finite
	MaxAhead   = 5 * time.Minute // a sample may be this far in the future: clocks differ
)

// ErrSample is the fault of a sample that is refused.
var ErrSample = errors.New("not a sample")

// Sample is a value at a time.
type Sample struct {
	Time  time.Time // Firestore keeps microseconds
	Value float64   // finite
}

// Validate refuses what is no number, too large, without a time, or later than
// MaxAhead from now: one sample in a far future would push all others out of
// the windows.
func (s Sample) Validate(now time.Time) error {
	switch {
	case math.IsNaN(s.Value) || math.Abs(s.Value) > MaxValue:
		return fmt.Errorf("%w: its value is not a number between -%g and %[2]g", ErrSample, MaxValue)
	case s.Time.Year() < 1970 || s.Time.After(now.Add(MaxAhead)):
		return fmt.Errorf("%w: its time is before 1970 or more than %v ahead", ErrSample, MaxAhead)
	}
	return nil
}

// Series is the samples of one SLI from one run, as they rest. It lies at
// tenants/{t}/workspaces/{w}/series/{run}-{hash of the SLI's name}.
type Series struct {
	SLI    string      `firestore:"sli"`
	Run    run.ID      `firestore:"run"`
	SLX    string      `firestore:"slx"` // of the run
	Times  []time.Time `firestore:"times"`
	Values []float64   `firestore:"values"` // one for each time
	First  time.Time   `firestore:"first"`  // the earliest time
	Last   time.Time   `firestore:"last"`   // the latest time

	Waiting bool `firestore:"waiting" json:"-"` // start and end of the run are known, and no SLI has taken it in yet
}

// NewSeries keeps samples, in the order given.
func NewSeries(sli string, id run.ID, slx string, samples []Sample) (Series, error) {
	if len(samples) == 0 || len(samples) > MaxSamples {
		return Series{}, fmt.Errorf("%w: a series has 1 to %d, not %d", ErrSample, MaxSamples, len(samples))
	}
	s := Series{SLI: sli, Run: id, SLX: slx}
	for _, sample := range samples {
		s.Times = append(s.Times, micros(sample.Time))
		s.Values = append(s.Values, sample.Value)
	}
	s.First = slices.MinFunc(s.Times, time.Time.Compare)
	s.Last = slices.MaxFunc(s.Times, time.Time.Compare)
	return s, nil
}

// Samples gives the samples, in the order they were given.
func (s Series) Samples() ([]Sample, error) {
	if len(s.Times) != len(s.Values) {
		return nil, errors.New("read series: its times and values do not match")
	}
	samples := make([]Sample, len(s.Times))
	for i := range samples {
		samples[i] = Sample{s.Times[i], s.Values[i]}
	}
	return samples, nil
}

func micros(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
