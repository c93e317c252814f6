package authn_test

import (
	"context"
	"crypto"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/shared/authn"
)

// FuzzVerify accepts no token but the two that a trusted key has signed.
func FuzzVerify(f *testing.F) {
	rs, es := rsaSigner(f, "rs", 2048), ecSigner(f, "es", elliptic.P256())
	v := newVerifier(f, authn.Config{Record: records(trusting(jwks(f, rs.jwk(), es.jwk()), viewers...))})
	signed := map[string]bool{}
	for _, key := range []signer{rs, es} {
		token := key.token(f, key.header(), goodClaims())
		signed[token] = true
		f.Add("Bearer " + token)
		f.Add("bearer " + token[:len(token)-4])
	}
	f.Add("Bearer " + segment(f, object{"alg": "none"}) + "." + segment(f, goodClaims()) + ".")
	f.Add("Bearer " + segment(f, object{"alg": "ES256", "kid": "es", "jwk": rs.jwk()}) + "." + segment(f, goodClaims()) + ".AAAA")
	f.Add(`Bearer {"payload":"","signatures":[]}`)
	f.Fuzz(func(t *testing.T, authorization string) {
		p, err := v.Verify(context.Background(), authorization)
		_, token, _ := strings.Cut(authorization, " ")
		if err == nil && !signed[token] {
			t.Errorf("accepted %q as %+v", authorization, p)
		}
		if err != nil && p.Subject != "" {
			t.Errorf("refused %q and gave %+v", authorization, p)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	rs, es := rsaSigner(b, "rs", 2048), ecSigner(b, "es", elliptic.P256())
	v := newVerifier(b, authn.Config{Record: records(trusting(jwks(b, rs.jwk(), es.jwk()), viewers...))})
	for _, key := range []signer{rs, es} {
		authorization := "Bearer " + key.token(b, key.header(), goodClaims())
		b.Run(key.alg, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(b.Context(), authorization); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkBareRSA is the least that BenchmarkVerify/RS256 can cost.
func BenchmarkBareRSA(b *testing.B) {
	key := rsaSigner(b, "rs", 2048)
	input := segment(b, key.header()) + "." + segment(b, goodClaims())
	signature, public := key.sign(b, input), key.key.Public().(*rsa.PublicKey)
	for b.Loop() {
		digest := sha256.Sum256([]byte(input))
		if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature); err != nil {
			b.Fatal(err)
		}
	}
}
