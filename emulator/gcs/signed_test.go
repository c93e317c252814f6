package gcs_test

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/storage"

	"github.com/strongroom-dev/strongroom/emulator/gcs"
)

// uploadHeaders are those of the platform's upload URLs.
var uploadHeaders = []string{
	"content-type:text/plain; charset=utf-8",
	"x-goog-content-length-range:0,64",
	"x-goog-if-generation-match:0",
}

func crc32c(text string) string {
	sum := crc32.Checksum([]byte(text), crc32.MakeTable(crc32.Castagnoli))
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, sum))
}

func TestSignedUploadIsStored(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	headers := append([]string{"x-goog-hash:crc32c=" + crc32c("hello")}, uploadHeaders...)
	got := f.send(http.MethodPut, f.sign("ws/run/stdout log/00001", headers...), "hello", headers...)
	if got.status != http.StatusOK || got.header.Get("X-Goog-Generation") == "" {
		t.Fatalf("got %d %s", got.status, got.body)
	}
	if want := "crc32c=" + crc32c("hello"); got.header.Values("X-Goog-Hash")[0] != want {
		t.Errorf("hash %v, want %s", got.header.Values("X-Goog-Hash"), want)
	}
	text, err := read(f.object(viewer, "ws/run/stdout log/00001"))
	if err != nil || text != "hello" {
		t.Errorf("read %q, %v", text, err)
	}
	attrs, err := f.object(viewer, "ws/run/stdout log/00001").Attrs(t.Context())
	check(t, err)
	if attrs.ContentType != "text/plain; charset=utf-8" || !strings.HasPrefix(attrs.KMSKeyName, keyName) {
		t.Errorf("attrs %+v", attrs)
	}
}

func TestSignedUploadRejects(t *testing.T) {
	t.Parallel()
	type request struct {
		method, body string
		headers      []string
		change       func(url string) string
	}
	replace := func(i int, with string) []string {
		headers := append([]string(nil), uploadHeaders...)
		headers[i] = with
		return headers
	}
	for name, test := range map[string]struct {
		request
		status int
		code   string
	}{
		"another method":               {request{method: http.MethodGet}, 403, "SignatureDoesNotMatch"},
		"DELETE":                       {request{method: http.MethodDelete}, 403, "SignatureDoesNotMatch"},
		"another object":               {request{change: func(u string) string { return strings.Replace(u, "/part", "/other", 1) }}, 403, "SignatureDoesNotMatch"},
		"another bucket":               {request{change: func(u string) string { return strings.Replace(u, bucket, "evil-outputs", 1) }}, 403, "SignatureDoesNotMatch"},
		"a longer life":                {request{change: func(u string) string { return strings.Replace(u, "X-Goog-Expires=8", "X-Goog-Expires=9", 1) }}, 403, "SignatureDoesNotMatch"},
		"another signature":            {request{change: func(u string) string { return strings.Replace(u, "X-Goog-Signature=", "X-Goog-Signature=00", 1) }}, 403, "SignatureDoesNotMatch"},
		"a parameter more":             {request{change: func(u string) string { return u + "&generation=1" }}, 403, "SignatureDoesNotMatch"},
		"another type":                 {request{headers: replace(0, "content-type:text/html")}, 403, "SignatureDoesNotMatch"},
		"a wider range":                {request{headers: replace(1, "x-goog-content-length-range:0,65")}, 403, "SignatureDoesNotMatch"},
		"another generation":           {request{headers: replace(2, "x-goog-if-generation-match:1")}, 403, "SignatureDoesNotMatch"},
		"a signed header left out":     {request{headers: uploadHeaders[:2]}, 400, "MalformedSecurityHeader"},
		"an x-goog- header not signed": {request{headers: append([]string{"x-goog-meta-a:b"}, uploadHeaders...)}, 400, "MalformedSecurityHeader"},
		"no signature":                 {request{change: func(u string) string { return u[:strings.Index(u, "&X-Goog-Signature")] }}, 400, "MalformedSecurityHeader"},
		"no query at all":              {request{change: func(u string) string { return u[:strings.Index(u, "?")] }}, 403, "AccessDenied"},
		"a byte too many":              {request{body: strings.Repeat("x", 65)}, 400, "EntityTooLarge"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			url := f.sign("part", uploadHeaders...)
			if test.change != nil {
				changed := test.change(url)
				if changed == url {
					t.Fatal("the test changes nothing")
				}
				url = changed
			}
			headers := test.headers
			if headers == nil {
				headers = uploadHeaders
			}
			method := test.method
			if method == "" {
				method = http.MethodPut
			}
			f.send(method, url, test.body, headers...).wantError(t, test.status, test.code)
			if _, err := read(f.object(admin, "part")); err == nil {
				t.Error("something is stored")
			}
		})
	}
}

func TestSignedUploadCreatesOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	url := f.sign("part", uploadHeaders...)
	if got := f.send(http.MethodPut, url, "first", uploadHeaders...); got.status != http.StatusOK {
		t.Fatal(got)
	}
	f.send(http.MethodPut, url, "second", uploadHeaders...).wantError(t, 412, "PreconditionFailed")
	plain := f.sign("part", uploadHeaders[0])
	f.send(http.MethodPut, plain, "third", uploadHeaders[0]).wantError(t, 403, "AccessDenied")
	if text, err := read(f.object(viewer, "part")); err != nil || text != "first" {
		t.Errorf("read %q, %v", text, err)
	}
}

func TestSignedUploadExpires(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	url := f.sign("part", uploadHeaders...)
	f.clock.Advance(16 * time.Minute)
	f.send(http.MethodPut, url, "late", uploadHeaders...).wantError(t, 400, "ExpiredToken")
}

func TestSignedUploadChecksTheBody(t *testing.T) {
	t.Parallel()
	const sum = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" // SHA-256 of hello
	for name, test := range map[string]struct {
		header, body, code string
	}{
		"the CRC32C is another":         {"x-goog-hash:crc32c=AAAAAA==", "hello", "BadDigest"},
		"the MD5 is another":            {"x-goog-hash:md5=AAAAAAAAAAAAAAAAAAAAAA==", "hello", "BadDigest"},
		"the CRC32C is no checksum":     {"x-goog-hash:crc32c=hello", "hello", "InvalidDigest"},
		"Content-MD5 is another":        {"content-md5:AAAAAAAAAAAAAAAAAAAAAA==", "hello", "BadDigest"},
		"the signed SHA-256 is another": {"x-goog-content-sha256:" + sum, "hullo", "BadDigest"},
		"a byte too few":                {"x-goog-content-length-range:6,9", "hello", "EntityTooSmall"},
		"an inverted range":             {"x-goog-content-length-range:9,6", "hello", "InvalidArgument"},
		"the checksum is right":         {"x-goog-hash:crc32c=" + crc32c("hello"), "hello", ""},
		"the signed SHA-256 is right":   {"x-goog-content-sha256:" + sum, "hello", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			got := f.send(http.MethodPut, f.sign("part", test.header), test.body, test.header)
			_, err := read(f.object(admin, "part"))
			if test.code == "" {
				if got.status != http.StatusOK || err != nil {
					t.Errorf("got %d %s, %v", got.status, got.body, err)
				}
				return
			}
			got.wantError(t, 400, test.code)
			if err == nil {
				t.Error("something is stored")
			}
		})
	}
}

func TestSignedReadNeedsPermission(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.write("part", "secret")
	url := f.signWith("part", storage.SignedURLOptions{Method: http.MethodGet})
	f.send(http.MethodGet, url, "").wantError(t, 403, "AccessDenied")
	f.send(http.MethodGet, f.signWith("missing", storage.SignedURLOptions{Method: http.MethodGet}), "").wantError(t, 403, "AccessDenied")
	f.send(http.MethodDelete, f.signWith("part", storage.SignedURLOptions{Method: http.MethodDelete}), "").wantError(t, 403, "AccessDenied")
}

func TestSignatureForAnotherBucketIsRejected(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	check(t, f.gcs.CreateBucket(gcs.Bucket{Name: "evil-outputs"}))
	url := f.signFor("evil-outputs", "part", storage.SignedURLOptions{Method: http.MethodPut})
	f.send(http.MethodPut, url, "x").wantError(t, 403, "AccessDenied")
}

func TestUnsignedContentTypeIsAccepted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	got := f.send(http.MethodPut, f.sign("part"), "x", "Content-Type:text/html")
	attrs, err := f.object(viewer, "part").Attrs(t.Context())
	if got.status != http.StatusOK || err != nil || attrs.ContentType != "text/html" {
		t.Errorf("got %d %s, %+v, %v", got.status, got.body, attrs, err)
	}
}
