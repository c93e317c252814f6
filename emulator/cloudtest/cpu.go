//go:build unix

package cloudtest

import (
	"syscall"
	"testing"
	"time"
)

// batch is how many calls CompareCPU makes of one function before it makes as many of
// the other, so that garbage collection is mostly measured with its cause.
const batch = 20

// CompareCPU calls mine and peer in alternating batches. It reports the CPU time of this
// process for one call of each, and the ratio in the unit "x-" followed by the peer's
// name. Other processes do not affect the result.
func CompareCPU(b *testing.B, mine, peer func(), name string) {
	b.Helper()
	repeat(mine)
	repeat(peer)
	var own, other time.Duration
	batches := 0
	for b.Loop() {
		own += measure(b, mine)
		other += measure(b, peer)
		batches++
	}
	each := float64(batches * batch)
	b.ReportMetric(float64(own.Microseconds())/each, "cpu-µs")
	b.ReportMetric(float64(other.Microseconds())/each, "cpu-µs-"+name)
	b.ReportMetric(own.Seconds()/other.Seconds(), "x-"+name)
}

func repeat(do func()) {
	for range batch {
		do()
	}
}

func measure(b *testing.B, do func()) time.Duration {
	b.Helper()
	before := CPU(b)
	repeat(do)
	return CPU(b) - before
}

// CPU returns the CPU time that this process has used so far. A benchmark that
// compares nothing can use it.
func CPU(b testing.TB) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
