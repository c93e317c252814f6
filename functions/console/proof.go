package console

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
	"github.com/strongroom-dev/strongroom/shared/signedurl"
)

// signingKey is a key with which the console proves to be the client (private_key_jwt), as
// the issuer has it. The zero value: the client has a secret.
type signingKey struct {
	Version     string `json:"version"`     // projects/…/cryptoKeyVersions/…, RSA_SIGN_PKCS1_*_SHA256
	KeyID       string `json:"keyId"`       // kid of the header; empty: the issuer tries its keys
	Certificate string `json:"certificate"` // SHA-256 of the certificate, in base64url: x5t#S256 of the header, which Entra requires
}

var (
	keyVersion  = lazyregexp.New(`^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+/cryptoKeyVersions/[1-9][0-9]*$`)
	certificate = lazyregexp.New(`^[A-Za-z0-9_-]{43}$`)
)

func (k signingKey) validate() error {
	switch {
	case k == signingKey{}:
		return nil
	case !keyVersion.MatchString(k.Version):
		return errors.New("signingKey.version is not the full name of a key version in Cloud KMS")
	case k.Certificate != "" && !certificate.MatchString(k.Certificate):
		return errors.New("signingKey.certificate is not a SHA-256 in base64url")
	}
	return nil
}

// proofAge is how long a proof is valid. Issuers allow 5 to 10 minutes.
const proofAge = 2 * time.Minute

// prove returns a JWT that proves to an endpoint to be the client: OpenID Connect Core 1.0,
// section 9. Each works once.
func (h *Handler) prove(ctx context.Context, c client, endpoint string) (string, error) {
	now := h.deps.Now()
	header, err := json.Marshal(struct {
		Algorithm   string `json:"alg"`
		Type        string `json:"typ"`
		KeyID       string `json:"kid,omitempty"`
		Certificate string `json:"x5t#S256,omitempty"`
	}{Algorithm: "RS256", Type: "JWT", KeyID: c.SigningKey.KeyID, Certificate: c.SigningKey.Certificate})
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(map[string]any{
		"iss": c.ClientID, "sub": c.ClientID, "aud": endpoint, "jti": rand.Text(),
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(proofAge).Unix(),
	})
	if err != nil {
		return "", err
	}
	kms, err := h.deps.Clients.KMS(ctx)
	if err != nil {
		return "", err
	}
	signed := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(claims)
	signature, err := signedurl.NewKMS(kms, c.SigningKey.Version, "").Sign(ctx, []byte(signed))
	if err != nil {
		return "", err
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}
