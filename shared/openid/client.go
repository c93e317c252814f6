package openid

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/strongroom-dev/strongroom/shared/secret"
)

// Client is the registration of a program at an issuer. How it proves to be the client is
// one of: Sign, Secret in a header (Basic), Secret in the body, or nothing (a public client).
type Client struct {
	Issuer     string
	ID         string
	Secret     secret.String
	Basic      bool              // the secret is sent in the Authorization header, not in the body
	Scopes     []string          // in addition to openid
	Parameters map[string]string // of the authorization request, in addition

	// Sign returns a JWT that proves to be the client, for the token endpoint
	// (private_key_jwt: OpenID Connect Core 1.0, section 9). Nil: there is no key.
	Sign func(ctx context.Context, endpoint string) (string, error)
}

// assertionType is the type of a JWT that a client proves itself with: RFC 7523, section 2.2.
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// Tokens are what an issuer returns: RFC 6749, section 5.1.
type Tokens struct {
	IDToken string
	Refresh string // empty: the issuer returned none
	Claims  Claims // of IDToken
}

// tokenResponse is the body of a token endpoint's response.
type tokenResponse struct {
	IDToken string `json:"id_token"`
	Refresh string `json:"refresh_token"`
	Error   string `json:"error"`
}

// post calls an endpoint with the client's proof.
func (c Client) post(ctx context.Context, connect *http.Client, endpoint string, form url.Values, v any) (status int, err error) {
	switch {
	case c.Sign != nil:
		proof, err := c.Sign(ctx, endpoint)
		if err != nil {
			return 0, fmt.Errorf("sign the client's proof: %w", err)
		}
		form.Set("client_id", c.ID)
		form.Set("client_assertion_type", assertionType)
		form.Set("client_assertion", proof)
	case !c.Basic:
		form.Set("client_id", c.ID)
		if !c.Secret.Empty() {
			form.Set("client_secret", c.Secret.Reveal())
		}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, ErrProvider
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if c.Sign == nil && c.Basic { // RFC 6749, section 2.3.1: both are form-encoded first
		request.SetBasicAuth(url.QueryEscape(c.ID), url.QueryEscape(c.Secret.Reveal()))
	}
	return call(connect, request, v)
}

// exchange calls the token endpoint with a grant.
func (p Provider) exchange(ctx context.Context, connect *http.Client, c Client, grant url.Values) (tokenResponse, error) {
	var got tokenResponse
	status, err := c.post(ctx, connect, p.Token, grant, &got)
	if status == http.StatusBadRequest && got.Error == "invalid_grant" {
		return got, ErrRefused
	}
	if err != nil {
		return got, fmt.Errorf("call the token endpoint: %w", err)
	}
	return got, nil
}

// ErrNoIDToken is the error of an issuer that returns no ID token for a refresh token, which
// OpenID Connect Core 1.0 allows in section 12.2.
var ErrNoIDToken = errors.New("the identity provider returned no ID token for the refresh token")

// Refresh returns new tokens for a refresh token. It still has the old refresh token if the
// issuer returned no other. If the person in the new ID token is another one, the error is
// ErrRefused.
func (p Provider) Refresh(ctx context.Context, connect *http.Client, c Client, old Tokens, check Check) (Tokens, error) {
	got, err := p.exchange(ctx, connect, c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {old.Refresh}})
	if err != nil {
		return Tokens{}, err
	}
	if got.Refresh == "" {
		got.Refresh = old.Refresh
	}
	if got.IDToken == "" {
		return Tokens{Refresh: got.Refresh}, ErrNoIDToken
	}
	claims, err := check.IDToken(got.IDToken, c)
	if err != nil {
		return Tokens{}, err
	}
	if old.Claims.Subject != "" && claims.Subject != old.Claims.Subject {
		return Tokens{}, fmt.Errorf("%w: the ID token is of another person", ErrRefused)
	}
	return Tokens{IDToken: got.IDToken, Refresh: got.Refresh, Claims: claims}, nil
}

// Revoke ends the sign-in that a refresh token belongs to. It does nothing if the issuer
// cannot (RFC 7009).
func (p Provider) Revoke(ctx context.Context, connect *http.Client, c Client, refresh string) error {
	if p.Revocation == "" || refresh == "" {
		return nil
	}
	if _, err := c.post(ctx, connect, p.Revocation, url.Values{"token": {refresh}, "token_type_hint": {"refresh_token"}}, nil); err != nil {
		return fmt.Errorf("revoke the refresh token: %w", err)
	}
	return nil
}
