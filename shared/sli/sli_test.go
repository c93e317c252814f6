package sli_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/strongroom-dev/strongroom/shared/sli"
)

var (
	now    = time.Date(2026, 11, 22, 12, 34, 56, 0, time.UTC)
	approx = cmpopts.EquateApprox(1e-9, 1e-12)
)

func below(bound, target float64) sli.Objective { return sli.Objective{Max: &bound, Target: target} }

// randomSamples returns samples of the four days before now. A large offset makes
// rounding errors visible.
func randomSamples(r *rand.Rand, offset float64) []sli.Sample {
	samples := make([]sli.Sample, 1+r.IntN(400))
	spans := []time.Duration{10 * time.Minute, 2 * time.Hour, 8 * time.Hour, 96 * time.Hour}
	for i := range samples {
		age := time.Duration(r.Int64N(int64(spans[r.IntN(len(spans))])))
		samples[i] = sli.Sample{Time: now.Add(-age).Truncate(time.Microsecond), Value: offset + r.Float64()}
	}
	return samples
}

func TestHealthEqualsThatOfTheRawSamplesInAnyOrder(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 5))
		offset := []float64{0, 1e9, -1e10}[seed%3]
		samples := randomSamples(r, offset)
		want := bruteForce(samples, below(offset+0.9, 0.95))
		for range 2 {
			r.Shuffle(len(samples), func(i, j int) { samples[i], samples[j] = samples[j], samples[i] })
			s := sli.SLI{Objective: below(offset+0.9, 0.95)}
			for rest := samples; len(rest) > 0; {
				size := 1 + r.IntN(len(rest))
				s = s.Add("slx", rest[:size]...)
				rest = rest[size:]
			}
			got := s.Health(now)
			got.Alert, got.Stale = "", false
			if diff := cmp.Diff(want, got, approx); diff != "" {
				t.Fatalf("seed %d: %s", seed, diff)
			}
		}
	}
}

func bruteForce(samples []sli.Sample, o sli.Objective) sli.Health {
	last := slices.MaxFunc(samples, func(a, b sli.Sample) int { return a.Time.Compare(b.Time) })
	over := func(window, width time.Duration) sli.Window {
		var values []float64
		w := sli.Window{Share: 1}
		for _, s := range samples {
			if s.Time.Truncate(width).After(now.Add(-window)) {
				values = append(values, s.Value)
			}
		}
		if len(values) == 0 {
			return w
		}
		good, originals := 0, slices.Clone(values)
		first := values[0] // so that large offsets do not round
		for i := range values {
			values[i] -= first
		}
		for i, v := range values {
			w.Mean += v / float64(len(values))
			v = originals[i]
			if o.Good(v) {
				good++
			}
		}
		for _, v := range values {
			w.Deviation += (v - w.Mean) * (v - w.Mean) / float64(len(values))
		}
		w.Mean += first
		w.Samples, w.Deviation, w.Share = len(values), math.Sqrt(w.Deviation), float64(good)/float64(len(values))
		w.Burn = (1 - w.Share) / (1 - o.Target)
		return w
	}
	return sli.Health{
		Last: last, FiveMins: over(5*time.Minute, time.Minute), HalfHour: over(30*time.Minute, time.Minute), Hour: over(time.Hour, time.Minute),
		SixHours: over(6*time.Hour, 5*time.Minute), ThreeDays: over(72*time.Hour, time.Hour),
	}
}

func TestBucketsAreTheSameInAnyOrder(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 5))
	samples := randomSamples(r, 0)
	for i := range samples {
		samples[i].Value = math.Round(samples[i].Value*1e6) / 64 // values whose sums need no rounding
	}
	o := below(5000, 0.9)
	want := sli.Buckets{}.Add(o, samples...)
	for range 20 {
		r.Shuffle(len(samples), func(i, j int) { samples[i], samples[j] = samples[j], samples[i] })
		got := sli.Buckets{}.Add(o, samples[:len(samples)/2]...).Add(o, samples[len(samples)/2:]...)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal("the bytes differ")
		}
	}
}

func TestBucketsAreBounded(t *testing.T) {
	t.Parallel()
	var b sli.Buckets
	for i := range 30 * 24 * 60 {
		b = b.Add(sli.Objective{}, sli.Sample{Time: now.Add(time.Duration(i) * time.Minute), Value: 1})
	}
	const packed = 48
	got := []int{len(b.Hour) / packed, len(b.SixHours) / packed, len(b.ThreeDays) / packed}
	if diff := cmp.Diff([]int{60, 72, 72}, got); diff != "" {
		t.Errorf("buckets of a month: %s", diff)
	}
}

func TestLastSampleOfOneTimeDoesNotDependOnOrder(t *testing.T) {
	t.Parallel()
	a, b := sli.Sample{Time: now, Value: 1}, sli.Sample{Time: now, Value: 2}
	one, other := sli.SLI{}.Add("x", a).Add("y", b), sli.SLI{}.Add("y", b).Add("x", a)
	if diff := cmp.Diff(one, other); diff != "" || one.LastValue != 2 || one.SLX != "y" {
		t.Errorf("%+v: %s", one, diff)
	}
}

func TestSeries(t *testing.T) {
	t.Parallel()
	samples := []sli.Sample{at(now, 1.5), at(now.Add(-time.Hour), -2), at(now.Add(time.Microsecond), math.MaxFloat64)}
	s, err := sli.NewSeries("latency", "run", "slx", samples)
	if err != nil || !s.First.Equal(samples[1].Time) || !s.Last.Equal(samples[2].Time) {
		t.Fatalf("%+v: %v", s, err)
	}
	got, err := s.Samples()
	if diff := cmp.Diff(samples, got); err != nil || diff != "" {
		t.Errorf("%v: %s", err, diff)
	}
	s.Times = s.Times[1:]
	if _, err := s.Samples(); err == nil {
		t.Error("a damaged series was accepted")
	}
	for _, size := range []int{0, sli.MaxSamples + 1} {
		if _, err := sli.NewSeries("", "", "", make([]sli.Sample, size)); err == nil {
			t.Errorf("a series of %d samples was accepted", size)
		}
	}
}

func at(t time.Time, value float64) sli.Sample { return sli.Sample{Time: t, Value: value} }

func TestValidate(t *testing.T) {
	t.Parallel()
	nan, two := math.NaN(), 2.0
	for name, c := range map[string]struct {
		err error
		ok  bool
	}{
		"a sample":                     {at(now, 1).Validate(now), true},
		"a sample a little ahead":      {at(now.Add(time.Minute), 1).Validate(now), true},
		"a sample far ahead":           {at(now.Add(time.Hour), 1).Validate(now), false},
		"a sample without a time":      {at(time.Time{}, 1).Validate(now), false},
		"NaN":                          {at(now, nan).Validate(now), false},
		"infinity":                     {at(now, math.Inf(-1)).Validate(now), false},
		"a huge value":                 {at(now, 1e200).Validate(now), false},
		"an objective":                 {below(1, 0.99).Validate(), true},
		"no objective":                 {sli.Objective{}.Validate(), true},
		"a target of 1":                {below(1, 1).Validate(), false},
		"a target of 0":                {below(1, 0).Validate(), false},
		"a target of NaN":              {below(1, nan).Validate(), false},
		"a bound that no sample has":   {below(1e101, 0.9).Validate(), false},
		"a bound of NaN":               {below(nan, 0.9).Validate(), false},
		"min above max":                {sli.Objective{Min: &two, Max: new(float64), Target: 0.9}.Validate(), false},
		"a target without bounds":      {sli.Objective{Target: 0.9}.Validate(), false},
		"thresholds":                   {sli.Thresholds{Page: 1, Samples: 1, StaleAfter: 60}.Validate(), true},
		"a negative threshold":         {sli.Thresholds{Slow: -1}.Validate(), false},
		"a negative number of samples": {sli.Thresholds{Samples: -1}.Validate(), false},
		"stale after years":            {sli.Thresholds{StaleAfter: 1e9}.Validate(), false},
	} {
		if (c.err == nil) != c.ok {
			t.Errorf("%s: %v", name, c.err)
		}
	}
}

func TestNamesThatPathsCannotCarryAreRejected(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"dns-latency": true, "latency of a/b, 99%": true, "dns:rate": true, "...": true, "a.b": true, ".a": true, "a?b#c": true, strings.Repeat("é", 256): true,
		"": false, ".": false, "..": false, "/": false, "/a": false, "a/": false, "a//b": false, "a/./b": false, "a/../b": false, "a\x7f": false, "\xff": false,
		strings.Repeat("é", 257): false,
	} {
		if err := sli.CheckName(name); (err == nil) != want {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	for name, o := range map[string]sli.Objective{"no objective": {}, "a budget that burns": below(0.9, 0.95), "one that does not": below(0.9, 0.1)} {
		b.Run(name, func(b *testing.B) {
			s := sli.SLI{Objective: o}.Add("", randomSamples(rand.New(rand.NewPCG(1, 1)), 0)...)
			b.ReportAllocs()
			for b.Loop() {
				s.Add("", sli.Sample{Time: now, Value: 1})
			}
		})
	}
}
