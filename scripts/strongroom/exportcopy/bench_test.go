package exportcopy_test

import (
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/shared/manifest"
)

// BenchmarkPull compares a pull with bare GETs of the same objects, as many at the same
// time, that discard what they read. Over a link, the target is that of a link of 1
// Gbit/s. Without one, both sides and the server only use this machine's processors.
func BenchmarkPull(b *testing.B) {
	for name, rate := range map[string]int64{"link=1Gbit": 125e6, "link=none": 0} {
		b.Run(name, func(b *testing.B) { benchmarkPull(b, rate) })
	}
}

func benchmarkPull(b *testing.B, bytesPerSecond int64) {
	const objects, size = 48, 8 << 20
	p := newPlatform(b)
	p.perPage = 100
	if bytesPerSecond > 0 {
		p.serve = (&link{rate: bytesPerSecond}).serve(p)
	}
	var files []manifest.File
	for i := range objects {
		data := make([]byte, size)
		_, _ = rand.Read(data)
		files = append(files, p.part("out.log", 1, i+1, int64(i*size), data))
	}
	p.sign(b, p.list(b, files...))
	var pulled, bare time.Duration
	b.SetBytes(objects * size)
	for i := 0; b.Loop(); i++ {
		began := time.Now()
		if _, err := p.puller(b, filepath.Join(b.TempDir(), fmt.Sprint(i))).Pull(b.Context()); err != nil {
			b.Fatal(err)
		}
		pulled += time.Since(began)
		b.StopTimer()
		began = time.Now()
		p.getAll(b, files)
		bare += time.Since(began)
		b.StartTimer()
	}
	b.ReportMetric(pulled.Seconds()/bare.Seconds(), "x-bare")
}

// link has a rate that all responses share.
type link struct {
	rate int64 // bytes per second

	mu   sync.Mutex
	free time.Time // when the next bytes can be sent
}

// wait waits until bytes can be sent.
func (l *link) wait(bytes int) {
	l.mu.Lock()
	now := time.Now()
	if l.free.Before(now) {
		l.free = now
	}
	l.free = l.free.Add(time.Duration(int64(bytes) * int64(time.Second) / l.rate))
	until := l.free
	l.mu.Unlock()
	time.Sleep(time.Until(until))
}

func (l *link) serve(p *platform) func(string, http.ResponseWriter, *http.Request) bool {
	return func(name string, w http.ResponseWriter, _ *http.Request) bool {
		p.mu.Lock()
		data := p.objects[name]
		p.mu.Unlock()
		w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		for piece := range slices.Chunk(data, 256<<10) {
			l.wait(len(piece))
			if _, err := w.Write(piece); err != nil {
				break
			}
		}
		return true
	}
}

func (p *platform) getAll(b *testing.B, files []manifest.File) {
	b.Helper()
	var group errgroup.Group
	group.SetLimit(4)
	for _, f := range files {
		group.Go(func() error {
			res, err := http.Get(p.server.URL + "/bucket/" + f.Name)
			if err != nil {
				return err
			}
			defer res.Body.Close()
			_, err = io.Copy(io.Discard, res.Body)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
}
