package sli

import (
	"slices"
	"time"
)

// Outlook tells how an SLI does if no further sample comes. An alert is a
// function of the time, which no query can compute; this it can compare.
type Outlook struct {
	Page    time.Time `firestore:"page"`    // from then on the alert is below Page; zero: it is
	Ticket  time.Time `firestore:"ticket"`  // from then on it is below Ticket; zero: it is
	Warning time.Time `firestore:"warning"` // from then on there is none; zero: there is none
	Stale   time.Time `firestore:"stale"`   // from then on the SLI is stale; zero: it has no sample
}

// Forever is when a warning ends that only another sample can end.
var Forever = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

func (s SLI) outlook() Outlook {
	var o Outlook
	for _, r := range s.rules(s.windows()) {
		until := s.until(r)
		if r.alert == Page {
			o.Page = until
		}
		if until.After(o.Ticket) {
			o.Ticket = until
		}
	}
	o.Warning = o.Ticket
	if s.lastIsOutside() {
		o.Warning = Forever
	}
	o.Stale = s.stale()
	return o
}

// stale is from when on the SLI is stale.
func (s SLI) stale() time.Time {
	if s.LastTime.IsZero() {
		return time.Time{}
	}
	return s.LastTime.Add(time.Duration(s.Thresholds.filled().StaleAfter) * time.Second)
}

// until is when a rule ceases to hold for good; the zero time if it did before
// the newest sample. It may be in between that it does not: a budget burns
// faster when good samples leave the window.
func (s SLI) until(r rule) time.Time {
	edges := r.edges(s.LastTime.Add(-MaxAhead).Unix())
	for i := len(edges) - 1; i > 0; i-- {
		if s.burns(r, edges[i-1]) {
			return time.Unix(edges[i], 0).UTC()
		}
	}
	return time.Time{}
}

// edges are the seconds, sorted, at which a bucket comes into one of the rule's
// windows or leaves it: in between nothing changes. They begin with from, and
// end where the short window is empty, or has nothing outside.
func (r rule) edges(from int64) []int64 {
	edges, end := []int64{from}, from
	for _, b := range r.short.buckets {
		if b.good < b.n {
			end = max(end, b.start+r.short.seconds)
		}
	}
	for _, w := range []window{r.short, r.long} {
		for _, b := range w.buckets {
			for _, edge := range []int64{b.start, b.start + w.seconds} {
				if from < edge && edge <= end {
					edges = append(edges, edge)
				}
			}
		}
	}
	slices.Sort(edges)
	return slices.Compact(edges)
}
