package openid

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// Device is a sign-in that the person completes on any device: RFC 8628, section 3.2.
type Device struct {
	UserCode string `json:"user_code"`        // the person enters it there
	Address  string `json:"verification_uri"` // where
	Complete string `json:"verification_uri_complete"`

	Code     string `json:"device_code"`
	Lifetime int    `json:"expires_in"` // seconds
	Interval int    `json:"interval"`   // seconds between two requests; zero: 5
}

// defaultInterval is the pause between requests if the issuer names none: RFC 8628, section 3.2.
const defaultInterval = 5 * time.Second

// errNoDevices is the error of an issuer without the device flow.
var errNoDevices = errors.New("the identity provider does not offer sign-in with a device code")

// StartDevice begins a sign-in with a device code.
func (p Provider) StartDevice(ctx context.Context, connect *http.Client, c Client) (Device, error) {
	if p.Device == "" {
		return Device{}, errNoDevices
	}
	var d Device
	if _, err := c.post(ctx, connect, p.Device, url.Values{"scope": {c.scope()}}, &d); err != nil {
		return Device{}, fmt.Errorf("request a device code: %w", err)
	}
	address, err := url.Parse(d.Address)
	if err != nil || address.Host == "" || !sameScheme(p.Issuer, []string{d.Address}) || d.UserCode == "" || d.Code == "" {
		return Device{}, fmt.Errorf("request a device code: %w", ErrProvider)
	}
	return d, nil
}

// WaitDevice waits until the person has signed in. The issuer may slow the requests down.
func (p Provider) WaitDevice(ctx context.Context, connect *http.Client, c Client, d Device, now func() time.Time) (Tokens, error) {
	if d.Lifetime > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, time.Duration(d.Lifetime)*time.Second, errors.New("nobody entered the code in time"))
		defer cancel()
	}
	interval := defaultInterval
	if d.Interval > 0 {
		interval = time.Duration(d.Interval) * time.Second
	}
	for {
		select {
		case <-ctx.Done():
			return Tokens{}, context.Cause(ctx)
		case <-time.After(interval):
		}
		var got tokenResponse
		_, err := c.post(ctx, connect, p.Token, url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {d.Code}}, &got)
		switch {
		case err == nil:
			claims, err := Check{Now: now()}.IDToken(got.IDToken, c)
			return Tokens{IDToken: got.IDToken, Refresh: got.Refresh, Claims: claims}, err
		case got.Error == "authorization_pending":
		case got.Error == "slow_down":
			interval += defaultInterval // RFC 8628, section 3.5
		case got.Error == "access_denied":
			return Tokens{}, ErrDenied
		case got.Error == "expired_token", got.Error == "invalid_grant":
			return Tokens{}, ErrRefused
		default:
			return Tokens{}, fmt.Errorf("call the token endpoint: %w", err)
		}
	}
}
