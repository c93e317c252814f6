package outputs_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
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

// BenchmarkReadThrough reads 5 GiB under a view, in ranges of 8 MiB and of 1 MiB. It reports
// the documents that were read, and the entries in the audit log. The membership of the viewer
// is one document for each range. The first view of an output reads one document for each
// part, and stores the index that all later views read, so it is not measured.
func BenchmarkReadThrough(b *testing.B) {
	c := cloudtest.New(b, suite.Options{})
	f := fixture{c.Tenant(b), cloudtest.NewRun(b)}
	const size = 5 << 30
	data := fill(maxResponse)
	for n := range size / maxResponse {
		f.Mint(b, f.run, cloudtest.PartOf("stdout.log", n+1, data))[0].Put(b, data).Want(b, http.StatusOK)
	}
	f.Cloud.Drain(b)
	f.report(b, "stdout.log", size/maxResponse)
	f.sweep(b)
	f.closeView(b, "stdout.log", f.openView(b, "stdout.log", map[string]any{}).View).Want(b, http.StatusOK)
	for _, step := range []int64{maxResponse, 1 << 20} {
		b.Run(fmt.Sprintf("range=%dMiB", step>>20), func(b *testing.B) {
			for b.Loop() {
				entries, before := len(f.audited(b, auditlog.ReadOutput, auditlog.EndReadOutput)), c.Firestore.Counts().Reads
				f.readThrough(b, size, step)
				b.ReportMetric(float64(c.Firestore.Counts().Reads-before), "documents")
				b.ReportMetric(float64(len(f.audited(b, auditlog.ReadOutput, auditlog.EndReadOutput))-entries), "entries")
			}
		})
	}
}

// readThrough opens a view, reads all of the output, and closes the view.
func (f fixture) readThrough(b *testing.B, size, step int64) {
	b.Helper()
	v := f.openView(b, "stdout.log", map[string]any{})
	for at := int64(0); at < size; at += step {
		f.read(b, "stdout.log", "", "Range", fmt.Sprintf("bytes=%d-%d", at, at+step-1), "Strongroom-View", v.View).Want(b, http.StatusPartialContent)
	}
	f.closeView(b, "stdout.log", v.View).Want(b, http.StatusOK)
}
