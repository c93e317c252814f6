package outputs_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/suite"
)

// BenchmarkView streams 8 MiB through the function, and copies the same bytes
// straight from the bucket. It reports how many times as long the view takes.
func BenchmarkView(b *testing.B) {
	f := newFixture(b)
	f.put(b, part{"stdout.log", 1, fill(maxResponse), false})
	config := f.Cloud.As(suite.FunctionAccount("outputs"))
	view := request(b, f.Cloud.URL+f.path("stdout.log"), f.Token(b, "viewer"), "bytes=0-")
	origin := request(b, fmt.Sprintf("http://%s/%s/prod/%s/stdout.log/00001", config.StorageHost, f.OutputsBucket, f.run),
		config.AccessToken.Reveal(), fmt.Sprintf("bytes=0-%d", maxResponse-1))
	var viewing, copying time.Duration
	b.SetBytes(maxResponse)
	b.ReportAllocs()
	for b.Loop() {
		viewing += take(b, view)
		b.StopTimer()
		copying += take(b, origin)
		b.StartTimer()
	}
	b.ReportMetric(float64(viewing)/float64(copying), "x-origin")
}

func request(b *testing.B, url, token, ask string) *http.Request {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Range", ask)
	return r
}

// take reads one answer to its end and tells how long that took.
func take(b *testing.B, r *http.Request) time.Duration {
	b.Helper()
	began := time.Now()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer answer.Body.Close()
	n, err := io.Copy(io.Discard, answer.Body)
	if err != nil || n != maxResponse {
		b.Fatalf("%d bytes: %v", n, err)
	}
	return time.Since(began)
}
