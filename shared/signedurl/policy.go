// Package signedurl mints URLs that permit one thing. The holder of a URL of Mint can
// create one object in one bucket, once. The holder of a URL of MintRead can read one
// object.
package signedurl

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"cloud.google.com/go/storage"

	"github.com/strongroom-dev/strongroom/shared/crc32c"
	"github.com/strongroom-dev/strongroom/shared/secret"
)

// Bounds of the lifetime of a URL. Signature version 4 allows at most seven days,
// in whole seconds: cloud.google.com/storage/docs/access-control/signed-urls.
const (
	MinLifetime = 2 * time.Second
	MaxLifetime = 15 * time.Minute
)

// maxObjectName is the limit of Cloud Storage, in bytes: cloud.google.com/storage/docs/objects#naming.
const maxObjectName = 1024

// Policy bounds what one signed URL may do. The zero Policy permits nothing.
type Policy struct {
	Bucket      string    // the tenant's outputs bucket
	Object      string    // full object name, at most 1024 bytes of UTF-8
	ContentType string    // exact; the uploader must send it. Visible ASCII and single spaces
	MaxBytes    int64     // inclusive; signed as x-goog-content-length-range
	CRC32C      *uint32   // Castagnoli; nil: any content
	Expires     time.Time // the URL does not work after this; MinLifetime to MaxLifetime from now
}

// Upload is the request that creates the object. The uploader must send exactly
// these headers.
type Upload struct {
	Method  string
	URL     secret.String
	Headers map[string]string
	Expires time.Time // the URL works before this; whole seconds, UTC
}

// Signer signs as one service account. Implementations are safe for concurrent use.
type Signer interface {
	// Account returns the email of the account that a URL acts as.
	Account() string
	// Sign returns the RSASSA-PKCS1-v1_5 signature of payload with SHA-256.
	Sign(ctx context.Context, payload []byte) ([]byte, error)
}

// Minter mints URLs for one storage service. The zero Minter mints for Cloud
// Storage.
type Minter struct {
	Host string           // host:port of an emulator without TLS; empty: storage.googleapis.com
	Now  func() time.Time // nil: time.Now
}

// Mint signs one URL as signer. It fails if the policy is not valid or if the signer
// fails.
func (m Minter) Mint(ctx context.Context, signer Signer, p Policy) (Upload, error) {
	now := time.Now
	if m.Now != nil {
		now = m.Now
	}
	if err := p.validate(now()); err != nil {
		return Upload{}, err
	}
	headers, end := p.headers(), p.Expires.UTC().Truncate(time.Second)
	options := &storage.SignedURLOptions{
		GoogleAccessID: signer.Account(),
		SignBytes:      func(payload []byte) ([]byte, error) { return signer.Sign(ctx, payload) },
		Method:         http.MethodPut,
		Scheme:         storage.SigningSchemeV4,
		Expires:        end,
		ContentType:    p.ContentType,
		Headers:        signedHeaders(headers),
		Style:          storage.PathStyle(),
	}
	if m.Host != "" {
		options.Hostname, options.Insecure = m.Host, true
	}
	url, err := storage.SignedURL(p.Bucket, p.Object, options)
	if err != nil {
		return Upload{}, fmt.Errorf("sign upload: %w", err)
	}
	// The signature has the date and the remaining lifetime, and V4 truncates both
	// to seconds. So the URL can expire a second before end.
	return Upload{Method: http.MethodPut, URL: secret.New(url), Headers: headers, Expires: end.Add(-time.Second)}, nil
}

// validate rejects a policy that permits nothing or too much, or whose values would
// be changed by signing.
func (p Policy) validate(now time.Time) error {
	life := p.Expires.Sub(now)
	switch {
	case p.Bucket == "" || strings.Contains(p.Bucket, "/"):
		return errors.New("a policy needs the name of a bucket, without gs://")
	case !validObject(p.Bucket, p.Object):
		return errors.New("a policy needs the name of an object: at most 1024 bytes of UTF-8, without line breaks")
	case !PlainHeader(p.ContentType):
		return errors.New("a policy needs a content type of visible ASCII characters and single spaces")
	case p.MaxBytes < 0:
		return errors.New("the size of a policy must not be negative")
	case life < MinLifetime || life > MaxLifetime:
		return fmt.Errorf("the lifetime of a policy must be from %s to %s", MinLifetime, MaxLifetime)
	}
	return nil
}

// validObject reports whether signing keeps the names of a bucket and an object
// unchanged.
func validObject(bucket, object string) bool {
	return bucket != "" && !strings.Contains(bucket, "/") &&
		object != "" && len(object) <= maxObjectName && utf8.ValidString(object) && !strings.ContainsAny(object, "\r\n")
}

// PlainHeader reports whether signing keeps the value of a header unchanged: it has
// visible ASCII characters, and spaces only one at a time between them. V4 replaces
// consecutive spaces with one before it signs.
func PlainHeader(value string) bool {
	for i, b := range []byte(value) {
		if b < ' ' || b > '~' || (b == ' ' && (i == 0 || i == len(value)-1 || value[i-1] == ' ')) {
			return false
		}
	}
	return value != ""
}

// headers returns the headers that the uploader must send. All of them are signed, so
// the object is created once, with the declared size and type.
func (p Policy) headers() map[string]string {
	headers := map[string]string{
		"content-type":                p.ContentType,
		"x-goog-if-generation-match":  "0",
		"x-goog-content-length-range": fmt.Sprintf("0,%d", p.MaxBytes),
	}
	if p.CRC32C != nil {
		headers["x-goog-hash"] = "crc32c=" + crc32c.Encode(*p.CRC32C)
	}
	return headers
}

// signedHeaders returns the headers in the form that the storage client signs, except
// content-type, which has its own option.
func signedHeaders(headers map[string]string) []string {
	var lines []string
	for name, value := range headers {
		if name != "content-type" {
			lines = append(lines, name+":"+value)
		}
	}
	return lines
}
