package authn

import (
	"testing"
	"time"
)

func TestAgeOfKeysStaysWithinBounds(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{
		"":                              time.Hour,
		"public":                        time.Hour,
		"max-age=600":                   10 * time.Minute,
		"public, Max-Age=19800, other":  19800 * time.Second,
		`max-age="600"`:                 10 * time.Minute,
		"max-age=0":                     5 * time.Minute,
		"max-age=299":                   5 * time.Minute,
		"max-age=2147483647":            24 * time.Hour,
		"max-age=99999999999999999999":  time.Hour,
		"max-age=-1":                    time.Hour,
		"max-age":                       time.Hour,
		"no-store, max-age=600":         5 * time.Minute,
		"no-cache":                      5 * time.Minute,
		"s-maxage=600, x-max-age=86400": time.Hour,
	} {
		if got := age(header); got != want {
			t.Errorf("%q: got %v, want %v", header, got, want)
		}
	}
}

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

func FuzzParseKeySet(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","kid":"1","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"},{"kty":"oct","k":"AA"},{"kty":"OKP","crv":"Ed25519","x":"AA"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB","x5c":["AA"],"x5u":":"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := parseKeySet(text)
		if err != nil && keys != nil {
			t.Error("keys in spite of an error")
		}
		for _, key := range keys {
			if !usable(key) {
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
