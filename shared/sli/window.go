package sli

import (
	"slices"
	"time"
)

// The least number of sampling intervals in a rule's windows. With fewer, an SLI
// that is sampled every half hour would have no sample at all in a window of 5
// minutes most of the time, and its alert would come and go between two samples.
const (
	minShort = 3
	minLong  = 6 // more if Thresholds.Samples needs more
)

// window is consecutive buckets.
type window []bucket

// newest returns the window of this length that ends with the newest sample. If
// samples are rare, it covers at least minIntervals sampling intervals. A gap that
// is longer than an interval is silence, and counts as one interval: so the first
// sample after it does not push an outage out of the window.
func newest(buckets []bucket, length time.Duration, minIntervals int) window {
	interval := samplingInterval(buckets)
	seconds := max(int64(length/time.Second), interval*int64(minIntervals))
	age, first := int64(0), len(buckets)
	for first > 0 && age < seconds {
		first--
		if first > 0 {
			age += min(interval, buckets[first].start-buckets[first-1].start)
		}
	}
	return buckets[first:]
}

// samplingInterval returns the usual time between two samples, in seconds: the
// median of the times between consecutive buckets. It is 0 for a single bucket.
func samplingInterval(buckets []bucket) int64 {
	if len(buckets) < 2 {
		return 0
	}
	gaps := make([]int64, len(buckets)-1)
	for i := range gaps {
		gaps[i] = buckets[i+1].start - buckets[i].start
	}
	slices.Sort(gaps)
	return gaps[(len(gaps)-1)/2]
}

// count returns the number of samples in the window, and how many of them are
// outside of the objective.
func (w window) count() (samples, outside int) {
	for _, b := range w {
		samples, outside = samples+int(b.n), outside+int(b.n-b.good)
	}
	return samples, outside
}

// within returns the buckets that start in a time span that ends at now.
func within(buckets []bucket, span time.Duration, now time.Time) window {
	end, seconds := now.Unix(), int64(span/time.Second)
	var w window
	for _, b := range buckets {
		if b.start <= end && end < b.start+seconds {
			w = append(w, b)
		}
	}
	return w
}
