package clock

import (
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// ReadUptime returns the uptime, or the zero Uptime if it is not known.
func ReadUptime() Uptime {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	var now unix.Timespec
	if err != nil || unix.ClockGettime(unix.CLOCK_BOOTTIME, &now) != nil {
		return Uptime{}
	}
	return Uptime{Boot: strings.TrimSpace(string(boot)), Since: time.Duration(now.Nano())}
}
