package signedurl

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"cloud.google.com/go/storage"

	"github.com/strongroom-dev/strongroom/shared/secret"
)

// trialLifetime is how long a signed trial works.
const trialLifetime = 30 * time.Second

// trialMethods are the methods of trials. A PUT has no condition, so it would replace an object.
var trialMethods = []string{http.MethodGet, http.MethodPut, http.MethodDelete}

// MintTrial signs a request that the signer's account must not be able to make, in order to see
// that the bucket refuses it: to read, replace or delete an object, or, with an empty object, to
// list the bucket. Only the process that verifies a bucket uses the URL, for its own probe.
func (m Minter) MintTrial(ctx context.Context, signer Signer, method, bucket, object string) (secret.String, error) {
	now := time.Now
	if m.Now != nil {
		now = m.Now
	}
	switch {
	case !slices.Contains(trialMethods, method):
		return secret.String{}, fmt.Errorf("sign trial: %s is no method of a trial", method)
	case object == "" && method != http.MethodGet || !validObject(bucket, object+"x"):
		return secret.String{}, fmt.Errorf("sign trial: a trial needs the names of a bucket and an object")
	}
	options := &storage.SignedURLOptions{
		GoogleAccessID: signer.Account(),
		SignBytes:      func(payload []byte) ([]byte, error) { return signer.Sign(ctx, payload) },
		Method:         method,
		Scheme:         storage.SigningSchemeV4,
		Expires:        now().Add(trialLifetime),
		Style:          storage.PathStyle(),
	}
	if m.Host != "" {
		options.Hostname, options.Insecure = m.Host, true
	}
	url, err := storage.SignedURL(bucket, object, options)
	if err != nil {
		return secret.String{}, fmt.Errorf("sign trial: %w", err)
	}
	return secret.New(url), nil
}
