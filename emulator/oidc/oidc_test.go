package oidc_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/clock"
	"github.com/strongroom-dev/strongroom/emulator/oidc"
)

const audience = "https://strongroom.dev/tenants/acme"

func newIssuer(t *testing.T, dir string) *oidc.Issuer {
	t.Helper()
	issuer, err := oidc.New(oidc.Config{Issuer: "https://issuer.test/cluster", Clock: &clock.Clock{}, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return issuer
}

func token(t *testing.T, issuer *oidc.Issuer, lifetime time.Duration) string {
	t.Helper()
	text, err := issuer.Token(map[string]any{"aud": audience, "sub": "runner"}, lifetime)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func keySet(t *testing.T, text []byte) jose.JSONWebKeySet {
	t.Helper()
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(text, &set); err != nil {
		t.Fatal(err)
	}
	return set
}

// verifies reports whether a published key signed the token.
func verifies(t *testing.T, published []byte, text string) bool {
	t.Helper()
	parsed, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	set := keySet(t, published)
	for _, key := range set.Key(parsed.Headers[0].KeyID) {
		if parsed.Claims(key, &jwt.Claims{}) == nil {
			return true
		}
	}
	return false
}

func claimsOf(t *testing.T, text string) (claims jwt.Claims) {
	t.Helper()
	parsed, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	if err := parsed.UnsafeClaimsWithoutVerification(&claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestATokenHasTheClaimsThatServicesCheck(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t, "")
	text := token(t, issuer, time.Hour)
	claims := claimsOf(t, text)
	err := claims.ValidateWithLeeway(jwt.Expected{
		Issuer: "https://issuer.test/cluster", Subject: "runner", AnyAudience: jwt.Audience{audience}, Time: time.Now(),
	}, time.Second)
	if err != nil {
		t.Error(err)
	}
	if got := claims.Expiry.Time().Sub(claims.IssuedAt.Time()); got != time.Hour {
		t.Errorf("it is valid for %v, want an hour", got)
	}
	if !verifies(t, issuer.JWKS(), text) {
		t.Error("it does not verify with the published keys")
	}
	if verifies(t, newIssuer(t, "").JWKS(), text) {
		t.Error("it verifies with another issuer's keys")
	}
}

func TestExplicitClaimsAreKept(t *testing.T) {
	t.Parallel()
	text, err := newIssuer(t, "").Token(map[string]any{"iss": "https://other.test", "exp": 1}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if claims := claimsOf(t, text); claims.Issuer != "https://other.test" || *claims.Expiry != 1 {
		t.Errorf("claims are %+v", claims)
	}
}

func TestTheKeyBeforeIsPublishedUntilTheNextRotation(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	issuer := newIssuer(t, dir)
	tokens := []string{token(t, issuer, time.Hour)}
	for range 2 {
		if err := issuer.Rotate(); err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, token(t, issuer, time.Hour))
	}
	for name, published := range map[string][]byte{
		"by the issuer":      issuer.JWKS(),
		"by a restarted one": newIssuer(t, dir).JWKS(),
	} {
		var got []bool
		for _, text := range tokens {
			got = append(got, verifies(t, published, text))
		}
		if diff := cmp.Diff([]bool{false, true, true}, got); diff != "" {
			t.Errorf("tokens of three generations, verified with the keys published %s: %s", name, diff)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("%d key files (%v), want 2", len(entries), err)
	}
}

func TestKeysAreFoundByDiscovery(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(nil)
	issuer, err := oidc.New(oidc.Config{Issuer: "http://" + server.Listener.Addr().String(), Clock: &clock.Clock{}})
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = issuer.Handler()
	server.Start()
	t.Cleanup(server.Close)

	var found struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(get(t, server.URL+"/.well-known/openid-configuration"), &found); err != nil {
		t.Fatal(err)
	}
	if found.Issuer != server.URL {
		t.Errorf("the issuer is %q, want %q", found.Issuer, server.URL)
	}
	published := get(t, found.JWKSURI)
	if !verifies(t, published, token(t, issuer, time.Hour)) {
		t.Error("the token does not verify with the keys found")
	}
	for _, key := range keySet(t, published).Keys {
		if !key.IsPublic() {
			t.Error("a private key is published")
		}
	}
}

func get(t *testing.T, url string) []byte {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK || response.Header.Get("Cache-Control") == "" {
		t.Errorf("%s: %s, Cache-Control %q", url, response.Status, response.Header.Get("Cache-Control"))
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestAnIssuerIsAURLWithoutAFinalSlash(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "issuer", "https://issuer.test/", "https://issuer.test?a=b", "https://issuer.test#a"} {
		if _, err := oidc.New(oidc.Config{Issuer: name, Clock: &clock.Clock{}}); err == nil {
			t.Errorf("%q is accepted", name)
		}
	}
}
