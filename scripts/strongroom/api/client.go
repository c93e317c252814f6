// Package api speaks the platform's HTTP API, and PUTs parts to the bucket
// through the URLs that the platform mints.
package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/clock"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
	"github.com/strongroom-dev/strongroom/shared/secret"
)

const (
	callTimeout = 30 * time.Second // for one call with JSON in both directions
	maxResponse = 32 << 20         // bytes of JSON; Cloud Run's limit: cloud.google.com/run/quotas
	userAgent   = "strongroom"
)

// Client calls the platform for one workspace. It is safe for concurrent use.
type Client struct {
	base      *url.URL
	workspace string
	token     func() (secret.String, error)
	insecure  bool
	bucket    string // empty: any
	receipt   func(Receipt)
	clock     *clock.Clock
	http      *http.Client
}

// Config is what a Client needs.
type Config struct {
	URL       string                        // of the platform, for example https://strongroom.example.com
	Workspace string                        // that all paths name; empty for calls that need none
	Token     func() (secret.String, error) // called for each request, because tokens rotate; nil: send no token
	Insecure  bool                          // allow http: to hosts other than this one
	Bucket    string                        // the only bucket that Put uploads to; empty: the one that the platform names
	Receipt   func(Receipt)                 // called for each request that the platform recorded, concurrently; nil: not called
	Trace     func(Exchange)                // called for each request, concurrently; nil: not called
	Clock     *clock.Clock                  // is compared with the platform's clock; nil: a new one
}

// Receipt is the platform's statement that an audit entry records a request.
type Receipt struct {
	What  string // what was requested
	Entry string // ID of the entry
}

// receiptHeader has the ID of the entry that records a request.
const receiptHeader = "Strongroom-Audit-Entry"

// requestHeader has the ID of the request in the platform's log.
const requestHeader = "Strongroom-Request"

// New checks the address and returns a client. It sends nothing yet.
func New(config Config) (*Client, error) {
	base, err := parseURL(config.URL, config.Insecure)
	if err != nil {
		return nil, err
	}
	return &Client{
		base: base, workspace: config.Workspace, token: config.Token, insecure: config.Insecure, bucket: config.Bucket,
		clock: cmp.Or(config.Clock, clock.New()), receipt: config.Receipt,
		http: &http.Client{Transport: transport(base, config.Trace), CheckRedirect: refuseRedirect},
	}, nil
}

func transport(base *url.URL, trace func(Exchange)) http.RoundTripper {
	if trace == nil {
		return newTransport()
	}
	return tracer{newTransport(), base.Host, trace}
}

// refuseRedirect keeps tokens and output from going to a host that the user did
// not name.
func refuseRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: time.Minute,
		IdleConnTimeout:       time.Minute,
		MaxIdleConnsPerHost:   32,
		DisableCompression:    true,
		ForceAttemptHTTP2:     true,
	}
}

// parseURL accepts https, and http to the loopback interface.
func parseURL(raw string, insecure bool) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" {
		return nil, errors.New("the platform URL is not valid: use the form https://strongroom.example.com")
	}
	if err := checkScheme(u, insecure); err != nil {
		return nil, err
	}
	return u, nil
}

func checkScheme(u *url.URL, insecure bool) error {
	switch {
	case u.Scheme == "https":
		return nil
	case u.Scheme != "http":
		return fmt.Errorf("scheme %q is not supported: use https", u.Scheme)
	case insecure || IsLoopback(u.Hostname()):
		return nil
	}
	return fmt.Errorf("http to %s would send tokens and output unencrypted: use https, or --insecure", u.Hostname())
}

// IsLoopback reports whether host is this machine itself.
func IsLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// ErrSignIn is the error of a Config.Token for which somebody must sign in first.
var ErrSignIn = errors.New("a sign-in is needed")

// request is one call of the API.
type request struct {
	what   string // what is attempted, for errors
	method string
	path   string // escaped
	query  url.Values
	header http.Header
	in     any // request body, sent as JSON; nil: no body
}

// minRate is the slowest link, in bytes per second, over which a request body
// can still be sent before the call times out.
const minRate = 64 << 10

// Encode returns value as the JSON that is sent, without HTML escapes.
func Encode(value any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), nil
}

// call sends a request and decodes its JSON response into out, unless out is nil.
func (c *Client) call(ctx context.Context, r request, out any) error {
	var body []byte
	if r.in != nil {
		var err error
		if body, err = Encode(r.in); err != nil {
			return fmt.Errorf("%s: %w", r.what, err)
		}
	}
	timeout := callTimeout + time.Duration(len(body)/minRate)*time.Second
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, errSlow)
	defer cancel()
	res, err := c.send(ctx, r, body)
	if err != nil {
		return err
	}
	defer closeBody(res.Body)
	response, err := io.ReadAll(io.LimitReader(res.Body, maxResponse))
	if err != nil {
		return unreachable(ctx, r.what, err)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(response, out); err != nil {
		return &retry.Transient{Err: fmt.Errorf("%s: the response is not the expected JSON", r.what)}
	}
	return nil
}

// send returns a response with a 2xx status. The caller closes its body. Any
// other status is an error: a *Problem, if the platform responded. A body that
// is not nil is JSON, unless the request's header has another Content-Type.
func (c *Client) send(ctx context.Context, r request, body []byte) (*http.Response, error) {
	req, err := c.newRequest(ctx, r, body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.what, err)
	}
	token, err := c.authorize(req)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.what, err)
	}
	res, err := c.do(req, r.what)
	if err != nil {
		return nil, unreachable(ctx, r.what, err)
	}
	if entry := res.Header.Get(receiptHeader); entry != "" && c.receipt != nil {
		c.receipt(Receipt{What: r.what, Entry: printable(entry)})
	}
	if res.StatusCode/100 == 2 {
		return res, nil
	}
	defer closeBody(res.Body)
	return nil, c.rejected(r.what, res, token)
}

// do sends a request to the platform, whose response shows its clock.
func (c *Client) do(req *http.Request, what string) (*http.Response, error) {
	req, waiting := watchWaiting(req, what)
	defer waiting.end()
	sent := c.clock.Now()
	res, err := c.http.Do(req)
	if err == nil {
		c.clock.Observe(res.Header, sent, c.clock.Now())
	}
	return res, err
}

// MeasureClock compares this machine's clock with the platform's, unless a response
// has shown the difference before. It sends no token.
func (c *Client) MeasureClock(ctx context.Context) error {
	if c.clock.Measured() {
		return nil
	}
	r := request{what: "read the platform's clock", method: http.MethodHead, path: "/v1"} // every response has the time, also a 404
	ctx, cancel := context.WithTimeoutCause(ctx, callTimeout, errSlow)
	defer cancel()
	req, err := c.newRequest(ctx, r, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", r.what, err)
	}
	res, err := c.do(req, r.what)
	if err != nil {
		return unreachable(ctx, r.what, err)
	}
	closeBody(res.Body)
	return nil
}

func (c *Client) newRequest(ctx context.Context, r request, body []byte) (*http.Request, error) {
	u := c.base.JoinPath(r.path)
	u.RawQuery = r.query.Encode()
	req, err := http.NewRequestWithContext(ctx, r.method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, withoutURL(err)
	}
	for name, values := range r.header {
		req.Header[name] = values
	}
	req.Header.Set("User-Agent", userAgent)
	if body != nil && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// authorize adds a token to the request and returns it.
func (c *Client) authorize(req *http.Request) (secret.String, error) {
	if c.token == nil {
		return secret.String{}, nil
	}
	token, err := c.token()
	if errors.Is(err, ErrSignIn) {
		return token, err
	}
	if err != nil {
		return token, &retry.Transient{Err: err}
	}
	req.Header.Set("Authorization", "Bearer "+token.Reveal())
	return token, nil
}

// rejected returns the response as an error. A rejected token that has been
// rotated since is worth a retry.
func (c *Client) rejected(what string, res *http.Response, sent secret.String) error {
	problem := decodeProblem(what, res)
	if res.StatusCode == http.StatusUnauthorized && c.token != nil {
		if now, err := c.token(); err == nil && now.Reveal() != sent.Reveal() {
			return &retry.Transient{Err: problem}
		}
	}
	return classify(problem, res, "")
}

// readAll returns the whole response body, of at most limit bytes.
func (c *Client) readAll(ctx context.Context, r request, body []byte, limit int) ([]byte, error) {
	ctx, alive, cancel := watch(ctx)
	defer cancel()
	res, err := c.send(ctx, r, body)
	if err != nil {
		return nil, err
	}
	defer closeBody(res.Body)
	data, err := io.ReadAll(io.LimitReader(&liveReader{res.Body, alive}, int64(limit)+1))
	switch {
	case err != nil:
		return nil, unreachable(ctx, r.what, err)
	case len(data) > limit:
		return nil, fmt.Errorf("%s: the response is larger than %d bytes", r.what, limit)
	}
	return data, nil
}

func closeBody(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, body, 64<<10) // so that the connection can be reused
	_ = body.Close()
}
