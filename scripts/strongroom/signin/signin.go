// Package signin signs a person in with a browser, and renews the sign-in.
package signin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/strongroom-dev/strongroom/shared/openid"
)

// callTimeout is how long an identity provider may take to respond.
const callTimeout = 10 * time.Second

// connect is the client for calls to identity providers. It follows no redirects, because
// they could take a token to another host.
var connect = &http.Client{
	Timeout:       callTimeout,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// DefaultRedirect is where the browser is sent back to, at any port: RFC 8252, section 7.3.
const DefaultRedirect = "http://127.0.0.1/"

// ParseRedirect accepts addresses of this machine.
func ParseRedirect(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		(u.Hostname() != "127.0.0.1" && u.Hostname() != "localhost") {
		return nil, fmt.Errorf("the redirect %q is not an address of this machine, such as %s or http://localhost:8400/callback", text, DefaultRedirect)
	}
	if u.Path == "" {
		u.Path = "/"
	}
	return u, nil
}

// Prompt shows the person what to open. If it returns an error, the sign-in ends.
type Prompt func(address, code string) error

// Discover reads the endpoints of an issuer.
func Discover(ctx context.Context, issuer string) (openid.Provider, error) {
	return openid.Discover(ctx, connect, issuer)
}

// WithBrowser signs a person in with a browser on this machine, which is sent back to a port
// that this program listens on.
func WithBrowser(ctx context.Context, provider openid.Provider, c openid.Client, redirect *url.URL, prompt Prompt) (openid.Tokens, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", portOf(redirect)))
	if err != nil {
		return openid.Tokens{}, fmt.Errorf("listen for the browser: %w", err)
	}
	back := *redirect
	back.Host = net.JoinHostPort(redirect.Hostname(), fmt.Sprint(listener.Addr().(*net.TCPAddr).Port))
	begun := openid.NewSignIn(back.String())
	r := receiver{host: back.Host, path: back.Path, provider: provider, signIn: begun, codes: make(chan received, 1)}
	server := &http.Server{Handler: r, ReadHeaderTimeout: callTimeout}
	go func() { _ = server.Serve(listener) }() // ends with Shutdown
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = server.Shutdown(ctx) // after the response is sent
	}()
	if err := prompt(provider.AuthorizationURL(c, begun), ""); err != nil {
		return openid.Tokens{}, err
	}
	select {
	case <-ctx.Done():
		return openid.Tokens{}, context.Cause(ctx)
	case got := <-r.codes:
		if got.err != nil {
			return openid.Tokens{}, got.err
		}
		return provider.Redeem(ctx, connect, c, begun, got.code, openid.Check{Now: time.Now()})
	}
}

// portOf returns the port of an address, or 0 for any.
func portOf(u *url.URL) string {
	if u.Port() == "" {
		return "0"
	}
	return u.Port()
}

// received is what the browser brought back.
type received struct {
	code string
	err  error
}

// receiver receives the browser. It ignores requests that do not belong to the sign-in.
type receiver struct {
	host, path string
	provider   openid.Provider
	signIn     openid.SignIn
	codes      chan received
}

const (
	signedInText = "You can close this page, and return to the terminal."
	strangeText  = "This request does not belong to the sign-in that the terminal waits for."
)

// ServeHTTP implements http.Handler.
func (r receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	code, err := r.provider.Code(r.signIn, request.URL.Query())
	if request.Method != http.MethodGet || request.Host != r.host || request.URL.Path != r.path || errors.Is(err, openid.ErrState) {
		http.Error(w, strangeText, http.StatusBadRequest)
		return
	}
	_, _ = w.Write([]byte(signedInText + "\n")) // an error means that the browser has left
	select {
	case r.codes <- received{code, err}:
	default: // it was here before
	}
}

// WithDevice signs a person in with a browser on any device, in which the person enters a
// code.
func WithDevice(ctx context.Context, provider openid.Provider, c openid.Client, prompt Prompt) (openid.Tokens, error) {
	device, err := provider.StartDevice(ctx, connect, c)
	if err != nil {
		return openid.Tokens{}, err
	}
	if err := prompt(device.Address, device.UserCode); err != nil {
		return openid.Tokens{}, err
	}
	return provider.WaitDevice(ctx, connect, c, device, time.Now)
}

// Renew returns new tokens.
func Renew(ctx context.Context, c openid.Client, old openid.Tokens) (openid.Tokens, error) {
	provider, err := openid.Discover(ctx, connect, c.Issuer)
	if err != nil {
		return openid.Tokens{}, err
	}
	return provider.Refresh(ctx, connect, c, old, openid.Check{Now: time.Now()})
}

// Revoke ends a sign-in at the issuer, if it can (RFC 7009).
func Revoke(ctx context.Context, c openid.Client, refresh string) error {
	provider, err := openid.Discover(ctx, connect, c.Issuer)
	if err != nil {
		return err
	}
	return provider.Revoke(ctx, connect, c, refresh)
}
