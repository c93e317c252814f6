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

// keySet holds public keys that can verify an RS256 or ES256 signature. The zero
// keySet has no keys.
type keySet struct {
	keys     []jose.JSONWebKey
	unusable []UnusableKey
}

// UnusableKey is a key of a key set that cannot verify a token.
type UnusableKey struct {
	Index  int    // in the set, from 0
	KeyID  string // `kid`; empty if the key has none, or if it cannot be read
	Reason string // fixed text that contains nothing of the key
}

// Error names the key and says why it cannot be used.
func (k UnusableKey) Error() string {
	return fmt.Sprintf("keys[%d] (kid %q): %s", k.Index, k.KeyID, k.Reason)
}

// CheckKeySet returns the keys of a JSON Web Key Set that cannot verify a token, in
// their order. It fails if the set cannot be parsed, or if no key can be used.
func CheckKeySet(text string) ([]UnusableKey, error) {
	set, err := parseKeySet([]byte(text))
	if err == nil && len(set.keys) == 0 {
		err = errors.New("key set has no key that can verify an RS256 or ES256 signature")
	}
	return set.unusable, err
}

// parseKeySet parses a JSON Web Key Set (RFC 7517). It sets the keys aside that
// cannot be used, as section 5 recommends, and names them.
func parseKeySet(text []byte) (keySet, error) {
	if len(text) > maxKeySet {
		return keySet{}, fmt.Errorf("key set is larger than %d bytes", maxKeySet)
	}
	var set struct {
		Keys []jsontext.Value `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return keySet{}, fmt.Errorf("parse key set: %w", err)
	}
	if set.Keys == nil {
		return keySet{}, errors.New("parse key set: it has no member keys")
	}
	if len(set.Keys) > maxKeys {
		return keySet{}, fmt.Errorf("key set has more than %d keys", maxKeys)
	}
	var parsed keySet
	for i, text := range set.Keys {
		key, reason := parseKey(text)
		if reason != "" {
			parsed.unusable = append(parsed.unusable, UnusableKey{Index: i, KeyID: key.KeyID, Reason: reason})
			continue
		}
		parsed.keys = append(parsed.keys, key)
	}
	return parsed, nil
}

// parseKey returns a key, or the reason why it cannot be used.
func parseKey(text jsontext.Value) (key jose.JSONWebKey, reason string) {
	var purpose struct {
		KeyID string    `json:"kid"`
		Use   *string   `json:"use"`
		Ops   *[]string `json:"key_ops"`
	}
	if json.Unmarshal(text, &purpose) != nil {
		return key, "it is not an object with a text as kid and use, and texts as key_ops"
	}
	named := jose.JSONWebKey{KeyID: purpose.KeyID}
	switch {
	case purpose.Use != nil && *purpose.Use != "sig":
		return named, "its use is not sig"
	case purpose.Ops != nil && !slices.Contains(*purpose.Ops, "verify"):
		return named, "its key_ops do not include verify"
	case purpose.Ops != nil && repeats(*purpose.Ops):
		return named, "its key_ops repeat a value" // RFC 7517, section 4.3
	case key.UnmarshalJSON(text) != nil:
		return named, "it is not a valid key of a known type"
	case !fits(key, jose.RS256) && !fits(key, jose.ES256):
		return named, "it is not a public key for RS256 (2048 bits or more) or ES256, or its alg is another one"
	}
	return key, ""
}

func repeats(texts []string) bool {
	sorted := slices.Sorted(slices.Values(texts))
	return len(slices.Compact(sorted)) < len(texts)
}

// has reports whether a token with this key ID can be tried: with the key that has
// the ID, or without an ID with any key.
func (s keySet) has(keyID string) bool {
	return keyID == "" && len(s.keys) > 0 ||
		slices.ContainsFunc(s.keys, func(key jose.JSONWebKey) bool { return key.KeyID == keyID })
}

// candidates returns the keys that may have signed a token: those with its key ID
// that fit its algorithm. A token without a key ID can be of a key without one, or
// of the only key that fits.
func (s keySet) candidates(keyID string, algorithm jose.SignatureAlgorithm) []jose.JSONWebKey {
	var fitting, named []jose.JSONWebKey
	for _, key := range s.keys {
		if !fits(key, algorithm) {
			continue
		}
		fitting = append(fitting, key)
		if key.KeyID == keyID {
			named = append(named, key)
		}
	}
	if keyID == "" && len(fitting) == 1 {
		return fitting
	}
	return named
}

// unusableKey returns why the key that a token names cannot be used, or false if
// the set has no such unusable key.
func (s keySet) unusableKey(keyID string) (UnusableKey, bool) {
	i := slices.IndexFunc(s.unusable, func(k UnusableKey) bool { return keyID != "" && k.KeyID == keyID })
	if i < 0 {
		return UnusableKey{}, false
	}
	return s.unusable[i], true
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
