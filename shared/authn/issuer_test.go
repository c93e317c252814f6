package authn_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/strongroom-dev/strongroom/shared/authn"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

const (
	audience      = "https://strongroom.dev"
	acmeAudience  = audience + "/tenants/acme"
	staffAudience = audience + "/platform"
	issuerName    = "https://issuer.example"
)

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// object is JSON by name.
type object map[string]any

// with returns a copy of o that has the members of other too; nil removes one.
func (o object) with(other object) object {
	all := maps.Clone(o)
	for name, value := range other {
		all[name] = value
		if value == nil {
			delete(all, name)
		}
	}
	return all
}

// signer signs tokens as an issuer does, good ones and bad ones.
type signer struct {
	id  string
	alg string
	key crypto.Signer
}

// RSA keys take long to make: the tests share them by name.
var rsaKeys sync.Map

func rsaSigner(tb testing.TB, id string, bits int) signer {
	tb.Helper()
	made, _ := rsaKeys.LoadOrStore(id, sync.OnceValue(func() *rsa.PrivateKey {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			panic(err)
		}
		return key
	}))
	return signer{id: id, alg: "RS256", key: made.(func() *rsa.PrivateKey)()}
}

func ecSigner(tb testing.TB, id string, curve elliptic.Curve) signer {
	tb.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return signer{id: id, alg: "ES256", key: key}
}

func (s signer) jwk() jose.JSONWebKey {
	return jose.JSONWebKey{Key: s.key.Public(), KeyID: s.id, Algorithm: s.alg, Use: "sig"}
}

func jwks(tb testing.TB, keys ...jose.JSONWebKey) string {
	tb.Helper()
	return string(encode(tb, jose.JSONWebKeySet{Keys: keys}))
}

// token signs header and claims, each an object or the text of one.
func (s signer) token(tb testing.TB, header, claims any) string {
	tb.Helper()
	input := segment(tb, header) + "." + segment(tb, claims)
	return input + "." + base64.RawURLEncoding.EncodeToString(s.sign(tb, input))
}

func (s signer) sign(tb testing.TB, input string) []byte {
	tb.Helper()
	digest := sha256.Sum256([]byte(input))
	if key, ok := s.key.(*ecdsa.PrivateKey); ok {
		r, v, err := ecdsa.Sign(rand.Reader, key, digest[:])
		if err != nil {
			tb.Fatal(err)
		}
		size := (key.Params().BitSize + 7) / 8
		return append(r.FillBytes(make([]byte, size)), v.FillBytes(make([]byte, size))...)
	}
	signature, err := s.key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		tb.Fatal(err)
	}
	return signature
}

func (s signer) header() object { return object{"alg": s.alg, "kid": s.id, "typ": "JWT"} }

// goodClaims are those of a token that acme trusts for a viewer.
func goodClaims() object {
	return object{
		"iss": issuerName, "aud": acmeAudience, "sub": "user-1", "group": "readers",
		"iat": epoch.Unix(), "nbf": epoch.Unix(), "exp": epoch.Add(time.Hour).Unix(),
	}
}

func segment(tb testing.TB, value any) string {
	tb.Helper()
	text, ok := value.(string)
	if !ok {
		text = string(encode(tb, value))
	}
	return base64.RawURLEncoding.EncodeToString([]byte(text))
}

func encode(tb testing.TB, value any) []byte {
	tb.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: epoch} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

var viewers = []tenant.Rule{{Claims: map[string]string{"group": "readers"}, Role: tenant.Viewer}}

func trusting(keySet string, rules ...tenant.Rule) []tenant.Trust {
	return []tenant.Trust{{Issuer: issuerName, JWKS: keySet, Rules: rules}}
}

// records returns the record of acme with this trust, and no other record.
func records(trust []tenant.Trust) func(context.Context, tenant.ID) (tenant.Record, error) {
	return func(_ context.Context, id tenant.ID) (tenant.Record, error) {
		if id != "acme" {
			return tenant.Record{}, tenant.ErrNotFound
		}
		return tenant.Record{ID: id, State: tenant.Active, Trust: trust}, nil
	}
}

// newVerifier fills in what the config leaves open.
func newVerifier(tb testing.TB, config authn.Config) *authn.Verifier {
	tb.Helper()
	config.Audience = audience
	if config.Now == nil {
		config.Now = newClock().Now
	}
	v, err := authn.New(config)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}
