package iam_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/strongroom-dev/strongroom/emulator/clock"
	"github.com/strongroom-dev/strongroom/emulator/iam"
)

func idToken(t *testing.T, s *iam.Server, claims map[string]any) string {
	t.Helper()
	token, err := s.SignJWT(uploads, claims)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestAnIDTokenIsVerifiedForItsAudience(t *testing.T) {
	t.Parallel()
	c := &clock.Clock{}
	s, other := newServerAt(t, "", c), newServer(t, "")
	now := time.Now().Unix()
	good := idToken(t, s, map[string]any{"aud": "https://a"})
	parts := strings.Split(good, ".")
	for name, token := range map[string]string{
		"for another audience":  idToken(t, s, map[string]any{"aud": "https://b"}),
		"for two audiences":     idToken(t, s, map[string]any{"aud": []string{"https://a", "https://b"}}),
		"for none":              idToken(t, s, nil),
		"expired":               idToken(t, s, map[string]any{"aud": "https://a", "exp": now - 1}),
		"without expiry":        idToken(t, s, map[string]any{"aud": "https://a", "exp": nil}),
		"of the future":         idToken(t, s, map[string]any{"aud": "https://a", "iat": now + 100}),
		"not valid yet":         idToken(t, s, map[string]any{"aud": "https://a", "nbf": now + 100}),
		"of another cloud":      idToken(t, other, map[string]any{"aud": "https://a"}),
		"without its signature": parts[0] + "." + parts[1] + ".",
		"with another body":     parts[0] + "." + strings.Split(idToken(t, s, map[string]any{"aud": "https://a", "exp": now + 9}), ".")[1] + "." + parts[2],
		"empty":                 "",
		"signed with HMAC":      hmacToken(t, "https://a"),
	} {
		if email, err := s.VerifyIDToken(token, "https://a"); err == nil {
			t.Errorf("a token %s is of %s", name, email)
		}
	}
	if email, err := s.VerifyIDToken(good, "https://a"); err != nil || email != uploads {
		t.Errorf("the good token is of %q: %v", email, err)
	}
	if _, err := s.VerifyIDToken(good, ""); err == nil {
		t.Error("it is taken for no audience")
	}
	c.Advance(time.Hour)
	if _, err := s.VerifyIDToken(good, "https://a"); err == nil {
		t.Error("it is taken after an hour")
	}
}

func TestTheCallerCannotChooseTheSubjectOfAnIDToken(t *testing.T) {
	t.Parallel()
	s := newServer(t, "")
	token := idToken(t, s, map[string]any{"aud": "a", "email": acme, "iss": "https://x", "sub": "1"})
	if email, err := s.VerifyIDToken(token, "a"); err != nil || email != uploads {
		t.Errorf("it is of %q: %v", email, err)
	}
}

func TestAnIDTokenVerifiesWithThePublishedKeys(t *testing.T) {
	t.Parallel()
	s := newServer(t, "")
	published, err := s.JWKS()
	if err != nil {
		t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(published, &set); err != nil {
		t.Fatal(err)
	}
	parsed, err := jwt.ParseSigned(idToken(t, s, map[string]any{"aud": "a"}), []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		Issuer   string `json:"iss"`
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"`
		Subject  string `json:"sub"`
	}
	if err := parsed.Claims(set.Key(parsed.Headers[0].KeyID)[0].Key, &claims); err != nil {
		t.Fatal(err)
	}
	if claims.Issuer != "https://accounts.google.com" || claims.Email != uploads || !claims.Verified || len(claims.Subject) != 21 {
		t.Errorf("claims are %+v", claims)
	}
}

func FuzzVerifyIDToken(f *testing.F) {
	s, err := iam.New(iam.Config{ProjectID: "p", Clock: &clock.Clock{}})
	if err != nil {
		f.Fatal(err)
	}
	if err := s.CreateServiceAccount(uploads); err != nil {
		f.Fatal(err)
	}
	good, err := s.SignJWT(uploads, map[string]any{"aud": "a"})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", "..", "a.b.c", good, good + ".", "eyJhbGciOiJub25lIn0.e30.", `{"payload":"e30","signatures":[]}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if email, err := s.VerifyIDToken(token, "a"); err == nil && email != uploads {
			t.Errorf("%q is of %q", token, email)
		}
	})
}

func hmacToken(t *testing.T, audience string) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: make([]byte, 32)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(map[string]any{"aud": audience, "email": uploads}).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}
