package oidc

import (
	"crypto/subtle"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// assertionType is the type of a JWT that a client proves itself with: RFC 7523, section 2.2.
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// authenticate returns the client that sends a request. It reports whether the client has
// proved itself in the way in which it is registered.
func (i *Issuer) authenticate(r *http.Request) (id string, c Client, ok bool) {
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	c, ok = i.client(id)
	if !ok {
		return id, c, false
	}
	if c.Key != nil {
		return id, c, secret == "" && i.verifyProof(r, id, c)
	}
	return id, c, subtle.ConstantTimeCompare([]byte(secret), []byte(c.Secret)) == 1
}

// maxProofAge is how long a client's JWT may be valid, as at Entra.
const maxProofAge = 10 * time.Minute

// verifyProof verifies a client's JWT: RFC 7523, section 3. Each works once.
func (i *Issuer) verifyProof(r *http.Request, id string, c Client) bool {
	if r.PostFormValue("client_assertion_type") != assertionType {
		return false
	}
	parsed, err := jwt.ParseSigned(r.PostFormValue("client_assertion"), []jose.SignatureAlgorithm{jose.ES256, jose.RS256})
	if err != nil {
		return false
	}
	var claims jwt.Claims
	if err := parsed.Claims(c.Key, &claims); err != nil {
		return false
	}
	now := i.config.Clock.Now()
	expected := jwt.Expected{Issuer: id, Subject: id, AnyAudience: jwt.Audience{i.config.Issuer + "/token", i.config.Issuer}, Time: now}
	if claims.ValidateWithLeeway(expected, time.Minute) != nil || claims.Expiry == nil || claims.Expiry.Time().After(now.Add(maxProofAge)) || claims.ID == "" {
		return false
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	used := i.proofs[claims.ID]
	i.proofs[claims.ID] = true
	return !used
}
