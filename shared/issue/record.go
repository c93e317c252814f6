package issue

import (
	"time"

	"github.com/strongroom-dev/strongroom/shared/run"
)

// Record is a stored sighting. Task, SLX, Resource and Start are those of the
// run. What the line says about them is free text, so it is sealed in Line.
type Record struct {
	Number          int       `firestore:"number" class:"operational"` // within its run, from 1
	Issue           ID        `firestore:"fingerprint" class:"operational"`
	Severity        int       `firestore:"severity" class:"metadata"`
	SeverityFlagged bool      `firestore:"severityFlagged" class:"metadata"`
	ObservedAt      time.Time `firestore:"observedAt" class:"metadata"` // zero: unknown
	Run             run.ID    `firestore:"run" class:"operational"`
	Task            string    `firestore:"task" class:"metadata"`
	SLX             string    `firestore:"slx" class:"metadata"`
	Resource        string    `firestore:"resource" class:"metadata"`
	Start           time.Time `firestore:"start" class:"metadata"`
	Line            []byte    `firestore:"line" class:"text"` // sealed

	ExpireTime time.Time `firestore:"expireTime,omitempty" class:"operational"` // as of its run; see package retention
}

// NewRecord returns the record of a run's sighting, without its sealed Line.
// key is the tenant's fingerprint key.
func NewRecord(key []byte, id run.ID, start run.Start, number int, s Sighting) Record {
	return Record{
		Number:          number,
		Issue:           Fingerprint(key, start, s),
		Severity:        s.Severity,
		SeverityFlagged: s.SeverityFlagged,
		ObservedAt:      s.ObservedAt,
		Run:             id,
		Task:            start.Task,
		SLX:             start.SLX,
		Resource:        start.Resource,
		Start:           start.Time,
	}
}

// Facts returns the part of the record that Fold needs.
func (r Record) Facts() SightingFacts {
	return SightingFacts{
		Number:          r.Number,
		Issue:           r.Issue,
		Severity:        r.Severity,
		SeverityFlagged: r.SeverityFlagged,
		ObservedAt:      r.ObservedAt,
	}
}
