package authn_test

import (
	"context"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/strongroom-dev/strongroom/shared/authn"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

const (
	untrusted = "the token is not signed by a key that its audience trusts for its issuer"
	malformed = "the token is not a compact JSON Web Signature of at most 16 KiB"
	badTimes  = "the token must have exp and iat in seconds since 1970"
	badJSON   = "the token's claims are not strict JSON"
	badAlg    = "the token must be signed with RS256 or ES256"
	badSub    = "the token's subject does not have 1 to 255 printable bytes"
	manyAud   = "the token must have exactly one audience"
	noTenant  = "the token's audience does not name a tenant"
)

// refusal is one token, or a whole header value, and the text that the client receives.
type refusal struct {
	name, authorization, reason string
}

func checkRefused(t *testing.T, v *authn.Verifier, rows []refusal) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p, err := v.Verify(context.Background(), row.authorization)
			if !errors.Is(err, authn.ErrUnauthenticated) || err.Error() != row.reason {
				t.Errorf("got %v, want %q", err, row.reason)
			}
			if p.Subject != "" || p.Role != "" || p.Tenant != "" {
				t.Errorf("a refused token gives the principal %+v", p)
			}
		})
	}
}

func TestClaimsThatAreRefused(t *testing.T) {
	t.Parallel()
	key := rsaSigner(t, "rs", 2048)
	v := newVerifier(t, authn.Config{Record: records(trusting(jwks(t, key.jwk()), viewers...))})
	claims := func(name, reason string, claims any) refusal {
		return refusal{name, "Bearer " + key.token(t, key.header(), claims), reason}
	}
	with := func(name, reason string, changes object) refusal {
		return claims(name, reason, goodClaims().with(changes))
	}
	text := string(encode(t, goodClaims()))
	checkRefused(t, v, []refusal{
		with("expired 60 s ago", "the token has expired", times(-time.Hour, -60*time.Second)),
		with("expired 61 s ago", "the token has expired", times(-time.Hour, -61*time.Second)),
		with("nbf in the future", "the token is not valid yet", object{"nbf": epoch.Add(61 * time.Second).Unix()}),
		with("iat in the future", "the token was issued in the future", times(61*time.Second, time.Hour)),
		with("lives two minutes more than 24 h", "the token's lifetime is more than 24 hours", times(0, 24*time.Hour+2*time.Minute)),
		with("no exp", badTimes, object{"exp": nil}),
		with("no iat", badTimes, object{"iat": nil}),
		with("exp is a string", badTimes, object{"exp": "1900000000"}),
		with("exp is negative", badTimes, object{"exp": -1}),
		with("exp is beyond the year 9999", badTimes, object{"exp": 1e18}),
		with("nbf is an array", badTimes, object{"nbf": []int{}}),
		claims("exp is beyond all floats", badTimes, strings.Replace(text, `"exp":`, `"exp":1e999,"was":`, 1)),
		with("no sub", badSub, object{"sub": nil}),
		with("an empty sub", badSub, object{"sub": ""}),
		with("sub is a number", badSub, object{"sub": 7}),
		with("sub of 256 bytes", badSub, object{"sub": strings.Repeat("x", 256)}),
		with("sub with a line break", badSub, object{"sub": "a\nb"}),
		with("sub that turns the direction of writing", badSub, object{"sub": "a\u202eb"}),
		with("no iss", "the token has no issuer", object{"iss": nil}),
		with("iss is an array", "the token has no issuer", object{"iss": []string{issuerName}}),
		with("iss with a slash more", untrusted, object{"iss": issuerName + "/"}),
		with("iss in capitals", untrusted, object{"iss": strings.ToUpper(issuerName)}),
		with("no aud", manyAud, object{"aud": nil}),
		with("two audiences", manyAud, object{"aud": []string{acmeAudience, staffAudience}}),
		with("one audience twice", manyAud, object{"aud": []string{acmeAudience, acmeAudience}}),
		with("an empty list of audiences", manyAud, object{"aud": []string{}}),
		with("aud is a list of a list", manyAud, object{"aud": [][]string{{acmeAudience}}}),
		with("audience without a tenant", noTenant, object{"aud": audience}),
		with("audience with an empty tenant", noTenant, object{"aud": audience + "/tenants/"}),
		with("audience with a path after the tenant", noTenant, object{"aud": acmeAudience + "/x"}),
		with("audience in capitals", noTenant, object{"aud": audience + "/tenants/ACME"}),
		with("audience with dots for a tenant", noTenant, object{"aud": audience + "/tenants/.."}),
		with("audience of another service", noTenant, object{"aud": "https://other.example/tenants/acme"}),
		with("audience with a tenant but no tenants", noTenant, object{"aud": audience + "/acme"}),
		with("audience of another tenant", untrusted, object{"aud": audience + "/tenants/globex"}),
		with("audience of the platform", untrusted, object{"aud": staffAudience}),
		claims("duplicate iss claim", badJSON, `{"iss":"https://evil.example",`+text[1:]),
		claims("duplicate claim in a nested object", badJSON, `{"x":{"a":1,"a":2},`+text[1:]),
		claims("invalid UTF-8", badJSON, "{\"x\":\"\xff\","+text[1:]),
		claims("something behind the claims", badJSON, text+"{}"),
		claims("claims are an array", badJSON, "["+text+"]"),
		claims("claims are null", badJSON, "null"),
		claims("claims are no JSON", badJSON, "hello"),
		claims("differently cased Exp", badTimes, strings.Replace(text, `"exp"`, `"Exp"`, 1)),
	})
}

func TestSignaturesThatAreRefused(t *testing.T) {
	t.Parallel()
	rs, other, weak := rsaSigner(t, "rs", 2048), rsaSigner(t, "other", 2048), rsaSigner(t, "weak", 1024)
	es, wide := ecSigner(t, "es", elliptic.P256()), ecSigner(t, "wide", elliptic.P384())
	encrypting, es512, private := other.jwk(), es.jwk(), other.jwk()
	encrypting.KeyID, encrypting.Use = "encrypting", "enc"
	es512.KeyID, es512.Algorithm = "es512", "ES512"
	private.KeyID, private.Key = "private", other.key
	symmetric := jose.JSONWebKey{KeyID: "symmetric", Key: []byte("sesame sesame sesame sesame sesame")}
	v := newVerifier(t, authn.Config{Record: records(trusting(
		jwks(t, rs.jwk(), weak.jwk(), es.jwk(), wide.jwk(), encrypting, es512, private, symmetric), viewers...))})

	header := func(s signer, changes object) string {
		return "Bearer " + s.token(t, s.header().with(changes), goodClaims())
	}
	short := es.token(t, es.header(), goodClaims())
	short = short[:strings.LastIndexByte(short, '.')]
	checkRefused(t, v, []refusal{
		{"signed by another issuer's key", header(other, object{"kid": "rs"}), untrusted},
		{"a key id that nobody knows", header(rs, object{"kid": "unknown"}), untrusted},
		{"key id is a number", header(rs, object{"kid": 1}), "the token's header is not strict JSON"},
		{"an RSA key of 1024 bits", header(weak, nil), untrusted},
		{"a key on P-384", header(wide, nil), untrusted},
		{"a key for encryption", header(other, object{"kid": "encrypting"}), untrusted},
		{"a private key in the key set", header(other, object{"kid": "private"}), untrusted},
		{"a key of another alg than the header's", header(es, object{"kid": "es512"}), untrusted},
		{"alg ES256 with an RSA key", header(rs, object{"alg": "ES256"}), untrusted},
		{"alg RS256 with an EC key", header(es, object{"alg": "RS256"}), untrusted},
		{"alg PS256", header(rs, object{"alg": "PS256"}), badAlg},
		{"alg none, unsigned", "Bearer " + segment(t, object{"alg": "none"}) + "." + segment(t, goodClaims()) + ".", badAlg},
		{"alg none, with a signature", header(rs, object{"alg": "none"}), badAlg},
		{"no alg", header(rs, object{"alg": nil}), badAlg},
		{"RS256 without a signature", "Bearer " + segment(t, rs.header()) + "." + segment(t, goodClaims()) + ".", untrusted},
		{"HS256 with the public key as secret", "Bearer " + confused(t, rs, "rs"), badAlg},
		{"HS256 with a symmetric key of the set", "Bearer " + confused(t, rs, "symmetric"), badAlg},
		{"ES256 signature of one byte", "Bearer " + short + ".AA", untrusted},
		{"ES256 signature of 63 bytes", "Bearer " + short + "." + zeros(63), untrusted},
		{"ES256 signature of zeros", "Bearer " + short + "." + zeros(64), untrusted},
		{"ES256 signature of 65 bytes", "Bearer " + short + "." + zeros(65), untrusted},
		{"key brought along as jwk", header(other, object{"jwk": other.jwk()}), untrusted},
		{"crit demands something", header(rs, object{"crit": []string{"exp"}}), "the token's header requires an extension that is not supported"},
		{"an unencoded payload", header(rs, object{"crit": []string{"b64"}, "b64": false}), "the token's header requires an extension that is not supported"},
		{"b64 without crit", header(rs, object{"b64": false}), "the token's header requires an extension that is not supported"},
		{"typ of a logout token", header(rs, object{"typ": "logout+jwt"}), "the token's typ is neither JWT nor at+jwt"},
		{"duplicate alg in the header", "Bearer " + rs.token(t, `{"alg":"none","alg":"RS256","kid":"rs"}`, goodClaims()), "the token's header is not strict JSON"},
		{"differently cased Alg", "Bearer " + rs.token(t, `{"Alg":"RS256","kid":"rs"}`, goodClaims()), badAlg},
	})
}

// confused is a token signed by HMAC with the PEM of a public key.
func confused(t *testing.T, s signer, id string) string {
	der, err := x509.MarshalPKIXPublicKey(s.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	input := segment(t, object{"alg": "HS256", "kid": id}) + "." + segment(t, goodClaims())
	mac := hmac.New(sha256.New, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	mac.Write([]byte(input))
	return input + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func zeros(n int) string { return base64.RawURLEncoding.EncodeToString(make([]byte, n)) }

func TestFormsThatAreRefused(t *testing.T) {
	t.Parallel()
	key := rsaSigner(t, "rs", 2048)
	v := newVerifier(t, authn.Config{Record: records(trusting(jwks(t, key.jwk()), viewers...))})
	good := key.token(t, key.header(), goodClaims())
	const none = "the request has no bearer token"
	parts := strings.Split(good, ".")
	checkRefused(t, v, []refusal{
		{"no header", "", none},
		{"a scheme without a token", "Bearer", none},
		{"a scheme and a space", "Bearer ", none},
		{"another scheme", "Basic " + good, none},
		{"no scheme", good, none},
		{"two tokens", "Bearer " + good + ", Bearer " + good, malformed},
		{"a space at the end", "Bearer " + good + " ", malformed},
		{"a line break within", "Bearer " + good[:10] + "\n" + good[10:], malformed},
		{"padding", "Bearer " + good + "=", malformed},
		{"the last bits changed, which mean nothing", "Bearer " + good[:len(good)-1] + "B", malformed},
		{"two segments", "Bearer " + parts[0] + "." + parts[1], malformed},
		{"four segments", "Bearer " + good + ".AAAA", malformed},
		{"five segments, encrypted", "Bearer " + good + ".AAAA.AAAA", malformed},
		{"JSON serialisation", `Bearer {"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`, malformed},
		{"payload of another token", "Bearer " + parts[0] + "." + segment(t, goodClaims().with(object{"sub": "user-2"})) + "." + parts[2], untrusted},
		{"larger than 16 KiB", "Bearer " + key.token(t, key.header(), goodClaims().with(object{"x": strings.Repeat("x", 16<<10)})), malformed},
		{"megabytes", "Bearer " + strings.Repeat(".", 4<<20), malformed},
		{"header is an empty segment", "Bearer ." + parts[1] + "." + parts[2], "the token's header is not strict JSON"},
		{"header of 10000 brackets", "Bearer " + segment(t, strings.Repeat("[", 10000)) + ".e30.AA", "the token's header is not strict JSON"},
	})
}

// Whether a tenant exists, which issuers it trusts and which keys they have is
// nobody's business who has no key.
func TestRefusalSaysNotWhetherTenantExists(t *testing.T) {
	t.Parallel()
	key, stranger := rsaSigner(t, "rs", 2048), rsaSigner(t, "other", 2048)
	v := newVerifier(t, authn.Config{Record: records(trusting(jwks(t, key.jwk()), viewers...))})
	refused := map[string]bool{}
	for _, changes := range []object{
		{},
		{"aud": audience + "/tenants/nobody"},
		{"aud": staffAudience},
		{"iss": "https://unknown.example"},
	} {
		token := stranger.token(t, key.header(), goodClaims().with(changes))
		_, err := v.Verify(t.Context(), "Bearer "+token)
		refused[err.Error()] = true
	}
	if len(refused) != 1 {
		t.Errorf("the answers differ: %v", refused)
	}
}

func TestEntriesThatShareAnIssuerKeepTheirRulesApart(t *testing.T) {
	t.Parallel()
	first, second := rsaSigner(t, "rs", 2048), rsaSigner(t, "other", 2048)
	readers := map[string]string{"group": "readers"}
	trust := append(
		trusting(jwks(t, first.jwk()), tenant.Rule{Claims: readers, Role: tenant.Admin}),
		trusting(jwks(t, second.jwk()), tenant.Rule{Claims: readers, Role: tenant.Viewer})...)
	v := newVerifier(t, authn.Config{Record: records(trust)})
	if p := accepted(t, v, first.token(t, first.header(), goodClaims())); p.Role != tenant.Admin {
		t.Errorf("the first cluster's token gives %+v", p)
	}
	if p := accepted(t, v, second.token(t, second.header(), goodClaims())); p.Role != tenant.Viewer {
		t.Errorf("the second cluster's token gives %+v", p)
	}
}
