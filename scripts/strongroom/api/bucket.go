package api

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/shared/secret"
)

// Responses of a bucket to a PUT that need another step.
var (
	ErrExists     = errors.New("the bucket already has this part")
	ErrExpired    = errors.New("the upload URL has expired")
	ErrUnverified = errors.New("the bucket's response has no checksum")
)

// errStalled ends a transfer that makes no progress.
var errStalled = errors.New("the transfer stalled")

// stallTimeout is how long a transfer may make no progress.
const stallTimeout = time.Minute

// Target is the permission to upload one part, once.
type Target struct {
	Output  string            `json:"output"`
	Number  int               `json:"part"`
	Method  string            `json:"method"`
	URL     secret.String     `json:"url"`
	Headers map[string]string `json:"headers"` // signed: the upload must send exactly these
	Expires time.Time         `json:"expires"`

	minted time.Time // according to this machine's clock
}

// maxLifetime is how long a minted URL is valid at most.
const maxLifetime = 15 * time.Minute

// mayHaveExpired explains a rejection at a time of the platform's clock.
func (t Target) mayHaveExpired(now time.Time) bool {
	return now.After(t.Expires) || time.Since(t.minted) > maxLifetime
}

// Put uploads a part of size bytes with checksum crc. Errors:
//   - ErrExists: the bucket has an object with that name
//   - ErrExpired: the URL has expired
//   - ErrUnverified: the bucket accepted the part but did not return its checksum
//
// After a transient error, the part may have been stored.
func (c *Client) Put(ctx context.Context, t Target, body io.Reader, size int64, crc Checksum) error {
	what := fmt.Sprintf("upload %s part %d", t.Output, t.Number)
	ctx, alive, cancel := watch(ctx)
	defer cancel()
	req, err := c.putRequest(ctx, t, &liveReader{body, alive}, size)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return unreachable(ctx, what, err)
	}
	defer closeBody(res.Body)
	if res.StatusCode/100 != 2 {
		return bucketError(what, t.mayHaveExpired(c.clock.PlatformNow()), res)
	}
	return verify(what, res.Header, crc)
}

func (c *Client) putRequest(ctx context.Context, t Target, body io.Reader, size int64) (*http.Request, error) {
	u, err := url.Parse(t.URL.Reveal())
	if err != nil || u.Host == "" {
		return nil, errors.New("the platform returned an upload URL that is not valid")
	}
	if err := c.checkTarget(u, t.Headers); err != nil {
		return nil, err
	}
	if t.Method != http.MethodPut {
		return nil, errors.New("the platform returned an upload URL for a method other than PUT")
	}
	if size == 0 {
		body = http.NoBody
	}
	req, err := http.NewRequestWithContext(ctx, t.Method, u.String(), body)
	if err != nil {
		return nil, errors.New("the platform returned an upload URL that is not valid")
	}
	req.ContentLength = size
	for name, value := range t.Headers {
		req.Header.Set(name, value)
	}
	return req, nil
}

// storageHost is the only host of buckets. Its paths start with the bucket:
// cloud.google.com/storage/docs/request-endpoints
const storageHost = "storage.googleapis.com"

// uploadHeaders are the headers of a minted upload. With others, a bucket would do
// something else, for example copy an object.
var uploadHeaders = []string{"content-type", "x-goog-content-length-range", "x-goog-hash", "x-goog-if-generation-match"}

// checkTarget refuses to send output to a host that is not Cloud Storage, to
// another bucket, or with other headers: the platform may not choose them.
func (c *Client) checkTarget(u *url.URL, headers map[string]string) error {
	if err := checkScheme(u, c.insecure); err != nil {
		return err
	}
	if !c.isBucketHost(u) {
		return fmt.Errorf("the platform returned an upload URL on another host than %s; no output was sent there", storageHost)
	}
	if c.bucket != "" && !strings.HasPrefix(u.EscapedPath(), "/"+c.bucket+"/") {
		return fmt.Errorf("the platform returned an upload URL for another bucket than %s; no output was sent there", c.bucket)
	}
	for name := range headers {
		if !slices.Contains(uploadHeaders, strings.ToLower(name)) {
			return errors.New("the platform returned an upload with a header that no upload has")
		}
	}
	return nil
}

// isBucketHost reports whether u is Cloud Storage, or the bucket of an embedded
// cloud, which runs where its platform runs.
func (c *Client) isBucketHost(u *url.URL) bool {
	switch {
	case u.Scheme == "https":
		return u.Host == storageHost
	case IsLoopback(c.base.Hostname()):
		return IsLoopback(u.Hostname())
	}
	return u.Hostname() == c.base.Hostname()
}

// bucketError describes a rejection by its status and code. It does not repeat
// the bucket's message, which may quote the signature. expired says that the URL may
// have expired.
func bucketError(what string, expired bool, res *http.Response) error {
	code := errorCode(res.Body)
	switch {
	case res.StatusCode == http.StatusPreconditionFailed:
		return fmt.Errorf("%s: %w", what, ErrExists)
	case res.StatusCode == http.StatusBadRequest && code == "ExpiredToken",
		res.StatusCode == http.StatusForbidden && expired:
		return fmt.Errorf("%s: %w", what, ErrExpired)
	}
	return classify(fmt.Errorf("%s: the bucket returned %d %s", what, res.StatusCode, code), res, code)
}

// errorCode reads the code of an XML API error:
// cloud.google.com/storage/docs/xml-api/reference-status
func errorCode(body io.Reader) string {
	var response struct {
		Code string `xml:"Code"`
	}
	if xml.NewDecoder(io.LimitReader(body, 64<<10)).Decode(&response) != nil || len(response.Code) > 64 {
		return ""
	}
	notLetter := func(r rune) bool { return r|0x20 < 'a' || r|0x20 > 'z' }
	if strings.ContainsFunc(response.Code, notLetter) {
		return ""
	}
	return response.Code
}

// verify compares the checksum that the bucket returned.
func verify(what string, header http.Header, crc Checksum) error {
	switch crcOf(header) {
	case crc.String():
		return nil
	case "":
		return fmt.Errorf("%s: %w", what, ErrUnverified)
	}
	return fmt.Errorf("%s: the checksum of the stored object differs from the part's", what)
}

// crcOf returns the CRC32C of an object, or "". X-Goog-Hash may be one list or several
// headers.
func crcOf(header http.Header) string {
	for _, hash := range strings.Split(strings.Join(header.Values("X-Goog-Hash"), ","), ",") {
		if value, ok := strings.CutPrefix(strings.TrimSpace(hash), "crc32c="); ok {
			return value
		}
	}
	return ""
}

// watch returns a context that ends with errStalled if alive is not called for
// stallTimeout.
func watch(parent context.Context) (ctx context.Context, alive, cancel func()) {
	ctx, end := context.WithCancelCause(parent)
	timer := time.AfterFunc(stallTimeout, func() { end(errStalled) })
	return ctx, func() { timer.Reset(stallTimeout) }, func() { timer.Stop(); end(nil) }
}

// liveReader calls alive before each read.
type liveReader struct {
	io.Reader
	alive func()
}

func (r *liveReader) Read(p []byte) (int, error) {
	r.alive()
	return r.Reader.Read(p)
}
