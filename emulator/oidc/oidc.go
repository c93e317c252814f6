// Package oidc is the embedded OpenID Connect issuer. It stands in for the
// clusters, identity providers and staff directories whose tokens a service
// trusts.
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

// Config configures an issuer.
type Config struct {
	Issuer string       // required; `iss` of its tokens: a URL that does not end with a slash
	Clock  *clock.Clock // required
	Dir    string       // directory where its keys are stored; empty: in memory
}

// Issuer creates tokens and publishes the keys that verify them. Create it with
// New. It is safe for concurrent use.
type Issuer struct {
	config Config

	mu      sync.RWMutex
	keys    generations
	clients map[string]Client
	grants  map[string]grantedSignIn // by code or refresh token
	devices map[string]*device       // by device code
	proofs  map[string]bool          // IDs of the JWTs that clients have proved themselves with
}

// New returns an Issuer with the keys that are stored in Dir. To start fast, it
// generates no key: the first call of Token or JWKS does.
func New(config Config) (*Issuer, error) {
	if config.Clock == nil {
		return nil, errors.New("oidc: Clock is required")
	}
	u, err := url.Parse(config.Issuer)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || strings.HasSuffix(config.Issuer, "/") {
		return nil, fmt.Errorf("oidc: issuer %q must be a URL without a query, a fragment and a final slash", config.Issuer)
	}
	keys, err := openGenerations(config.Dir)
	if err != nil {
		return nil, err
	}
	return &Issuer{config: config, keys: keys}, nil
}

// URL returns the issuer's URL, which is the `iss` of its tokens.
func (i *Issuer) URL() string { return i.config.Issuer }

// Token returns a token with these claims, signed with RS256. It sets iss, iat,
// nbf and exp unless claims contains them. The token expires after lifetime, which
// may be negative.
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

// Rotate creates a new key that signs from now on. The key before it stays
// published until the next Rotate, so that its tokens remain valid.
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

// JWKS returns the public key set that verifies tokens (RFC 7517). It creates the
// key if none exists. It returns nil if the key cannot be created or stored.
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
