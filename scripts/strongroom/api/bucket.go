package api

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/shared/secret"
)

// What a bucket answers to a PUT that needs another step.
var (
	ErrExists     = errors.New("the bucket holds this part already")
	ErrExpired    = errors.New("the upload URL has expired")
	ErrUnverified = errors.New("the bucket's answer has no checksum")
)

// errStalled ends a transfer in which nothing moves.
var errStalled = errors.New("the transfer stalled")

// stall is how long a transfer may stand still.
const stall = time.Minute

// Target is where one part may be uploaded, once.
type Target struct {
	Output  string            `json:"output"`
	Number  int               `json:"part"`
	Method  string            `json:"method"`
	URL     secret.String     `json:"url"`
	Headers map[string]string `json:"headers"` // signed: to be sent exactly so
	Expires time.Time         `json:"expires"`

	minted time.Time // by this machine's clock
}

// maxLifetime is the longest that a minted URL lives.
const maxLifetime = 15 * time.Minute

// mayHaveExpired goes by this machine's clock, which may be wrong; so it only
// explains a refusal.
func (t Target) mayHaveExpired() bool {
	return time.Now().After(t.Expires) || time.Since(t.minted) > maxLifetime
}

// Put uploads a part of size bytes with checksum crc. Errors: ErrExists when
// the bucket has an object of that name; ErrExpired; ErrUnverified, when it
// accepted without saying what it stored. Transient ones may have had effect.
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
		return refused(what, t, res)
	}
	return verify(what, res.Header, crc)
}

func (c *Client) putRequest(ctx context.Context, t Target, body io.Reader, size int64) (*http.Request, error) {
	u, err := url.Parse(t.URL.Reveal())
	if err != nil || u.Host == "" {
		return nil, errors.New("the platform gave an upload URL that cannot be used")
	}
	if err := checkScheme(u, c.insecure); err != nil {
		return nil, err
	}
	if t.Method != http.MethodPut {
		return nil, errors.New("the platform gave an upload URL for another method than PUT")
	}
	if size == 0 {
		body = http.NoBody
	}
	req, err := http.NewRequestWithContext(ctx, t.Method, u.String(), body)
	if err != nil {
		return nil, errors.New("the platform gave an upload URL that cannot be used")
	}
	req.ContentLength = size
	for name, value := range t.Headers {
		if strings.EqualFold(name, "host") {
			req.Host = value
		} else {
			req.Header.Set(name, value)
		}
	}
	return req, nil
}

// refused tells by status and code; a bucket's message is not repeated, since
// it may quote what was signed.
func refused(what string, t Target, res *http.Response) error {
	code := errorCode(res.Body)
	switch {
	case res.StatusCode == http.StatusPreconditionFailed:
		return fmt.Errorf("%s: %w", what, ErrExists)
	case res.StatusCode == http.StatusBadRequest && code == "ExpiredToken",
		res.StatusCode == http.StatusForbidden && t.mayHaveExpired():
		return fmt.Errorf("%s: %w", what, ErrExpired)
	}
	return classify(fmt.Errorf("%s: the bucket answered %d %s", what, res.StatusCode, code), res)
}

// errorCode reads the XML API's error: cloud.google.com/storage/docs/xml-api/reference-status
func errorCode(body io.Reader) string {
	var answer struct {
		Code string `xml:"Code"`
	}
	if xml.NewDecoder(io.LimitReader(body, 64<<10)).Decode(&answer) != nil || len(answer.Code) > 64 {
		return ""
	}
	letters := func(r rune) bool { return r|0x20 < 'a' || r|0x20 > 'z' }
	if strings.ContainsFunc(answer.Code, letters) {
		return ""
	}
	return answer.Code
}

// verify compares what the bucket says it stored; x-goog-hash may come as one
// list or as several headers.
func verify(what string, header http.Header, crc Checksum) error {
	for _, hash := range strings.Split(strings.Join(header.Values("X-Goog-Hash"), ","), ",") {
		value, found := strings.CutPrefix(strings.TrimSpace(hash), "crc32c=")
		switch {
		case found && value == crc.String():
			return nil
		case found:
			return fmt.Errorf("%s: the bucket stored other bytes than were sent", what)
		}
	}
	return fmt.Errorf("%s: %w", what, ErrUnverified)
}

// watch gives a context that ends with errStalled unless alive is called often
// enough.
func watch(parent context.Context) (ctx context.Context, alive, cancel func()) {
	ctx, end := context.WithCancelCause(parent)
	timer := time.AfterFunc(stall, func() { end(errStalled) })
	return ctx, func() { timer.Reset(stall) }, func() { timer.Stop(); end(nil) }
}

// liveReader says that it is alive whenever it is read.
type liveReader struct {
	io.Reader
	alive func()
}

func (r *liveReader) Read(p []byte) (int, error) {
	r.alive()
	return r.Reader.Read(p)
}
