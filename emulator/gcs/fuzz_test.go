package gcs

import (
	"net/http"
	"strings"
	"testing"
)

// FuzzSignature checks that parsing never panics, and that an accepted request in its
// canonical form is the same request.
func FuzzSignature(f *testing.F) {
	for _, v := range vectors(f) {
		u := strings.SplitN(strings.SplitN(v.ExpectedURL, "://", 2)[1], "?", 2)
		host, path, _ := strings.Cut(u[0], "/")
		f.Add(v.Method, host, "/"+path, u[1], "X-Goog-Date", v.Headers["X-Goog-Date"])
	}
	f.Fuzz(func(t *testing.T, method, host, path, query, name, value string) {
		r := signedRequest{method: method, host: host, path: path, query: query, header: http.Header{http.CanonicalHeaderKey(name): {value}}}
		first, err := parseSignature(r)
		if err != nil {
			return
		}
		q, err := parseSignedQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		again := r
		if again.path, err = canonicalPath(path); err != nil {
			t.Fatal(err)
		}
		again.query = q.canonical + "&X-Goog-Signature=" + q.value["x-goog-signature"]
		second, err := parseSignature(again)
		if err != nil {
			t.Fatalf("the canonical form is rejected: %v", err)
		}
		for _, host := range first.hosts {
			if first.stringFor[host] != second.stringFor[host] {
				t.Errorf("the canonical form signs otherwise: %q and %q", r, again)
			}
		}
		b1, o1, err1 := resource(r.host, r.path, nil)
		b2, o2, err2 := resource(again.host, again.path, nil)
		if b1 != b2 || o1 != o2 || err1 != nil || err2 != nil {
			t.Errorf("what is signed is %q/%q, what is served %q/%q", b2, o2, b1, o1)
		}
	})
}

// FuzzRange checks that an accepted range is within the object and not empty.
func FuzzRange(f *testing.F) {
	for _, seed := range []string{"bytes=0-4", "bytes=3-", "bytes=-2", "bytes=-0", "bytes=9-1", "bytes=1-2,4-5", "lines=1-2", "bytes=9223372036854775807-", "bytes=--1"} {
		f.Add(seed, int64(10))
	}
	f.Fuzz(func(t *testing.T, header string, size int64) {
		if size < 0 || size > maxObjectSize {
			return
		}
		span, err := parseRange(header, size)
		if err != nil {
			return
		}
		if span.start < 0 || span.end > size || span.partial && span.start >= span.end || !span.partial && span.end-span.start != size {
			t.Errorf("%q of %d bytes: %+v", header, size, span)
		}
	})
}

// FuzzContentRange checks that an accepted chunk has a position.
func FuzzContentRange(f *testing.F) {
	for _, seed := range []string{"", "bytes 0-9/10", "bytes 0-262143/*", "bytes */10", "bytes */*", "bytes 5-/10", "bytes -5/10"} {
		f.Add(seed, int64(10))
	}
	f.Fuzz(func(t *testing.T, header string, length int64) {
		c, err := parseContentRange(header, length)
		if err != nil || header == "" || c.start == -1 {
			return
		}
		if c.start < 0 || c.end <= c.start || c.total >= 0 && c.end > c.total {
			t.Errorf("%q: %+v", header, c)
		}
	})
}

// FuzzObjectName checks that an accepted name can be stored and is one path.
func FuzzObjectName(f *testing.F) {
	for _, seed := range []string{"ws/run/out/00001", "", ".", "..", "a\nb", "\xff", strings.Repeat("a", 1025), ".well-known/acme-challenge/x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if checkObjectName(name) != nil {
			return
		}
		_, object, err := resource("127.0.0.1:80", "/b/"+encodeComponent(name), nil)
		if err != nil || object != name {
			t.Errorf("%q comes back as %q, %v", name, object, err)
		}
	})
}
