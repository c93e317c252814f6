package sli

import "time"

// AlertHorizon is when each alert ends if no more samples arrive. A query
// compares these times with the current time, and needs no other field. An alert
// that is raised never ends without a sample: see the package comment.
type AlertHorizon struct {
	Page    time.Time `firestore:"page" class:"metadata"`    // Forever: the alert is Page; zero: it is below
	Ticket  time.Time `firestore:"ticket" class:"metadata"`  // Forever: the alert is at least Ticket; zero: it is below
	Warning time.Time `firestore:"warning" class:"metadata"` // Forever: there is an alert; zero: none exists
	Stale   time.Time `firestore:"stale" class:"metadata"`   // from this time on, the SLI is stale; zero: it has no sample
}

// Forever is the horizon of an alert that only another sample can end.
var Forever = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

func (s SLI) alertHorizon() AlertHorizon {
	h := AlertHorizon{Stale: s.staleFrom()}
	switch s.alert() {
	case Page:
		h.Page, h.Ticket, h.Warning = Forever, Forever, Forever
	case Ticket:
		h.Ticket, h.Warning = Forever, Forever
	case Warning:
		h.Warning = Forever
	}
	return h
}

// staleFrom returns the time from which on the SLI is stale.
func (s SLI) staleFrom() time.Time {
	if s.LastTime.IsZero() {
		return time.Time{}
	}
	return s.LastTime.Add(time.Duration(s.Thresholds.withDefaults().StaleAfter) * time.Second)
}
