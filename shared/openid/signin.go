package openid

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// SignIn is one sign-in of a person, from the request to the issuer until the code that
// comes back is redeemed.
type SignIn struct {
	State, Nonce, Verifier string // random
	RedirectURI            string
}

// NewSignIn returns a sign-in with random values.
func NewSignIn(redirectURI string) SignIn {
	return SignIn{State: random(), Nonce: random(), Verifier: random(), RedirectURI: redirectURI}
}

// random returns 256 random bits as text.
func random() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // it never fails: crypto/rand
	return base64.RawURLEncoding.EncodeToString(b)
}

// Reserved lists the parameters of the authorization request that Client.Parameters must
// not set.
var Reserved = []string{"client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "code_challenge", "code_challenge_method"}

// AuthorizationURL returns the address that the person opens to sign in.
func (p Provider) AuthorizationURL(c Client, s SignIn) string {
	challenge := sha256.Sum256([]byte(s.Verifier))
	query := url.Values{
		"response_type":         {"code"},
		"client_id":             {c.ID},
		"redirect_uri":          {s.RedirectURI},
		"scope":                 {c.scope()},
		"state":                 {s.State},
		"nonce":                 {s.Nonce},
		"code_challenge":        {base64.RawURLEncoding.EncodeToString(challenge[:])},
		"code_challenge_method": {"S256"},
	}
	for _, name := range slices.Sorted(maps.Keys(c.Parameters)) {
		query.Set(name, c.Parameters[name])
	}
	separator := "?"
	if strings.Contains(p.Authorization, "?") {
		separator = "&"
	}
	return p.Authorization + separator + query.Encode()
}

func (c Client) scope() string { return strings.Join(append([]string{"openid"}, c.Scopes...), " ") }

// The errors of a redirect back.
var (
	ErrState  = errors.New("the redirect back does not belong to this sign-in")
	ErrDenied = errors.New("the identity provider did not sign the person in")
)

// Code returns the code of a redirect back, which has query as its parameters.
func (p Provider) Code(s SignIn, query url.Values) (string, error) {
	issuer, named := query.Get("iss"), query.Has("iss")
	switch {
	case s.State == "" || subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(s.State)) != 1:
		return "", ErrState
	case named && issuer != p.Issuer, !named && p.NamesItself:
		return "", ErrState
	case query.Get("error") != "":
		return "", ErrDenied
	case query.Get("code") == "":
		return "", ErrState
	}
	return query.Get("code"), nil
}

// Redeem exchanges the code of a sign-in for tokens.
func (p Provider) Redeem(ctx context.Context, connect *http.Client, c Client, s SignIn, code string, check Check) (Tokens, error) {
	got, err := p.exchange(ctx, connect, c, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {s.RedirectURI}, "code_verifier": {s.Verifier},
	})
	if err != nil {
		return Tokens{}, err
	}
	check.Nonce = s.Nonce
	claims, err := check.IDToken(got.IDToken, c)
	if err != nil {
		return Tokens{}, err
	}
	return Tokens{IDToken: got.IDToken, Refresh: got.Refresh, Claims: claims}, nil
}
