package signedurl

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"cloud.google.com/go/storage"

	"github.com/strongroom-dev/strongroom/shared/secret"
)

// ReadPolicy is what a URL for reading permits: to read one object, and nothing else.
// The zero ReadPolicy permits nothing.
type ReadPolicy struct {
	Bucket  string    // without gs://
	Object  string    // full object name, at most 1024 bytes of UTF-8
	Expires time.Time // the URL does not work after this; MinLifetime to MaxLifetime from now
}

// MintRead signs a URL as signer that reads an object. Its holder sends a GET, with a
// Range header if it wants a part. expires is when the URL stops working: whole
// seconds, UTC.
func (m Minter) MintRead(ctx context.Context, signer Signer, p ReadPolicy) (url secret.String, expires time.Time, err error) {
	now := time.Now
	if m.Now != nil {
		now = m.Now
	}
	life := p.Expires.Sub(now())
	switch {
	case !validObject(p.Bucket, p.Object):
		return url, expires, errors.New("a policy needs the name of a bucket, without gs://, and the name of an object")
	case life < MinLifetime || life > MaxLifetime:
		return url, expires, fmt.Errorf("the lifetime of a policy must be from %s to %s", MinLifetime, MaxLifetime)
	}
	end := p.Expires.UTC().Truncate(time.Second)
	options := &storage.SignedURLOptions{
		GoogleAccessID: signer.Account(),
		SignBytes:      func(payload []byte) ([]byte, error) { return signer.Sign(ctx, payload) },
		Method:         http.MethodGet,
		Scheme:         storage.SigningSchemeV4,
		Expires:        end,
		Style:          storage.PathStyle(),
	}
	if m.Host != "" {
		options.Hostname, options.Insecure = m.Host, true
	}
	text, err := storage.SignedURL(p.Bucket, p.Object, options)
	if err != nil {
		return url, expires, fmt.Errorf("sign read: %w", err)
	}
	// As in Mint, the URL can expire a second before end.
	return secret.New(text), end.Add(-time.Second), nil
}
