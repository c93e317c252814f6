//go:build !linux

package clock

// ReadUptime returns the zero Uptime: only Linux identifies the start of a machine.
func ReadUptime() Uptime { return Uptime{} }
