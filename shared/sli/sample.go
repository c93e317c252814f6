// Package sli is service-level indicators: samples, the objective they are held
// against, and health over rolling windows that is the same in whatever order
// the samples come.
package sli

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"
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
// tenants/{t}/workspaces/{w}/series/{id}.
type Series struct {
	SLI    string    `firestore:"sli"`
	Run    string    `firestore:"run"`
	SLX    string    `firestore:"slx"`
	First  time.Time `firestore:"first"`  // the earliest sample
	Last   time.Time `firestore:"last"`   // the latest sample
	Times  []byte    `firestore:"times"`  // packed: microseconds since 1970, 8 bytes big-endian each
	Values []byte    `firestore:"values"` // packed: IEEE 754, 8 bytes big-endian each
}

// NewSeries packs samples, in the order given; packed they are two values to
// Firestore, not thousands that are each indexed.
func NewSeries(sli, run, slx string, samples []Sample) (Series, error) {
	if len(samples) == 0 || len(samples) > MaxSamples {
		return Series{}, fmt.Errorf("%w: a series has 1 to %d, not %d", ErrSample, MaxSamples, len(samples))
	}
	s := Series{SLI: sli, Run: run, SLX: slx, First: micros(samples[0].Time), Last: micros(samples[0].Time)}
	for _, sample := range samples {
		t := micros(sample.Time)
		if t.Before(s.First) {
			s.First = t
		}
		if t.After(s.Last) {
			s.Last = t
		}
		s.Times = binary.BigEndian.AppendUint64(s.Times, uint64(t.UnixMicro()))
		s.Values = binary.BigEndian.AppendUint64(s.Values, math.Float64bits(sample.Value))
	}
	return s, nil
}

// Samples unpacks the samples, in the order they were given.
func (s Series) Samples() ([]Sample, error) {
	if len(s.Times) != len(s.Values) || len(s.Times)%8 != 0 {
		return nil, errors.New("read series: its times and values do not match")
	}
	samples := make([]Sample, len(s.Times)/8)
	for i := range samples {
		samples[i] = Sample{
			time.UnixMicro(int64(binary.BigEndian.Uint64(s.Times[8*i:]))).UTC(),
			math.Float64frombits(binary.BigEndian.Uint64(s.Values[8*i:])),
		}
	}
	return samples, nil
}

func micros(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
