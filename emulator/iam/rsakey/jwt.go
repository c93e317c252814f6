package rsakey

import (
	"crypto/rsa"
	"encoding/json"
	"fmt"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// SignJWT returns a JWT with these claims, signed with RS256. Its kid is the key's ID.
func (k *Key) SignJWT(claims map[string]any) (string, error) {
	private, err := k.Private()
	if err != nil {
		return "", err
	}
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: private, KeyID: ID(&private.PublicKey)}},
		(&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return jwt.Signed(signer).Claims(claims).Serialize()
}

// JWKS returns the keys as a JSON Web Key Set (RFC 7517).
func JWKS(keys ...*rsa.PublicKey) ([]byte, error) {
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, key := range keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{
			Key: key, KeyID: ID(key), Algorithm: string(jose.RS256), Use: "sig",
		})
	}
	return json.Marshal(set)
}
