package sli

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/strongroom-dev/strongroom/shared/run"
)

// The limits of a run's samples.
const (
	MaxSamples = 1_000           // in a series
	MaxValue   = 1e100           // absolute; it keeps squares finite
	MaxAhead   = 5 * time.Minute // how far in the future a sample may be, because clocks differ
)

// ErrSample is the error of a sample or a series that is not valid.
var ErrSample = errors.New("invalid sample")

// Sample is a value that was measured at a time.
type Sample struct {
	Time  time.Time // stored in whole microseconds
	Value float64   // finite
}

// Validate returns ErrSample if the value is not a number or exceeds MaxValue, or
// if the time is missing or more than MaxAhead after now. One sample in the far
// future would push all others out of the windows.
func (s Sample) Validate(now time.Time) error {
	switch {
	case math.IsNaN(s.Value) || math.Abs(s.Value) > MaxValue:
		return fmt.Errorf("%w: the value must be a number from -%g to %[2]g", ErrSample, MaxValue)
	case s.Time.Year() < 1970 || s.Time.After(now.Add(MaxAhead)):
		return fmt.Errorf("%w: the time must be in 1970 or later, and at most %v ahead of the current time", ErrSample, MaxAhead)
	}
	return nil
}

// Series is the stored samples of one SLI from one run. It is stored at
// tenants/{t}/workspaces/{w}/series/{run}-{hash of the SLI's name}.
type Series struct {
	SLI    string      `firestore:"sli" class:"metadata"`
	Run    run.ID      `firestore:"run" class:"operational"`
	SLX    string      `firestore:"slx" class:"metadata"` // of the run
	Times  []time.Time `firestore:"times" class:"metadata"`
	Values []float64   `firestore:"values" class:"metadata"` // one for each time
	First  time.Time   `firestore:"first" class:"metadata"`  // the earliest time
	Last   time.Time   `firestore:"last" class:"metadata"`   // the latest time

	Waiting bool `firestore:"waiting" class:"operational" json:"-"` // the run is complete, and the samples are not yet added to the SLI

	ExpireTime time.Time `firestore:"expireTime,omitempty" class:"operational" json:"-"` // Firestore deletes the document some time after that; zero: it is not due, see package retention
}

// NewSeries returns a series of 1 to MaxSamples samples, in this order. It returns
// ErrSample for any other number.
func NewSeries(sli string, id run.ID, slx string, samples []Sample) (Series, error) {
	if len(samples) == 0 || len(samples) > MaxSamples {
		return Series{}, fmt.Errorf("%w: a series has from 1 to %d samples, not %d", ErrSample, MaxSamples, len(samples))
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

// Samples returns the samples, in the order of NewSeries.
func (s Series) Samples() ([]Sample, error) {
	if len(s.Times) != len(s.Values) {
		return nil, errors.New("read series: the numbers of times and values differ")
	}
	samples := make([]Sample, len(s.Times))
	for i := range samples {
		samples[i] = Sample{s.Times[i], s.Values[i]}
	}
	return samples, nil
}

func micros(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
