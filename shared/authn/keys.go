package authn

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	maxKeySet  = 256 << 10 // bytes
	maxKeys    = 100
	minRSABits = 2048 // RFC 7518, section 3.3
)

// keySet holds public keys that can verify an RS256 or ES256 signature.
type keySet []jose.JSONWebKey

// parseKeySet parses a JSON Web Key Set (RFC 7517). It omits keys that cannot be
// used, as section 5 recommends.
func parseKeySet(text []byte) (keySet, error) {
	if len(text) > maxKeySet {
		return nil, fmt.Errorf("key set is larger than %d bytes", maxKeySet)
	}
	var set struct {
		Keys []jsontext.Value `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf("parse key set: %w", err)
	}
	if set.Keys == nil {
		return nil, errors.New("parse key set: it has no member keys")
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("key set has more than %d keys", maxKeys)
	}
	keys := keySet{}
	for _, text := range set.Keys {
		var key jose.JSONWebKey
		if key.UnmarshalJSON(text) == nil && usable(key) {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

func (s keySet) has(keyID string) bool {
	return slices.ContainsFunc(s, func(key jose.JSONWebKey) bool { return key.KeyID == keyID })
}

func usable(key jose.JSONWebKey) bool {
	return (key.Use == "" || key.Use == "sig") && (fits(key, jose.RS256) || fits(key, jose.ES256))
}

// fits reports whether a key has the type, size and purpose that an algorithm
// requires. Private and symmetric keys never do.
func fits(key jose.JSONWebKey, algorithm jose.SignatureAlgorithm) bool {
	if key.Algorithm != "" && key.Algorithm != string(algorithm) {
		return false
	}
	switch public := key.Key.(type) {
	case *rsa.PublicKey:
		return algorithm == jose.RS256 && public.N.BitLen() >= minRSABits
	case *ecdsa.PublicKey:
		return algorithm == jose.ES256 && public.Curve == elliptic.P256()
	}
	return false
}
