// Package signedurl mints write-only URLs: each lets its holder create one
// object in one bucket, once, and do nothing else.
package signedurl

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"time"

	"cloud.google.com/go/storage"

	"github.com/strongroom-dev/strongroom/shared/secret"
)

// MaxLifetime bounds every URL, far below V4's own limit of seven days:
// cloud.google.com/storage/docs/access-control/signed-urls.
const MaxLifetime = 15 * time.Minute

// Policy bounds what one signed URL may do. The zero Policy permits nothing.
type Policy struct {
	Bucket      string        // the tenant's outputs bucket
	Object      string        // full object name, at most 1024 bytes of UTF-8
	ContentType string        // exact; the uploader must send it
	MaxBytes    int64         // inclusive; signed as x-goog-content-length-range
	CRC32C      *uint32       // Castagnoli; nil: any content
	Lifetime    time.Duration // (0, MaxLifetime]
}

// Upload is what an uploader sends: the method, the URL, and these headers.
type Upload struct {
	Method  string
	URL     secret.String
	Headers map[string]string
	Expires time.Time // whole seconds, UTC
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
	if err := p.validate(); err != nil {
		return Upload{}, err
	}
	now := time.Now
	if m.Now != nil {
		now = m.Now
	}
	headers := p.headers()
	// The client signs Expires minus its own time, so the lifetime goes from
	// there; the moment told to the uploader is by the clock that will judge.
	options := &storage.SignedURLOptions{
		GoogleAccessID: signer.Account(),
		SignBytes:      func(payload []byte) ([]byte, error) { return signer.Sign(ctx, payload) },
		Method:         http.MethodPut,
		Scheme:         storage.SigningSchemeV4,
		Expires:        now().Add(p.Lifetime),
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
	return Upload{http.MethodPut, secret.New(url), headers, options.Expires.UTC().Truncate(time.Second)}, nil
}

func (p Policy) validate() error {
	switch {
	case p.Bucket == "" || p.Object == "" || p.ContentType == "":
		return errors.New("a policy needs a bucket, an object and a content type")
	case p.MaxBytes < 0:
		return errors.New("a policy's size cannot be negative")
	case p.Lifetime <= 0 || p.Lifetime > MaxLifetime:
		return fmt.Errorf("a policy's lifetime is within %s", MaxLifetime)
	}
	return nil
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
		headers["x-goog-hash"] = "crc32c=" + EncodeCRC32C(*p.CRC32C)
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

// EncodeCRC32C writes a checksum as Cloud Storage does: base64 of its four
// bytes, big-endian.
func EncodeCRC32C(sum uint32) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, sum))
}

// DecodeCRC32C is the inverse of EncodeCRC32C.
func DecodeCRC32C(s string) (uint32, error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(raw) != 4 {
		return 0, errors.New("a CRC32C is the base64 of four bytes")
	}
	return binary.BigEndian.Uint32(raw), nil
}
