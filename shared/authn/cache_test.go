package authn

import (
	"crypto/ed25519"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/strongroom-dev/strongroom/shared/secret"
)

func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	var b bounded[int, int]
	for i := range 2 * maxEntries {
		b.put(i, i)
		b.put(i, -i)
		if got, ok := b.get(i); !ok || got != -i {
			t.Fatalf("what was just put, %d, is not there: %d, %v", i, got, ok)
		}
	}
	if len(b.entries) != maxEntries {
		t.Errorf("%d entries, want %d", len(b.entries), maxEntries)
	}
}

func TestOnlyShortTokensAreRemembered(t *testing.T) {
	t.Parallel()
	public, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	for size, want := range map[int]bool{maxCachedToken: true, maxCachedToken + 1: false} {
		var v verifiedTokens
		bearer := secret.New(strings.Repeat("x", size))
		v.put(bearer, &token{subject: "s"}, public)
		got := v.get(bearer)
		if (got != nil) != want {
			t.Errorf("a token of %d bytes is remembered: %v", size, got != nil)
		}
		if got != nil && (!got.isVerifiedBy(public) || got.isVerifiedBy(other)) {
			t.Error("the token is verified by another key than its own")
		}
		if v.get(secret.New("y")) != nil {
			t.Error("a token that was not verified is known")
		}
	}
}

func FuzzParseKeySet(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","kid":"1","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"},{"kty":"oct","k":"AA"},{"kty":"OKP","crv":"Ed25519","x":"AA"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB","x5c":["AA"],"x5u":":"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := parseKeySet(text)
		if err != nil && len(keys.keys) > 0 {
			t.Error("keys in spite of an error")
		}
		for _, key := range keys.keys {
			if !fits(key, jose.RS256) && !fits(key, jose.ES256) {
				t.Errorf("kept the key %+v", key)
			}
		}
	})
}

func TestKeysAreFetchedByPlainHTTPSOnly(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"https://issuer.example/keys":               true,
		"https://issuer.example:8443/keys?v=1":      true,
		"HTTPS://issuer.example":                    true,
		"http://issuer.example/keys":                false,
		"file:///etc/passwd":                        false,
		"https:///keys":                             false,
		"https:issuer.example":                      false,
		"//issuer.example/keys":                     false,
		"https://user:password@issuer.example/keys": false,
		"https://issuer.example/\n":                 false,
		"":                                          false,
	} {
		if got := checkURL(address) == nil; got != want {
			t.Errorf("%q: accepted is %v", address, got)
		}
	}
}
