package run

import "time"

// Lease is how long a run is running without a call of its runner. After that, the
// run is lost.
const Lease = 15 * time.Minute

// HeartbeatInterval is how often a runner calls at least while its task runs.
const HeartbeatInterval = Lease / 3

// Renew notes a call of the run's runner at now, and reports whether r changed. A
// lost run is running again. A lease is renewed only when a third of it is over, so
// that frequent calls do not write the run each time. A run that has ended has no
// lease.
func (r *Run) Renew(now time.Time) bool {
	if r.State == Ended || (r.State == Running && r.LeaseExpires.Sub(now) > Lease-HeartbeatInterval) {
		return false
	}
	r.State, r.LeaseExpires = Running, now.Add(Lease)
	return true
}

// Expired reports whether the run's lease is over at now.
func (r Run) Expired(now time.Time) bool {
	return r.State == Running && r.LeaseExpires.Before(now)
}
