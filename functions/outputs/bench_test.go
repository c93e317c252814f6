package outputs_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/suite"
)

// BenchmarkRead streams 8 MiB through the function, and reads the same bytes
// directly from the bucket. It reports the ratio of the two times.
func BenchmarkRead(b *testing.B) {
	f := newFixture(b)
	f.put(b, counted("stdout.log", 1, fill(maxResponse)))
	config := f.Cloud.As(suite.FunctionAccount("outputs"))
	viaFunction := request(b, f.Cloud.URL+f.path("stdout.log"), f.Token(b, "viewer"), "bytes=0-")
	direct := request(b, fmt.Sprintf("http://%s/%s/prod/%s/stdout.log/00001", config.StorageHost, f.OutputsBucket, f.run),
		config.AccessToken.Reveal(), fmt.Sprintf("bytes=0-%d", maxResponse-1))
	var functionTime, directTime time.Duration
	b.SetBytes(maxResponse)
	b.ReportAllocs()
	for b.Loop() {
		functionTime += readAll(b, viaFunction)
		b.StopTimer()
		directTime += readAll(b, direct)
		b.StartTimer()
	}
	b.ReportMetric(float64(functionTime)/float64(directTime), "x-origin")
}

func request(b *testing.B, url, token, byteRange string) *http.Request {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Range", byteRange)
	return r
}

// readAll reads one response to its end and returns how long that took.
func readAll(b *testing.B, r *http.Request) time.Duration {
	b.Helper()
	began := time.Now()
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	n, err := io.Copy(io.Discard, response.Body)
	if err != nil || n != maxResponse {
		b.Fatalf("%d bytes: %v", n, err)
	}
	return time.Since(began)
}
