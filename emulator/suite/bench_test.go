package suite_test

import (
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/suite"
)

// BenchmarkStart starts and stops an embedded cloud in memory.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		c, err := suite.Start(b.Context(), suite.Options{})
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
