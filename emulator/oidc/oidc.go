// Package oidc is the embedded cloud's OpenID Connect issuer: it stands for
// the clusters, identity providers and staff directories whose tokens
// Strongroom trusts.
package oidc

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/clock"
	"github.com/strongroom-dev/strongroom/emulator/iam/rsakey"
)

// Config says who the issuer is.
type Config struct {
	Issuer string       // the `iss` of its tokens: a URL without a slash at its end; required
	Clock  *clock.Clock // required
	Dir    string       // where its keys are kept; empty: in memory only
}

// Issuer makes tokens, and publishes the keys to verify them with. Make it
// with New. It is safe for concurrent use.
type Issuer struct {
	config Config

	mu   sync.RWMutex
	keys generations
}

// New makes an Issuer, with the keys that Dir holds. It makes no key: that
// takes long, and waits for the first token or the first look at the keys.
func New(config Config) (*Issuer, error) {
	if config.Clock == nil {
		return nil, errors.New("oidc: Clock is required")
	}
	u, err := url.Parse(config.Issuer)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || strings.HasSuffix(config.Issuer, "/") {
		return nil, fmt.Errorf("oidc: issuer %q is not a URL without query, fragment and final slash", config.Issuer)
	}
	keys, err := openGenerations(config.Dir)
	if err != nil {
		return nil, err
	}
	return &Issuer{config: config, keys: keys}, nil
}

// URL returns the issuer's URL, which is the `iss` of its tokens.
func (i *Issuer) URL() string { return i.config.Issuer }

// Token makes a token with these claims, signed RS256. It adds iss, iat, nbf
// and exp (lifetime from now; one below zero makes an expired token) unless
// they are given.
func (i *Issuer) Token(claims map[string]any, lifetime time.Duration) (string, error) {
	now := i.config.Clock.Now()
	all := map[string]any{
		"iss": i.config.Issuer,
		"iat": now.Unix(),
		"nbf": now.Unix(),
		"exp": now.Add(lifetime).Unix(),
	}
	maps.Copy(all, claims)
	i.mu.RLock()
	defer i.mu.RUnlock()
	token, err := i.keys.current.SignJWT(all)
	if err != nil {
		return "", fmt.Errorf("oidc: %w", err)
	}
	return token, nil
}

// Rotate makes a new key, and signs with it from now on. The key before stays
// published until the next Rotate, so that its tokens live out their time.
func (i *Issuer) Rotate() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	next, err := i.keys.next()
	if err != nil {
		return fmt.Errorf("oidc: rotate: %w", err)
	}
	i.keys = next
	return nil
}

// JWKS is the public key set that verifies tokens (RFC 7517). It makes the key
// if there is none; it is nil if that fails, or the key cannot be kept.
func (i *Issuer) JWKS() []byte {
	set, err := i.jwks()
	if err != nil {
		return nil
	}
	return set
}

func (i *Issuer) jwks() ([]byte, error) {
	i.mu.RLock()
	defer i.mu.RUnlock()
	current, err := i.keys.current.Private()
	if err != nil {
		return nil, err
	}
	published := []*rsa.PublicKey{&current.PublicKey}
	if i.keys.previous != nil {
		previous, err := i.keys.previous.Public()
		if err != nil {
			return nil, err
		}
		if previous != nil {
			published = append(published, previous)
		}
	}
	return rsakey.JWKS(published...)
}
