package export

import (
	"errors"
	"time"
)

// State is the state of an export. The zero State is not valid.
type State string

// The states. An export that is done, failed or canceled has ended and does not
// change any more.
const (
	Queued   State = "queued"   // no part has begun
	Running  State = "running"  // parts are being written
	Paused   State = "paused"   // the tenant's key or bucket cannot be used; the export continues when it can, or fails after MaxPause
	Done     State = "done"     // the manifest is written
	Failed   State = "failed"   // it cannot be completed; Reason says why
	Canceled State = "canceled" // a person canceled it
)

// Active reports whether an export in the state has not ended.
func (s State) Active() bool { return s == Queued || s == Running || s == Paused }

// Reason is why an export failed or is paused.
type Reason string

// The reasons.
const (
	KeyLocked       Reason = "key-locked"          // the tenant's key is disabled or destroyed
	BucketWithdrawn Reason = "storage-unavailable" // the platform may not use one of the tenant's buckets
	ReadTimeTooOld  Reason = "read-time-too-old"   // the database cannot be read at the read time any more
	UnreadableData  Reason = "unreadable-data"     // a document cannot be decoded or opened
	MissingEntry    Reason = "missing-entry"       // an entry of the audit log is not in the database
)

// Export is the record of an export, at tenants/{t}/exports/{id}.
type Export struct {
	ID       ID        `firestore:"id" class:"operational"`
	Request  Request   `firestore:"request"`
	ReadTime time.Time `firestore:"readTime" class:"operational"` // a whole minute
	// Bucket has the files. Empty: the export is older than this field, see tenant.Record.BucketOf.
	Bucket string `firestore:"bucket" class:"operational"`
	Staff  bool   `firestore:"staff" class:"operational"` // the platform's staff requested it
	// Schedule is the schedule that requested it. Empty means that a person did.
	Schedule ScheduleName `firestore:"schedule" class:"operational"`
	// AuditBegin is the index of the first audit entry that is exported.
	AuditBegin int64 `firestore:"auditBegin" class:"operational"`
	// Entry is the ID of the audit entry that records the request.
	Entry string `firestore:"entry" class:"operational"`

	State   State     `firestore:"state" class:"operational"`
	Active  bool      `firestore:"active" class:"operational"` // State.Active, for queries
	Reason  Reason    `firestore:"reason" class:"operational"` // empty unless the state is paused or failed
	Failed  string    `firestore:"failedPart" class:"operational"`
	Created time.Time `firestore:"created" class:"operational"`
	Paused  time.Time `firestore:"paused" class:"operational"` // since when it is paused; zero: it is not
	Ended   time.Time `firestore:"ended" class:"operational"`  // zero: it has not ended
	// PartsDone is how many parts were done when export-scheduler last saw that there
	// were more, at the time Progressed. Zero: not seen yet.
	PartsDone  int64     `firestore:"partsDone" class:"operational"`
	Progressed time.Time `firestore:"progressed" class:"operational"`
	// Digest is the SHA-256 of the manifest. Empty until the export is done.
	Digest []byte `firestore:"digest" class:"operational"`

	ExpireTime time.Time `firestore:"expireTime,omitempty" class:"operational"` // Firestore deletes the document some time after that; zero: it is not due, see package retention
}

// New returns the export of a request that is made at now. bucket is the tenant's for new exports:
// the export stays there when the tenant's storage changes.
func New(id ID, r Request, bucket string, now time.Time) Export {
	r = r.Canonical()
	return Export{ID: id, Request: r, Bucket: bucket, ReadTime: r.ReadTime(now), State: Queued, Active: true, Created: now}
}

// ErrEnded is the error of a change of an export that has ended.
var ErrEnded = errors.New("the export has ended")

// Run notes that a part is done. began is the export as it was when the part began, and
// wrote says whether the part wrote files. Run reports whether the record changed.
//
// A paused export continues when a part shows that the key can be used: one that began
// in this pause and wrote a file. Parts without files use no key, and others may have
// written theirs before the key was disabled.
func (e *Export) Run(began Export, wrote bool) (changed bool) {
	resumed := e.State == Paused && wrote && began.Paused.Equal(e.Paused)
	if e.State != Queued && !resumed {
		return false
	}
	e.State, e.Reason, e.Paused = Running, "", time.Time{}
	return true
}

// Pause notes that the tenant's key, or one of its buckets, cannot be used. It reports whether
// the record changed.
func (e *Export) Pause(reason Reason, now time.Time) (changed bool) {
	if !e.Active || e.State == Paused {
		return false
	}
	e.State, e.Reason, e.Paused = Paused, reason, now
	return true
}

// Progress notes how many parts are done. It reports whether the record changed.
func (e *Export) Progress(done int64, now time.Time) (changed bool) {
	if !e.Active || done <= e.PartsDone && !e.Progressed.IsZero() {
		return false
	}
	e.PartsDone, e.Progressed = done, now
	return true
}

// Idle returns how long no part of an export has become done, as far as Progress
// noted it. It is zero before the read time, and for an export that is paused or has
// ended.
func (e Export) Idle(now time.Time) time.Duration {
	if e.State != Queued && e.State != Running || e.Progressed.IsZero() {
		return 0
	}
	return max(0, now.Sub(e.Progressed))
}

// PausedTooLong reports whether the export has waited for the tenant's key as long
// as it may.
func (e Export) PausedTooLong(now time.Time) bool {
	return e.State == Paused && now.Sub(e.Paused) > MaxPause
}

// TooOld reports whether the database cannot be read at the read time any more.
func (e Export) TooOld(now time.Time) bool { return now.Sub(e.ReadTime) > MaxReadAge }

// Cancel ends the export at a person's request. It returns ErrEnded if the export
// has ended otherwise.
func (e *Export) Cancel(now time.Time) error {
	if e.State == Canceled {
		return nil
	}
	return e.end(Canceled, now)
}

// Fail ends the export because it cannot be completed. part is the part that
// failed, or empty. It returns ErrEnded if the export has ended.
func (e *Export) Fail(reason Reason, part string, now time.Time) error {
	if err := e.end(Failed, now); err != nil {
		return err
	}
	e.Reason, e.Failed = reason, part
	return nil
}

// Complete ends the export with its manifest. It returns ErrEnded if the export has
// ended.
func (e *Export) Complete(digest []byte, now time.Time) error {
	if err := e.end(Done, now); err != nil {
		return err
	}
	e.Digest = digest
	return nil
}

func (e *Export) end(s State, now time.Time) error {
	if !e.State.Active() {
		return ErrEnded
	}
	e.State, e.Active, e.Reason, e.Paused, e.Ended = s, false, "", time.Time{}, now
	return nil
}
