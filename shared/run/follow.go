package run

import "time"

// FollowLease is how long a run counts as followed after a reader asked for what is new
// in one of its outputs.
const FollowLease = 2 * time.Minute

// Follow returns until when the run is followed, if a reader asks at now for what is new
// in one of its outputs. changed reports whether the record must be written: it is written
// at most once in half of a FollowLease, and only while the run is running.
func (r Run) Follow(now time.Time) (until time.Time, changed bool) {
	if r.State != Running || r.FollowedUntil.Sub(now) > FollowLease/2 {
		return r.FollowedUntil, false
	}
	return now.Add(FollowLease), true
}

// FollowedFor returns how long the run still counts as followed at now.
func (r Run) FollowedFor(now time.Time) time.Duration { return max(0, r.FollowedUntil.Sub(now)) }
