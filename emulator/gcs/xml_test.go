package gcs_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/gcs"
)

func TestXMLRanges(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.write("part", "0123456789")
	for name, test := range map[string]struct {
		header string
		status int
		body   string
		place  string
	}{
		"from byte to byte":     {header: "bytes=2-4", status: 206, body: "234", place: "bytes 2-4/10"},
		"from a byte on":        {header: "bytes=8-", status: 206, body: "89", place: "bytes 8-9/10"},
		"the last bytes":        {header: "bytes=-3", status: 206, body: "789", place: "bytes 7-9/10"},
		"more than there is":    {header: "bytes=-30", status: 206, body: "0123456789", place: "bytes 0-9/10"},
		"past the end":          {header: "bytes=5-50", status: 206, body: "56789", place: "bytes 5-9/10"},
		"the last byte":         {header: "bytes=9-9", status: 206, body: "9", place: "bytes 9-9/10"},
		"from the end":          {header: "bytes=10-", status: 416, body: "", place: "bytes */10"},
		"no byte":               {header: "bytes=-0", status: 416, body: "", place: "bytes */10"},
		"several ranges":        {header: "bytes=0-1,3-4", status: 200, body: "0123456789", place: ""},
		"backwards":             {header: "bytes=4-2", status: 200, body: "0123456789", place: ""},
		"in lines":              {header: "lines=1-2", status: 200, body: "0123456789", place: ""},
		"beyond all numbers":    {header: "bytes=99999999999999999999-", status: 200, body: "0123456789", place: ""},
		"to the largest number": {header: "bytes=1-9223372036854775807", status: 206, body: "123456789", place: "bytes 1-9/10"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := f.send(http.MethodGet, f.url+"/"+bucket+"/part", "", f.token(viewer), "Range:"+test.header)
			if test.status == 416 {
				got.wantError(t, 416, "InvalidRange")
			} else if got.status != test.status || got.body != test.body {
				t.Errorf("got %d %q", got.status, got.body)
			}
			if place := got.header.Get("Content-Range"); place != test.place {
				t.Errorf("Content-Range %q, want %q", place, test.place)
			}
		})
	}
}

func TestXMLHeaders(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	put := f.send(http.MethodPut, f.url+"/"+bucket+"/part", "hello", f.token(admin),
		"Content-Type:text/plain", "X-Goog-Meta-Run:7", "Cache-Control:no-store", "Content-Disposition:attachment")
	if put.status != http.StatusOK {
		t.Fatal(put)
	}
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		got := f.send(method, f.url+"/"+bucket+"/part", "", f.token(viewer))
		for name, want := range map[string]string{
			"Content-Type": "text/plain", "Content-Length": "5", "X-Goog-Meta-Run": "7", "Cache-Control": "no-store",
			"Content-Disposition": "attachment", "Etag": put.header.Get("Etag"), "X-Goog-Generation": put.header.Get("X-Goog-Generation"),
			"X-Goog-Metageneration": "1", "X-Goog-Stored-Content-Length": "5", "X-Goog-Encryption-Kms-Key-Name": version1,
		} {
			if got.header.Get(name) != want {
				t.Errorf("%s: %s is %q, want %q", method, name, got.header.Get(name), want)
			}
		}
		if hashes := got.header.Values("X-Goog-Hash"); len(hashes) != 2 || hashes[0] != "crc32c="+crc32c("hello") {
			t.Errorf("%s: hashes %v", method, hashes)
		}
	}
	other := f.send(http.MethodGet, f.url+"/"+bucket+"/part?response-content-type=text/html", "", f.token(viewer))
	if other.header.Get("Content-Type") != "text/html" {
		t.Errorf("type %q", other.header.Get("Content-Type"))
	}
}

func TestXMLConditions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.write("part", "one")
	at := f.url + "/" + bucket + "/part"
	generation := f.send(http.MethodHead, at, "", f.token(viewer)).header.Get("X-Goog-Generation")
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
		f.send(method, at, "x", f.token(admin), "X-Goog-If-Generation-Match:1").wantError(t, 412, "PreconditionFailed")
		f.send(method, at, "x", f.token(admin), "X-Goog-If-Metageneration-Match:2").wantError(t, 412, "PreconditionFailed")
		f.send(method, at, "x", f.token(admin), "X-Goog-If-Generation-Match:one").wantError(t, 400, "InvalidArgument")
	}
	f.send(http.MethodGet, at+"?generation=1", "", f.token(viewer)).wantError(t, 404, "NoSuchKey")
	got := f.send(http.MethodDelete, at, "", f.token(admin), "X-Goog-If-Generation-Match:"+generation)
	if got.status != http.StatusNoContent {
		t.Errorf("delete: %d %s", got.status, got.body)
	}
	f.send(http.MethodGet, at, "", f.token(viewer)).wantError(t, 404, "NoSuchKey")
	f.send(http.MethodGet, f.url+"/no-such-bucket/part", "", f.token(viewer)).wantError(t, 404, "NoSuchBucket")
}

func TestObjectNamesKeepEveryByte(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, name := range []string{"a//b", "a/../b", "/a", "a/", "a b+c%d?e#f&g=h", "é\u200b", "..a", strings.Repeat("n", 1024)} {
		f.write(name, name)
		if text, err := read(f.object(viewer, name)); err != nil || text != name {
			t.Errorf("%q: read %q, %v", name, text, err)
		}
		signed := f.sign(name+"2", uploadHeaders[0])
		if len(name) < 1024 {
			if got := f.send(http.MethodPut, signed, "x", uploadHeaders[0]); got.status != http.StatusOK {
				t.Errorf("%q: %d %s", name, got.status, got.body)
			}
			continue
		}
		f.send(http.MethodPut, signed, "x", uploadHeaders[0]).wantError(t, 400, "KeyTooLong")
	}
	for _, bad := range []string{"..", ".", "a\nb", "a\rb", "\xff"} {
		f.send(http.MethodPut, f.url+"/"+bucket+"/"+url.PathEscape(bad), "x", f.token(admin)).wantError(t, 400, "InvalidArgument")
	}
}

func TestHostNamesABucket(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(_ *gcs.Bucket, c *gcs.Config) { c.BucketHosts = map[string]string{"media.example.com": bucket} })
	f.write("dir/part", "hello")
	for _, host := range []string{"media.example.com", bucket + ".storage.googleapis.com", bucket + ".localhost:8080"} {
		if got := f.send(http.MethodGet, f.url+"/dir/part", "", f.token(viewer), "Host:"+host); got.body != "hello" {
			t.Errorf("%s: %d %s", host, got.status, got.body)
		}
	}
}

// TestTruncatedBodyStoresNothing breaks connections in the middle of a body.
func TestTruncatedBodyStoresNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	multipart := "--b\r\nContent-Type: application/json\r\n\r\n{\"name\":\"part\"}\r\n--b\r\nContent-Type: text/plain\r\n\r\nhel"
	for name, request := range map[string]string{
		"XML PUT":        "PUT /" + bucket + "/part HTTP/1.1\r\nContent-Length: 100\r\n%s\r\nhel",
		"XML in chunks":  "PUT /" + bucket + "/part HTTP/1.1\r\nTransfer-Encoding: chunked\r\n%s\r\n3\r\nhel\r\n",
		"JSON media":     "POST /upload/storage/v1/b/" + bucket + "/o?uploadType=media&name=part HTTP/1.1\r\nContent-Length: 100\r\n%s\r\nhel",
		"JSON multipart": "POST /upload/storage/v1/b/" + bucket + "/o?uploadType=multipart HTTP/1.1\r\nContent-Type: multipart/related; boundary=b\r\nContent-Length: 1000\r\n%s\r\n" + multipart,
		"JSON multipart that ends early": "POST /upload/storage/v1/b/" + bucket + "/o?uploadType=multipart HTTP/1.1\r\nContent-Type: multipart/related; boundary=b\r\nContent-Length: " +
			strconv.Itoa(len(multipart)) + "\r\n%s\r\n" + multipart,
		"JSON multipart without its end": "POST /upload/storage/v1/b/" + bucket + "/o?uploadType=multipart HTTP/1.1\r\nContent-Type: multipart/related; boundary=b\r\nContent-Length: " +
			strconv.Itoa(len(multipart)+7) + "\r\n%s\r\n" + multipart + "\r\n--b\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			connection, err := net.Dial("tcp", strings.TrimPrefix(f.url, "http://"))
			check(t, err)
			_, err = fmt.Fprintf(connection, request, "Host: localhost\r\n"+f.token(admin)+"\r\n")
			check(t, err)
			check(t, connection.(*net.TCPConn).CloseWrite())
			response, err := http.ReadResponse(bufio.NewReader(connection), nil)
			if err == nil {
				text, _ := io.ReadAll(response.Body)
				if response.StatusCode != http.StatusBadRequest {
					t.Errorf("%d %s", response.StatusCode, text)
				}
			}
			check(t, connection.Close())
			if _, err := read(f.object(admin, "part")); err == nil {
				t.Error("something is stored")
			}
		})
	}
	t.Cleanup(func() {
		for _, dir := range []string{"uploads", "objects"} {
			if left, _ := filepath.Glob(filepath.Join(f.gcs.Root(), dir, "*")); len(left) > 0 {
				t.Errorf("left in %s: %v", dir, left)
			}
		}
	})
}

func TestBodyWithoutLengthIsRejected(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	connection, err := net.Dial("tcp", strings.TrimPrefix(f.url, "http://"))
	check(t, err)
	defer func() { _ = connection.Close() }()
	_, err = fmt.Fprintf(connection, "PUT /%s/part HTTP/1.1\r\nHost: localhost\r\n%s\r\n\r\n", bucket, f.token(admin))
	check(t, err)
	got, err := http.ReadResponse(bufio.NewReader(connection), nil)
	check(t, err)
	if got.StatusCode != http.StatusLengthRequired {
		t.Errorf("status %d", got.StatusCode)
	}
}
