package gcs_test

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/gcs"
)

func TestOneOfManyCreatesAnObject(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	url := f.sign("part", uploadHeaders...)
	var won, lost atomic.Int64
	var winner atomic.Value
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			body := fmt.Sprintf("writer %d", i)
			switch got := f.send(http.MethodPut, url, body, uploadHeaders...); got.status {
			case http.StatusOK:
				won.Add(1)
				winner.Store(body)
			case http.StatusPreconditionFailed:
				lost.Add(1)
			default:
				t.Errorf("got %d %s", got.status, got.body)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 || lost.Load() != 31 {
		t.Fatalf("%d won, %d lost", won.Load(), lost.Load())
	}
	if text, err := read(f.object(viewer, "part")); err != nil || text != winner.Load() {
		t.Errorf("read %q, %v, want %q", text, err, winner.Load())
	}
	check(t, f.gcs.Flush(t.Context()))
	if n := len(f.published.all()); n != 1 {
		t.Errorf("%d notifications", n)
	}
	if files, _ := filepath.Glob(filepath.Join(f.gcs.Root(), "*", "*")); len(files) != 1 {
		t.Errorf("files left: %v", files)
	}
}

// TestOneOfManyAtOnceCreatesAnObject holds every body back until the server
// has accepted all requests, so that the last check decides.
func TestOneOfManyAtOnceCreatesAnObject(t *testing.T) {
	t.Parallel()
	const writers = 8
	f := newFixture(t)
	url := f.sign("part", uploadHeaders...)
	patient := &http.Client{Transport: &http.Transport{ExpectContinueTimeout: time.Minute}}
	var admitted, all sync.WaitGroup
	admitted.Add(writers)
	statuses := make([]int, writers)
	for i := range writers {
		all.Go(func() {
			body := &heldBody{Reader: strings.NewReader("hello"), admitted: &admitted}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url, body)
			if err != nil {
				t.Error(err)
				return
			}
			r.ContentLength = 5
			r.Header.Set("Expect", "100-continue")
			for _, h := range uploadHeaders {
				name, value, _ := strings.Cut(h, ":")
				r.Header.Set(name, value)
			}
			got, err := patient.Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			statuses[i] = got.StatusCode
			_ = got.Body.Close()
		})
	}
	all.Wait()
	slices.Sort(statuses)
	if statuses[0] != http.StatusOK || statuses[1] != http.StatusPreconditionFailed || statuses[writers-1] != http.StatusPreconditionFailed {
		t.Errorf("statuses %v", statuses)
	}
}

// heldBody returns its first byte only after all requests have been accepted: a client
// that expects 100 Continue reads its body only after the server's response.
type heldBody struct {
	io.Reader
	admitted *sync.WaitGroup
	once     sync.Once
}

// Read implements io.Reader.
func (h *heldBody) Read(p []byte) (int, error) {
	h.once.Do(func() { h.admitted.Done(); h.admitted.Wait() })
	return h.Reader.Read(p)
}

func TestRestartKeepsEverything(t *testing.T) {
	t.Parallel()
	var config gcs.Config
	dir := t.TempDir()
	f := newFixture(t, func(b *gcs.Bucket, c *gcs.Config) {
		c.Dir = dir
		b.DefaultKMSKeyName = ""
		b.Labels = map[string]string{"tenant": "acme"}
		config = *c
	})
	f.write("part", "one")
	before, err := f.object(admin, "part").Attrs(t.Context())
	check(t, err)
	check(t, f.gcs.Close())
	f.start(config)
	if text, err := read(f.object(viewer, "part")); err != nil || text != "one" {
		t.Errorf("read %q, %v", text, err)
	}
	f.write("part", "two")
	after, err := f.object(admin, "part").Attrs(t.Context())
	check(t, err)
	if after.Generation <= before.Generation {
		t.Error("generations do not increase over a restart")
	}
	if b, err := f.gcs.Bucket(bucket); err != nil || b.Labels["tenant"] != "acme" {
		t.Errorf("bucket %+v, %v", b, err)
	}
}

func TestTemporaryDirectoryIsRemoved(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.write("part", "one")
	root := f.gcs.Root()
	check(t, f.gcs.Close())
	if left, _ := filepath.Glob(root); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}
