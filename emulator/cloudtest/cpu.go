//go:build unix

package cloudtest

import (
	"syscall"
	"testing"
	"time"
)

// turn is how often CompareCPU does each before it does the other: what one
// leaves to the garbage collector is then mostly on its own account.
const turn = 20

// CompareCPU does mine and peer by turns, and reports the CPU time of this
// process that one of each takes, and the ratio in the unit "x-" and the peer's
// name. Others may use the machine meanwhile; what they take is not counted.
func CompareCPU(b *testing.B, mine, peer func(), name string) {
	b.Helper()
	repeat(mine)
	repeat(peer)
	var own, other time.Duration
	turns := 0
	for b.Loop() {
		own += measure(b, mine)
		other += measure(b, peer)
		turns++
	}
	each := float64(turns * turn)
	b.ReportMetric(float64(own.Microseconds())/each, "cpu-µs")
	b.ReportMetric(float64(other.Microseconds())/each, "cpu-µs-"+name)
	b.ReportMetric(own.Seconds()/other.Seconds(), "x-"+name)
}

func repeat(do func()) {
	for range turn {
		do()
	}
}

func measure(b *testing.B, do func()) time.Duration {
	b.Helper()
	before := cpu(b)
	repeat(do)
	return cpu(b) - before
}

// cpu is what this process has used so far.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
