package clock

import "time"

// Uptime is a time since this machine started. It is right even if the machine's
// clock is set. The zero Uptime is unknown.
type Uptime struct {
	Boot  string        `json:"boot,omitempty"`  // identifies the start of the machine
	Since time.Duration `json:"since,omitempty"` // nanoseconds, including those while the machine was suspended
}

// To returns how long after u a later uptime is. ok is false if the machine has
// started again since, or if one of them is unknown.
func (u Uptime) To(later Uptime) (elapsed time.Duration, ok bool) {
	return later.Since - u.Since, u.Boot != "" && u.Boot == later.Boot && later.Since >= u.Since
}
