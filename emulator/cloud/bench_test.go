package cloud_test

import (
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloud"
)

// BenchmarkStart starts and stops an embedded cloud in memory.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		c, err := cloud.Start(b.Context(), cloud.Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := c.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms-start")
}
