package gcs_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/gcs"
)

func TestUploadIsAnnounced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := w.send(http.MethodPut, w.sign("ws/part", uploadHeaders...), "hello", uploadHeaders...)
	check(t, w.gcs.Flush(t.Context()))
	all := w.published.all()
	if len(all) != 1 || all[0].topic != topic {
		t.Fatalf("messages %+v", all)
	}
	if _, err := time.Parse(time.RFC3339, all[0].attributes["eventTime"]); err != nil {
		t.Error(err)
	}
	delete(all[0].attributes, "eventTime")
	want := map[string]string{
		"eventType": "OBJECT_FINALIZE", "payloadFormat": "JSON_API_V1", "bucketId": bucket, "objectId": "ws/part",
		"objectGeneration":   got.header.Get("X-Goog-Generation"),
		"notificationConfig": "projects/_/buckets/" + bucket + "/notificationConfigs/1",
	}
	if diff := cmp.Diff(want, all[0].attributes); diff != "" {
		t.Error(diff)
	}
	var resource map[string]any
	check(t, json.Unmarshal([]byte(all[0].data), &resource))
	for field, want := range map[string]any{
		"kind": "storage#object", "name": "ws/part", "bucket": bucket, "size": "5", "crc32c": crc32c("hello"),
		"generation": got.header.Get("X-Goog-Generation"), "contentType": "text/plain; charset=utf-8", "metageneration": "1",
	} {
		if resource[field] != want {
			t.Errorf("%s is %v, want %v", field, resource[field], want)
		}
	}
}

func TestReplacingAndDeletingAreAnnounced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("part", "one")
	w.write("part", "two")
	attrs, err := w.object(admin, "part").Attrs(t.Context())
	check(t, err)
	check(t, w.object(admin, "part").Delete(t.Context()))
	check(t, w.gcs.Flush(t.Context()))
	var events []string
	for _, m := range w.published.all() {
		events = append(events, m.attributes["eventType"])
	}
	if diff := cmp.Diff([]string{"OBJECT_FINALIZE", "OBJECT_DELETE", "OBJECT_FINALIZE", "OBJECT_DELETE"}, events); diff != "" {
		t.Fatal(diff)
	}
	if over := w.published.all()[1].attributes["overwrittenByGeneration"]; over != strconv.FormatInt(attrs.Generation, 10) {
		t.Errorf("overwritten by %q, want %d", over, attrs.Generation)
	}
}

func TestRefusedUploadIsNotAnnounced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.send(http.MethodPut, w.sign("part", uploadHeaders...), "hello", uploadHeaders[1:]...)
	check(t, w.gcs.Flush(t.Context()))
	if all := w.published.all(); len(all) != 0 {
		t.Errorf("messages %+v", all)
	}
}

func TestNotificationIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.published.failures, w.published.came = 3, make(chan struct{}, 1)
	w.write("part", "hello")
	<-w.published.came // without Flush, which would hurry the server
	if all := w.published.all(); len(all) != 1 {
		t.Errorf("messages %+v", all)
	}
}

func TestFlushEndsWithItsContext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.published.failures = 1 << 30
	w.write("part", "hello")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := w.gcs.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("flush: %v", err)
	}
}

func TestPendingNotificationSurvivesARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	down := &published{failures: 1 << 30, failed: make(chan struct{}, 1<<10)}
	var config gcs.Config
	w := newWorld(t, func(_ *gcs.Bucket, c *gcs.Config) { c.Dir, c.Publish = dir, down.publish; config = *c })
	w.write("part", "hello")
	<-down.failed
	check(t, w.gcs.Close())
	config.Publish = w.published.publish
	w.start(config)
	check(t, w.gcs.Flush(t.Context()))
	if all := w.published.all(); len(all) != 1 || all[0].attributes["objectId"] != "part" {
		t.Errorf("messages %+v", all)
	}
	if text, err := read(w.object(viewer, "part")); err != nil || text != "hello" {
		t.Errorf("read %q, %v", text, err)
	}
}
