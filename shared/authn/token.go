package authn

import (
	"crypto"
	"encoding/base64"
	"strings"
	"time"
	"unicode"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/strongroom-dev/strongroom/shared/secret"
)

const (
	maxToken   = 16 << 10 // bytes
	maxSubject = 255      // bytes: OpenID Connect Core 1.0, section 2
)

var algorithms = []jose.SignatureAlgorithm{jose.RS256, jose.ES256}

// Bearer returns the token in the value of an Authorization header (RFC 6750,
// section 2.1). It checks the scheme and not the token.
func Bearer(authorization string) (secret.String, error) {
	scheme, token, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return secret.String{}, errNoToken
	}
	return secret.New(token), nil
}

// token is a token with a valid format and valid times. Its signature is not
// verified yet.
type token struct {
	jws       *jose.JSONWebSignature
	algorithm jose.SignatureAlgorithm
	keyID     string // empty: the token does not name a key
	issuer    string
	subject   string
	audience  string
	claims    claims

	verifiedBy crypto.PublicKey // that is known to verify the signature; nil: none is known
}

// parseToken checks everything that does not need a lookup. It does not return the
// errors of libraries, because they may quote the token.
func parseToken(bearer secret.String, now time.Time) (*token, error) {
	compact := bearer.Reveal()
	head, ok := protectedHeader(compact)
	if !ok {
		return nil, errMalformed
	}
	h, err := parseHeader(head)
	if err != nil {
		return nil, err
	}
	jws, err := jose.ParseSignedCompact(compact, algorithms)
	if err != nil {
		return nil, errMalformed
	}
	t := &token{jws: jws, algorithm: h.Algorithm, keyID: h.KeyID}
	if t.claims, ok = parseClaims(jws.UnsafePayloadWithoutVerification()); !ok {
		return nil, errClaims
	}
	if err := t.identify(); err != nil {
		return nil, err
	}
	return t, t.claims.checkTimes(now)
}

// protectedHeader returns the JSON of the first segment. The token must have exactly
// three segments of strict base64url; the library's decoder would ignore line
// breaks.
func protectedHeader(compact string) (header []byte, ok bool) {
	segments := strings.SplitN(compact, ".", 4)
	if len(compact) > maxToken || len(segments) != 3 {
		return nil, false
	}
	for i, segment := range segments {
		decoded, err := base64.RawURLEncoding.Strict().DecodeString(segment)
		if err != nil || strings.ContainsAny(segment, "\r\n") {
			return nil, false
		}
		if i == 0 {
			header = decoded
		}
	}
	return header, true
}

// header is the part of a JOSE header that is used. It excludes jwk, jku, x5u and
// x5c.
type header struct {
	Algorithm jose.SignatureAlgorithm `json:"alg"`
	KeyID     string                  `json:"kid"`
	Type      string                  `json:"typ"`
	Critical  jsontext.Value          `json:"crit"`
	Base64    jsontext.Value          `json:"b64"` // RFC 7797: changes what is signed
}

func parseHeader(text []byte) (header, error) {
	var h header
	if err := json.Unmarshal(text, &h); err != nil {
		return h, errHeader
	}
	switch {
	case h.Algorithm != jose.RS256 && h.Algorithm != jose.ES256:
		return h, errAlgorithm
	case h.Critical != nil || h.Base64 != nil:
		return h, errExtension
	case h.Type != "" && !strings.EqualFold(h.Type, "JWT") && !strings.EqualFold(h.Type, "at+jwt"):
		return h, errType
	}
	return h, nil
}

func (t *token) identify() error {
	var ok bool
	if t.issuer, ok = t.claims.text("iss"); !ok || t.issuer == "" {
		return errIssuer
	}
	if t.subject, ok = t.claims.text("sub"); !ok || !ValidSubject(t.subject) {
		return errSubject
	}
	if t.audience, ok = t.claims.only("aud"); !ok {
		return errAudiences
	}
	return nil
}

// ValidSubject reports whether a token can have this subject: 1 to 255 printable bytes.
func ValidSubject(subject string) bool {
	unprintable := func(r rune) bool { return !unicode.IsPrint(r) }
	return subject != "" && len(subject) <= maxSubject && !strings.ContainsFunc(subject, unprintable)
}

// signedBy returns the key of the set that signed the token, or nil.
func (t *token) signedBy(keys keySet) crypto.PublicKey {
	for _, key := range keys.candidates(t.keyID, t.algorithm) {
		if t.isVerifiedBy(key.Key) {
			return key.Key
		}
		if _, err := t.jws.Verify(key.Key); err == nil {
			return key.Key
		}
	}
	return nil
}
