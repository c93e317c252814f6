package gcs_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

const quarter = 256 << 10 // every chunk of a resumable upload but the last is a multiple

// session opens a resumable upload as admin.
func (f *fixture) session(name string, headers ...string) string {
	f.t.Helper()
	got := f.send(http.MethodPost, f.url+"/upload/storage/v1/b/"+bucket+"/o?uploadType=resumable&name="+name, "{}", append(headers, f.token(admin))...)
	if got.status != http.StatusOK || got.header.Get("Location") == "" {
		f.t.Fatalf("no session: %d %s", got.status, got.body)
	}
	return got.header.Get("Location")
}

func TestSessionIsResumed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	content := string(noise(2*quarter + 5))
	at := f.session("part")
	progress := func(got response, kept int) {
		t.Helper()
		if want := fmt.Sprintf("bytes=0-%d", kept-1); got.status != 308 || kept > 0 && got.header.Get("Range") != want || kept == 0 && got.header.Get("Range") != "" {
			t.Fatalf("got %d %s, Range %q, want %d bytes", got.status, got.body, got.header.Get("Range"), kept)
		}
	}
	progress(f.send(http.MethodPut, at, "", "Content-Range:bytes */*"), 0)
	progress(f.send(http.MethodPut, at, content[:quarter], "Content-Range:bytes 0-262143/*"), quarter)
	progress(f.send(http.MethodPut, at, "", "Content-Range:bytes */*"), quarter)
	again := f.send(http.MethodPut, at, content[:2*quarter], "Content-Range:bytes 0-524287/*", "X-GUploader-No-308:yes")
	if again.status != http.StatusOK || again.header.Get("X-Http-Status-Code-Override") != "308" {
		t.Fatalf("got %d %v", again.status, again.header)
	}
	done := f.send(http.MethodPut, at, content[2*quarter:], fmt.Sprintf("Content-Range:bytes %d-%d/%d", 2*quarter, len(content)-1, len(content)))
	if done.status != http.StatusOK || !strings.Contains(done.body, `"storage#object"`) {
		t.Fatalf("got %d %s", done.status, done.body)
	}
	if asked := f.send(http.MethodPut, at, "", "Content-Range:bytes */*"); asked.body != done.body {
		t.Errorf("repeated query: %d %s", asked.status, asked.body)
	}
	if text, err := read(f.object(viewer, "part")); err != nil || text != content {
		t.Errorf("read %d bytes, %v", len(text), err)
	}
}

func TestSessionRejects(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for name, test := range map[string]struct {
		method, body, place string
		status              int
	}{
		"a gap":                     {method: http.MethodPut, body: "x", place: "bytes 5-5/6", status: 400},
		"an odd chunk":              {method: http.MethodPut, body: "xy", place: "bytes 0-1/*", status: 400},
		"more than the total":       {method: http.MethodPut, body: "xy", place: "bytes 0-1/1", status: 400},
		"a length that is not true": {method: http.MethodPut, body: "xyz", place: "bytes 0-1/2", status: 400},
		"no range":                  {method: http.MethodPut, body: "x", place: "lines 1", status: 400},
		"to read":                   {method: http.MethodGet, body: "", place: "", status: 405},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := f.send(test.method, f.session("part"), test.body, "Content-Range:"+test.place); got.status != test.status {
				t.Errorf("got %d %s", got.status, got.body)
			}
		})
	}
}

func TestSessionEnds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	at := f.session("part")
	if got := f.send(http.MethodDelete, at, ""); got.status != 499 {
		t.Errorf("cancel: %d", got.status)
	}
	if got := f.send(http.MethodPut, at, "x"); got.status != http.StatusGone {
		t.Errorf("cancelled: %d", got.status)
	}
	old := f.session("part")
	f.clock.Advance(8 * 24 * time.Hour)
	if got := f.send(http.MethodPut, old, "x"); got.status != http.StatusGone {
		t.Errorf("after a week: %d", got.status)
	}
	if got := f.send(http.MethodPut, at[:len(at)-26]+"x", "x"); got.status != http.StatusGone {
		t.Errorf("unknown: %d", got.status)
	}
	if _, err := read(f.object(admin, "part")); err == nil {
		t.Error("something is stored")
	}
}

func TestSessionChecksItsChecksum(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if got := f.send(http.MethodPut, f.session("part"), "hello", "X-Goog-Hash:crc32c=AAAAAA=="); got.status != http.StatusBadRequest {
		t.Errorf("got %d %s", got.status, got.body)
	}
	if _, err := read(f.object(admin, "part")); err == nil {
		t.Error("something is stored")
	}
}
