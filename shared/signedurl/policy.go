// Package signedurl mints write-only URLs: each lets its holder create one
// object in one bucket, once, and do nothing else.
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

// Bounds of a URL's life. V4's own limit is seven days, and it counts whole
// seconds: cloud.google.com/storage/docs/access-control/signed-urls.
const (
	MinLifetime = 2 * time.Second
	MaxLifetime = 15 * time.Minute
)

// maxObjectName is Cloud Storage's: cloud.google.com/storage/docs/objects#naming.
const maxObjectName = 1024

// Policy bounds what one signed URL may do. The zero Policy permits nothing.
type Policy struct {
	Bucket      string    // the tenant's outputs bucket
	Object      string    // full object name, at most 1024 bytes of UTF-8
	ContentType string    // exact; the uploader must send it. Visible ASCII and single spaces
	MaxBytes    int64     // inclusive; signed as x-goog-content-length-range
	CRC32C      *uint32   // Castagnoli; nil: any content
	Expires     time.Time // from MinLifetime to MaxLifetime ahead; the URL is dead by then
}

// Upload is what an uploader sends: the method, the URL, and these headers.
type Upload struct {
	Method  string
	URL     secret.String
	Headers map[string]string
	Expires time.Time // whole seconds, UTC: the URL works before it
}

// Signer signs as one account. Implementations are safe for concurrent use.
type Signer interface {
	// Account is the email of the account that a URL acts as.
	Account() string
	// Sign gives the RSASSA-PKCS1-v1_5 signature of payload over SHA-256.
	Sign(ctx context.Context, payload []byte) ([]byte, error)
}

// Minter mints URLs of one storage service. The zero Minter mints for Google's.
type Minter struct {
	Host string           // host:port of an emulator, reached without TLS; empty: storage.googleapis.com
	Now  func() time.Time // nil: time.Now
}

// Mint signs one URL as signer.
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
	// V4 cuts both the date and the seconds that are left, so that a URL ends a
	// second early.
	return Upload{http.MethodPut, secret.New(url), headers, end.Add(-time.Second)}, nil
}

// validate refuses what would permit nothing, permit too much, or be signed as
// something else than it says.
func (p Policy) validate(now time.Time) error {
	life := p.Expires.Sub(now)
	switch {
	case p.Bucket == "" || strings.Contains(p.Bucket, "/"):
		return errors.New("a policy needs a bucket, by its bare name")
	case p.Object == "" || len(p.Object) > maxObjectName || !utf8.ValidString(p.Object) || strings.ContainsAny(p.Object, "\r\n"):
		return errors.New("a policy needs an object's name: at most 1024 bytes of UTF-8 on one line")
	case !PlainHeader(p.ContentType):
		return errors.New("a policy needs a content type of visible ASCII and single spaces")
	case p.MaxBytes < 0:
		return errors.New("a policy's size cannot be negative")
	case life < MinLifetime || life > MaxLifetime:
		return fmt.Errorf("a policy lasts from %s to %s", MinLifetime, MaxLifetime)
	}
	return nil
}

// PlainHeader reports whether a header carries value unchanged: visible ASCII,
// with single spaces inside only. V4 signs values with their spaces folded.
func PlainHeader(value string) bool {
	for i, b := range []byte(value) {
		if b < ' ' || b > '~' || (b == ' ' && (i == 0 || i == len(value)-1 || value[i-1] == ' ')) {
			return false
		}
	}
	return value != ""
}

// headers are what the uploader must send, all of them signed: created once,
// within its size, of its type.
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

// signedHeaders are the ones beside content-type, which has an option of its own.
func signedHeaders(headers map[string]string) []string {
	var lines []string
	for name, value := range headers {
		if name != "content-type" {
			lines = append(lines, name+":"+value)
		}
	}
	return lines
}
