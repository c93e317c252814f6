package gcs_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/gcs"
)

func TestOneOfManyCreatesAnObject(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	url := w.sign("part", uploadHeaders...)
	var won, lost atomic.Int64
	var winner atomic.Value
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			body := fmt.Sprintf("writer %d", i)
			switch got := w.send(http.MethodPut, url, body, uploadHeaders...); got.status {
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
	if text, err := read(w.object(viewer, "part")); err != nil || text != winner.Load() {
		t.Errorf("read %q, %v, want %q", text, err, winner.Load())
	}
	check(t, w.gcs.Flush(t.Context()))
	if n := len(w.published.all()); n != 1 {
		t.Errorf("%d notifications", n)
	}
	if files, _ := filepath.Glob(filepath.Join(w.gcs.Root(), "*", "*")); len(files) != 1 {
		t.Errorf("files left: %v", files)
	}
}

func TestRestartKeepsEverything(t *testing.T) {
	t.Parallel()
	var config gcs.Config
	dir := t.TempDir()
	w := newWorld(t, func(b *gcs.Bucket, c *gcs.Config) {
		c.Dir = dir
		b.DefaultKMSKeyName = ""
		b.Labels = map[string]string{"tenant": "acme"}
		config = *c
	})
	w.write("part", "one")
	before, err := w.object(admin, "part").Attrs(t.Context())
	check(t, err)
	check(t, w.gcs.Close())
	w.start(config)
	if text, err := read(w.object(viewer, "part")); err != nil || text != "one" {
		t.Errorf("read %q, %v", text, err)
	}
	w.write("part", "two")
	after, err := w.object(admin, "part").Attrs(t.Context())
	check(t, err)
	if after.Generation <= before.Generation {
		t.Error("generations do not increase over a restart")
	}
	if b, err := w.gcs.Bucket(bucket); err != nil || b.Labels["tenant"] != "acme" {
		t.Errorf("bucket %+v, %v", b, err)
	}
}

func TestTemporaryDirectoryIsRemoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("part", "one")
	root := w.gcs.Root()
	check(t, w.gcs.Close())
	if left, _ := filepath.Glob(root); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}
