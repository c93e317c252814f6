package command_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

// Output of the benchmarks of throughput: 1 GiB in parts of 8 MiB.
const (
	benchParts    = 128
	benchPartSize = 8 << 20
	benchParallel = 4 // what --parallel is, if it is not set
	benchLatency  = 15 * time.Millisecond
)

// buildProgram builds the program, because this test binary has the embedded cloud too.
func buildProgram(b *testing.B) string {
	b.Helper()
	binary := filepath.Join(b.TempDir(), "strongroom")
	build := exec.CommandContext(b.Context(), "go", "build", "-o", binary, "github.com/strongroom-dev/strongroom/scripts/strongroom")
	build.Env = append(os.Environ(), "XDG_CACHE_HOME=") // TestMain takes go's cache away
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	return binary
}

// execute prepares to run the built program with the settings of p.
func execute(b *testing.B, p *program, binary string, args ...string) *exec.Cmd {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), binary, args...)
	cmd.Env = os.Environ()
	for name, value := range p.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	return cmd
}

// BenchmarkHelp reports the least time that strongroom --help takes, because other processes
// may have the processors.
func BenchmarkHelp(b *testing.B) {
	binary := buildProgram(b)
	least := time.Hour
	for b.Loop() {
		began := time.Now()
		if err := exec.CommandContext(b.Context(), binary, "--help").Run(); err != nil {
			b.Fatal(err)
		}
		least = min(least, time.Since(began))
	}
	b.ReportMetric(float64(least.Microseconds())/1000, "ms-help")
}

// BenchmarkRunCat compares `strongroom run -- cat` of 1 GiB with bare PUTs of what the same cat
// writes, in the same parts, four at the same time, whose URLs are there. The bare client stores
// nothing on a disk and computes no checksum.
func BenchmarkRunCat(b *testing.B) {
	tenant := cloudtest.New(b, suite.Options{}).Tenant(b)
	p := programOf(b, tenant, "runner")
	part := make([]byte, benchPartSize)
	_, _ = rand.Read(part)
	file, binary := filepath.Join(b.TempDir(), "output"), buildProgram(b)
	writeParts(b, file, part)
	var ran, bare time.Duration
	b.SetBytes(benchParts * benchPartSize)
	for b.Loop() {
		began := time.Now()
		if out, err := execute(b, p, binary, "run", "--quiet", "--", "cat", file).CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		ran += time.Since(began)
		b.StopTimer()
		bare += putCat(b, tenant, file, part)
		tenant.Cloud.Drain(b)
		b.StartTimer()
	}
	b.ReportMetric(ran.Seconds()/bare.Seconds(), "x-bare")
}

func writeParts(b *testing.B, path string, part []byte) {
	b.Helper()
	file, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	for range benchParts {
		if _, err := file.Write(part); err != nil {
			b.Fatal(err)
		}
	}
}

// putCat uploads what cat of a file writes, and returns how long that took.
func putCat(b *testing.B, tenant *cloudtest.Tenant, file string, part []byte) time.Duration {
	b.Helper()
	uploads := mintParts(b, tenant, cloudtest.NewRun(b), part)
	began := time.Now()
	cat := exec.CommandContext(b.Context(), "cat", file)
	pipe, err := cat.StdoutPipe()
	if err == nil {
		err = cat.Start()
	}
	free := make(chan []byte, benchParallel)
	for range benchParallel {
		free <- make([]byte, benchPartSize)
	}
	var group errgroup.Group
	for _, upload := range uploads {
		content := <-free
		if err == nil {
			_, err = io.ReadFull(pipe, content)
		}
		if err != nil {
			b.Fatal(err)
		}
		group.Go(func() error {
			defer func() { free <- content }()
			return putBare(upload, content)
		})
	}
	if err := errors.Join(group.Wait(), cat.Wait()); err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}

// mintParts returns the URLs for the parts of stdout.log of a run.
func mintParts(b *testing.B, tenant *cloudtest.Tenant, run string, part []byte) []cloudtest.Upload {
	b.Helper()
	var parts []cloudtest.Part
	described := cloudtest.PartOf("stdout.log", 1, part)
	for n := range benchParts {
		described.Part = n + 1
		parts = append(parts, described)
	}
	return append(tenant.Mint(b, run, parts[:100]...), tenant.Mint(b, run, parts[100:]...)...)
}

// putParts uploads the parts of stdout.log of a run.
func putParts(b *testing.B, tenant *cloudtest.Tenant, run string, part []byte) {
	b.Helper()
	var group errgroup.Group
	group.SetLimit(benchParallel)
	for _, upload := range mintParts(b, tenant, run, part) {
		group.Go(func() error { return putBare(upload, part) })
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
}

func putBare(upload cloudtest.Upload, part []byte) error {
	r, err := http.NewRequest(upload.Method, upload.URL, bytes.NewReader(part))
	if err != nil {
		return err
	}
	for name, value := range upload.Headers {
		r.Header.Set(name, value)
	}
	return discard(r)
}

// discard sends a request, and reads its response.
func discard(r *http.Request) error {
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err = io.Copy(io.Discard, res.Body); err == nil && res.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %s", r.Method, r.URL.Path, res.Status)
	}
	return err
}

// BenchmarkOutputsCat compares `strongroom outputs cat` of 1 GiB with bare GETs of its parts, one
// after the other, without a latency of Google's services and with 15 ms for each call to them.
func BenchmarkOutputsCat(b *testing.B) {
	for _, latency := range []time.Duration{0, benchLatency} {
		b.Run(fmt.Sprintf("latency=%v", latency), func(b *testing.B) { benchmarkOutputsCat(b, latency) })
	}
}

func benchmarkOutputsCat(b *testing.B, latency time.Duration) {
	c := cloudtest.New(b, suite.Options{})
	tenant := c.Tenant(b)
	run, part := cloudtest.NewRun(b), make([]byte, benchPartSize)
	_, _ = rand.Read(part)
	putParts(b, tenant, run, part)
	c.Drain(b)
	report := map[string]any{
		"end": time.Now(), "outcome": "success", "exitCode": 0, "outputs": []map[string]any{{"name": "stdout.log", "parts": benchParts}},
	}
	tenant.Do(b, "runner", http.MethodPost, tenant.RunPath(run)+"/report", report).Want(b, http.StatusOK)
	trips := cloudtest.NewRoundTrips(b, c, "outputs")
	handler, err := c.Build(b.Context(), "outputs", trips.Environ)
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(handler)
	b.Cleanup(server.Close)
	p := programOf(b, tenant, "viewer")
	p.env["STRONGROOM_URL"] = server.URL
	binary, get := buildProgram(b), bareGets(b, tenant, run, latency)
	var cat, bare time.Duration
	var calls int
	b.SetBytes(benchParts * benchPartSize)
	for b.Loop() {
		began := time.Now()
		counted := trips.Count(b, latency, func() {
			if err := execute(b, p, binary, "outputs", "cat", run, "stdout.log").Run(); err != nil { // its output is discarded
				b.Fatal(err)
			}
		})
		cat, calls = cat+time.Since(began), len(counted.Calls)
		b.StopTimer()
		bare += get()
		b.StartTimer()
	}
	b.ReportMetric(cat.Seconds()/bare.Seconds(), "x-bare")
	b.ReportMetric(float64(calls), "calls")
}

// bareGets returns a function that reads the parts of stdout.log from the bucket, one after the
// other, with a latency for each.
func bareGets(b *testing.B, tenant *cloudtest.Tenant, run string, latency time.Duration) func() time.Duration {
	b.Helper()
	config := tenant.Cloud.As(suite.FunctionAccount("outputs"))
	bucket := "http://" + config.StorageHost
	proxy, err := faults.NewHTTP(faults.HTTPConfig{Fault: func(*http.Request) faults.Fault { <-time.After(latency); return faults.None }}, bucket)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = proxy.Close() })
	return func() time.Duration {
		began := time.Now()
		for n := range benchParts {
			url := fmt.Sprintf("%s/%s/%s/%s/stdout.log/%05d", proxy.URL(bucket), tenant.OutputsBucket, tenant.Workspace, run, n+1)
			r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil)
			if err != nil {
				b.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+config.AccessToken.Reveal())
			if err := discard(r); err != nil {
				b.Fatal(err)
			}
		}
		return time.Since(began)
	}
}
