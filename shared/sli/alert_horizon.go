package sli

import (
	"slices"
	"time"
)

// AlertHorizon is when each alert ends if no more samples arrive. An alert
// depends on the current time, which no Firestore query can compute. A query can
// compare these times with the current time. The package comment has an example.
type AlertHorizon struct {
	Page    time.Time `firestore:"page" class:"metadata"`    // from this time on, the alert is below Page; zero: it already is
	Ticket  time.Time `firestore:"ticket" class:"metadata"`  // from this time on, the alert is below Ticket; zero: it already is
	Warning time.Time `firestore:"warning" class:"metadata"` // from this time on, there is no alert; zero: there is none
	Stale   time.Time `firestore:"stale" class:"metadata"`   // from this time on, the SLI is stale; zero: it has no sample
}

// Forever is the horizon of a warning that only another sample can end.
var Forever = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

func (s SLI) alertHorizon() AlertHorizon {
	var h AlertHorizon
	for _, r := range s.rules(s.windows()) {
		end := s.endOf(r)
		if r.alert == Page {
			h.Page = end
		}
		if end.After(h.Ticket) {
			h.Ticket = end
		}
	}
	h.Warning = h.Ticket
	if s.lastIsOutside() {
		h.Warning = Forever
	}
	h.Stale = s.staleFrom()
	return h
}

// staleFrom returns the time from which on the SLI is stale.
func (s SLI) staleFrom() time.Time {
	if s.LastTime.IsZero() {
		return time.Time{}
	}
	return s.LastTime.Add(time.Duration(s.Thresholds.withDefaults().StaleAfter) * time.Second)
}

// endOf returns the time from which on a rule no longer holds, or the zero time
// if it stopped before the newest sample. A rule may stop and hold again before
// its end: the burn rate rises when good samples leave the window. So endOf
// searches backward from the last time at which anything changes.
func (s SLI) endOf(r rule) time.Time {
	changes := r.changes(s.LastTime.Add(-MaxAhead).Unix())
	for i := len(changes) - 1; i > 0; i-- {
		if s.burns(r, changes[i-1]) {
			return time.Unix(changes[i], 0).UTC()
		}
	}
	return time.Time{}
}

// changes returns the seconds, sorted, at which a bucket enters or leaves one of
// the rule's windows. Nothing changes between them. The first is from. The last
// is when no sample in the short window is outside of the objective any more.
func (r rule) changes(from int64) []int64 {
	changes, end := []int64{from}, from
	for _, b := range r.short.buckets {
		if b.good < b.n {
			end = max(end, b.start+r.short.seconds)
		}
	}
	for _, w := range []window{r.short, r.long} {
		for _, b := range w.buckets {
			for _, change := range []int64{b.start, b.start + w.seconds} {
				if from < change && change <= end {
					changes = append(changes, change)
				}
			}
		}
	}
	slices.Sort(changes)
	return slices.Compact(changes)
}
