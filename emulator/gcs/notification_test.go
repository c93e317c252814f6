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

func TestUploadIsNotified(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	got := f.send(http.MethodPut, f.sign("ws/part", uploadHeaders...), "hello", uploadHeaders...)
	check(t, f.gcs.Flush(t.Context()))
	all := f.published.all()
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

func TestReplacingAndDeletingAreNotified(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.write("part", "one")
	f.write("part", "two")
	attrs, err := f.object(admin, "part").Attrs(t.Context())
	check(t, err)
	check(t, f.object(admin, "part").Delete(t.Context()))
	check(t, f.gcs.Flush(t.Context()))
	var events []string
	for _, m := range f.published.all() {
		events = append(events, m.attributes["eventType"])
	}
	if diff := cmp.Diff([]string{"OBJECT_FINALIZE", "OBJECT_DELETE", "OBJECT_FINALIZE", "OBJECT_DELETE"}, events); diff != "" {
		t.Fatal(diff)
	}
	if over := f.published.all()[1].attributes["overwrittenByGeneration"]; over != strconv.FormatInt(attrs.Generation, 10) {
		t.Errorf("overwritten by %q, want %d", over, attrs.Generation)
	}
}

func TestRejectedUploadIsNotNotified(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.send(http.MethodPut, f.sign("part", uploadHeaders...), "hello", uploadHeaders[1:]...)
	check(t, f.gcs.Flush(t.Context()))
	if all := f.published.all(); len(all) != 0 {
		t.Errorf("messages %+v", all)
	}
}

func TestNotificationIsRetried(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.published.failures, f.published.came = 3, make(chan struct{}, 1)
	f.write("part", "hello")
	<-f.published.came // without Flush, which would start a pass
	if all := f.published.all(); len(all) != 1 {
		t.Errorf("messages %+v", all)
	}
}

func TestFlushEndsWithItsContext(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.published.failures = 1 << 30
	f.write("part", "hello")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := f.gcs.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("flush: %v", err)
	}
}

func TestPendingNotificationSurvivesARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	down := &published{failures: 1 << 30, failed: make(chan struct{}, 1<<10)}
	var config gcs.Config
	f := newFixture(t, func(_ *gcs.Bucket, c *gcs.Config) { c.Dir, c.Publish = dir, down.publish; config = *c })
	f.write("part", "hello")
	<-down.failed
	check(t, f.gcs.Close())
	config.Publish = f.published.publish
	f.start(config)
	check(t, f.gcs.Flush(t.Context()))
	if all := f.published.all(); len(all) != 1 || all[0].attributes["objectId"] != "part" {
		t.Errorf("messages %+v", all)
	}
	if text, err := read(f.object(viewer, "part")); err != nil || text != "hello" {
		t.Errorf("read %q, %v", text, err)
	}
}
