package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
	"github.com/strongroom-dev/strongroom/shared/secret"
)

// Responses of a bucket to a GET that need another step.
var (
	ErrReadExpired = errors.New("the URL has expired")
	ErrNoObject    = errors.New("the bucket does not have the object")
	ErrOtherObject = errors.New("the bucket has another object than the export names")
)

// Object is an object of a bucket, or the end of one. The caller closes Body.
type Object struct {
	Body       io.ReadCloser
	First      int64  // offset of Body's first byte in the object
	Size       int64  // bytes of the object
	CRC32C     string // base64 of the big-endian checksum; empty: the bucket did not say
	Generation string // changes with each object of the name
}

// ReadObject reads an object from the offset first on, with a URL that the platform
// signed. What the caller reads, for errors, is "runs/….jsonl.gz", for example.
// Errors:
//   - ErrReadExpired: the URL has expired
//   - ErrNoObject: the object was deleted
//   - ErrOtherObject: the object ends before first
func (c *Client) ReadObject(ctx context.Context, what string, signed secret.String, first int64) (*Object, error) {
	what = "read " + printable(what)
	ctx, alive, cancel := watch(ctx)
	o, err := c.readObject(ctx, what, signed, first, alive)
	if err != nil {
		cancel()
		return nil, err
	}
	o.Body = &chunkBody{liveReader: liveReader{o.Body, alive}, body: o.Body, cancel: cancel, ctx: ctx, what: what}
	return o, nil
}

func (c *Client) readObject(ctx context.Context, what string, signed secret.String, first int64, alive func()) (*Object, error) {
	req, err := c.objectRequest(ctx, signed, first)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, unreachable(ctx, what, err)
	}
	alive()
	o, err := newObject(what, res, first)
	if err != nil {
		closeBody(res.Body)
	}
	return o, err
}

func (c *Client) objectRequest(ctx context.Context, signed secret.String, first int64) (*http.Request, error) {
	u, err := url.Parse(signed.Reveal())
	if err != nil || u.Host == "" || u.User != nil {
		return nil, errors.New("the platform returned a URL that is not valid")
	}
	if err := checkScheme(u, c.insecure); err != nil {
		return nil, err
	}
	if !c.isBucketHost(u) {
		return nil, fmt.Errorf("the platform returned a URL on another host than %s", storageHost)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return nil, errors.New("the platform returned a URL that is not valid")
	}
	req.Header.Set("User-Agent", userAgent)
	if first > 0 {
		req.Header.Set("Range", Span{first, -1}.header())
	}
	return req, nil
}

// newObject reads the headers of a response to a request from the offset first on.
func newObject(what string, res *http.Response, first int64) (*Object, error) {
	if res.StatusCode/100 != 2 {
		return nil, readError(what, res)
	}
	o := &Object{Body: res.Body, Size: res.ContentLength, Generation: res.Header.Get("X-Goog-Generation"), CRC32C: crcOf(res.Header)}
	if res.StatusCode == http.StatusPartialContent {
		var last int64
		var err error
		if o.First, last, o.Size, err = parseContentRange(res.Header.Get("Content-Range")); err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		if o.First != first || last != o.Size-1 {
			return nil, &retry.Transient{Err: fmt.Errorf("%s: the bucket returned another range than the requested one", what)}
		}
	}
	if stored, err := strconv.ParseInt(res.Header.Get("X-Goog-Stored-Content-Length"), 10, 64); err == nil && stored != o.Size {
		return nil, &retry.Transient{Err: fmt.Errorf("%s: the response does not have the object as it is stored", what)}
	}
	return o, nil
}

// readError describes a response other than success. It does not repeat the bucket's
// message, which may quote the signature.
func readError(what string, res *http.Response) error {
	code := errorCode(res.Body)
	switch {
	case res.StatusCode == http.StatusBadRequest && code == "ExpiredToken":
		return fmt.Errorf("%s: %w", what, ErrReadExpired)
	case res.StatusCode == http.StatusNotFound:
		return fmt.Errorf("%s: %w", what, ErrNoObject)
	case res.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		return fmt.Errorf("%s: %w", what, ErrOtherObject)
	}
	text := fmt.Sprintf("%s: the bucket returned %d %s", what, res.StatusCode, code)
	if strings.HasPrefix(code, "CloudKms") {
		text += "; the tenant's key cannot be used: enable it, and check the rights on it"
	}
	return classify(errors.New(text), res, code)
}
