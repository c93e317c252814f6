package tenant

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// MaxWitnesses is how many witnesses a tenant can register. Each costs one read
// for each read of a checkpoint.
const MaxWitnesses = 16

// witnessKeySizes are the sizes of public keys by signature type, as
// c2sp.org/tlog-cosignature has them: Ed25519 and ML-DSA-44.
var witnessKeySizes = map[byte]int{0x04: 32, 0x06: 1312}

// WitnessName returns the name in a witness's verifier key, which has the form
// NAME+HASH+KEY of c2sp.org/signed-note. The signature type must be one of
// c2sp.org/tlog-cosignature: 0x04 (Ed25519) or 0x06 (ML-DSA-44).
func WitnessName(verifierKey string) (string, error) {
	name, rest, _ := strings.Cut(verifierKey, "+")
	hash, encoded, ok := strings.Cut(rest, "+")
	if !ok || name == "" || strings.ContainsFunc(name, unicode.IsSpace) {
		return "", errors.New("a verifier key has the form NAME+HASH+KEY")
	}
	key, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || len(key) == 0 {
		return "", errors.New("the last part of a verifier key is base64")
	}
	if size := witnessKeySizes[key[0]]; size == 0 || len(key) != 1+size {
		return "", fmt.Errorf("the key of a witness has type 0x04 (Ed25519 cosignature) or 0x06 (ML-DSA-44), not 0x%02x", key[0])
	}
	if sum := sha256.Sum256(append([]byte(name+"\n"), key...)); hash != hex.EncodeToString(sum[:4]) {
		return "", errors.New("the hash of a verifier key does not belong to its name and key")
	}
	return name, nil
}

func validateWitnesses(keys []string) error {
	var errs []error
	if len(keys) > MaxWitnesses {
		errs = append(errs, fmt.Errorf("there are %d witnesses, more than %d", len(keys), MaxWitnesses))
	}
	seen := map[string]bool{}
	for i, key := range keys {
		name, err := WitnessName(key)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("witnesses[%d]: %w", i, err))
		case seen[name]:
			errs = append(errs, fmt.Errorf("witnesses[%d]: another witness has the name %s", i, name))
		}
		seen[name] = true
	}
	return errors.Join(errs...)
}
