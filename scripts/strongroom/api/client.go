// Package api speaks the platform's HTTP API, and PUTs parts to the bucket
// through the URLs that the platform mints.
package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
	"github.com/strongroom-dev/strongroom/shared/secret"
)

const (
	callTimeout = 30 * time.Second // of one call with JSON both ways
	maxAnswer   = 32 << 20         // bytes of JSON, the most that Cloud Run answers: cloud.google.com/run/quotas
	userAgent   = "strongroom"
)

// Client calls the platform for one workspace. It is safe for concurrent use.
type Client struct {
	base      *url.URL
	workspace string
	token     func() (secret.String, error)
	insecure  bool
	http      *http.Client
}

// Config is what a Client needs.
type Config struct {
	URL       string                        // of the platform, e.g. https://strongroom.example.com
	Workspace string                        // whose runs are meant
	Token     func() (secret.String, error) // called for each request: tokens rotate; nil: no request carries one
	Insecure  bool                          // http: to hosts other than this one too
}

// New checks the address and makes a client; nothing is called yet.
func New(config Config) (*Client, error) {
	base, err := parseURL(config.URL, config.Insecure)
	if err != nil {
		return nil, err
	}
	return &Client{
		base: base, workspace: config.Workspace, token: config.Token, insecure: config.Insecure,
		http: &http.Client{Transport: newTransport(), CheckRedirect: refuseRedirect},
	}, nil
}

// refuseRedirect keeps tokens and output from going where nobody said.
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

// parseURL accepts https, and http where nobody can listen in.
func parseURL(raw string, insecure bool) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" {
		return nil, errors.New("the platform's address must look like https://strongroom.example.com")
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
		return fmt.Errorf("an address begins with https://, not with %q", u.Scheme)
	case insecure || loopback(u.Hostname()):
		return nil
	}
	return fmt.Errorf("http to %s would show tokens and output to the network: use https, or --insecure", u.Hostname())
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// request is one call of the API.
type request struct {
	what   string // that is attempted, for errors
	method string
	path   string // escaped
	query  url.Values
	header http.Header
	in     any // sent as JSON; nil: no body
}

// slowest is the link, in bytes a second, over which a request has time enough.
const slowest = 64 << 10

// Encode gives JSON as it is sent, without the escapes that only HTML needs.
func Encode(value any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), nil
}

// call decodes the answer, which is JSON, into out unless that is nil.
func (c *Client) call(ctx context.Context, r request, out any) error {
	var body []byte
	if r.in != nil {
		var err error
		if body, err = Encode(r.in); err != nil {
			return fmt.Errorf("%s: %w", r.what, err)
		}
	}
	timeout := callTimeout + time.Duration(len(body)/slowest)*time.Second
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, errSlow)
	defer cancel()
	res, err := c.send(ctx, r, body)
	if err != nil {
		return err
	}
	defer closeBody(res.Body)
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return unreachable(ctx, r.what, err)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return &retry.Transient{Err: fmt.Errorf("%s: the answer is not the JSON that was expected", r.what)}
	}
	return nil
}

// send gives a response with a 2xx status; its body is the caller's to close.
// All else is an error, a *Problem where the platform answered. A body that is
// not nil is JSON.
func (c *Client) send(ctx context.Context, r request, body []byte) (*http.Response, error) {
	req, err := c.newRequest(ctx, r, body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.what, err)
	}
	token, err := c.authorize(req)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.what, err)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, unreachable(ctx, r.what, err)
	}
	if res.StatusCode/100 == 2 {
		return res, nil
	}
	defer closeBody(res.Body)
	return nil, c.rejected(r.what, res, token)
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
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// authorize gives the token that it put into the request, if any.
func (c *Client) authorize(req *http.Request) (secret.String, error) {
	if c.token == nil {
		return secret.String{}, nil
	}
	token, err := c.token()
	if err != nil {
		return token, &retry.Transient{Err: err}
	}
	req.Header.Set("Authorization", "Bearer "+token.Reveal())
	return token, nil
}

// rejected makes the problem an error; a refused token that has been rotated
// since is worth another try.
func (c *Client) rejected(what string, res *http.Response, sent secret.String) error {
	problem := decodeProblem(what, res)
	if res.StatusCode == http.StatusUnauthorized && c.token != nil {
		if now, err := c.token(); err == nil && now.Reveal() != sent.Reveal() {
			return &retry.Transient{Err: problem}
		}
	}
	return classify(problem, res)
}

func closeBody(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, body, 64<<10) // lets the connection be used again
	_ = body.Close()
}
