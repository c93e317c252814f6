package gcs_test

import (
	"io"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/gcs"
)

// BenchmarkPutTwoGiB uploads 2 GiB by a signed URL and reports how far the
// heap of client and server rose above what it was before, in MiB (aim: 32).
// It needs 2 GiB of disk and runs only with -bench.
func BenchmarkPutTwoGiB(b *testing.B) { benchmarkPut(b, 2<<30) }

// BenchmarkPutPart uploads one part of 8 MiB, the platform's largest.
func BenchmarkPutPart(b *testing.B) { benchmarkPut(b, 8<<20) }

func benchmarkPut(b *testing.B, size int64) {
	f := newFixture(b, func(_ *gcs.Bucket, c *gcs.Config) { c.Dir = b.TempDir() })
	url := f.sign("big")
	b.SetBytes(size)
	var rise uint64
	for b.Loop() {
		stop := watchHeap()
		r, err := http.NewRequestWithContext(b.Context(), http.MethodPut, url, io.LimitReader(pattern{}, size))
		check(b, err)
		r.ContentLength = size
		if got := f.do(r); got.status != http.StatusOK {
			b.Fatalf("got %d %s", got.status, got.body)
		}
		rise = max(rise, stop())
		check(b, f.object(admin, "big").Delete(b.Context()))
	}
	b.ReportMetric(float64(rise)/(1<<20), "MiB-above-idle")
}

// pattern is an endless body.
type pattern struct{}

// Read implements io.Reader.
func (pattern) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(i)
	}
	return len(p), nil
}

// watchHeap samples the heap until it is stopped, and returns the largest increase.
func watchHeap() (stop func() uint64) {
	idle := heap(true)
	var highest uint64
	var watch sync.WaitGroup
	done := make(chan struct{})
	watch.Go(func() {
		ticker := time.NewTicker(10 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				highest = max(highest, heap(false))
			}
		}
	})
	return func() uint64 {
		close(done)
		watch.Wait()
		return highest - min(idle, highest)
	}
}

// heap returns the bytes of the heap in use, including uncollected garbage.
func heap(collect bool) uint64 {
	if collect {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}
