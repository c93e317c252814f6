package tenant_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// verifierKey returns the verifier key of a name and a key of a type.
func verifierKey(name string, key []byte) string {
	sum := sha256.Sum256(append([]byte(name+"\n"), key...))
	return name + "+" + hex.EncodeToString(sum[:4]) + "+" + base64.StdEncoding.EncodeToString(key)
}

func keyOfType(signatureType byte, size int) []byte {
	return append([]byte{signatureType}, make([]byte, size)...)
}

func TestWitnessesWithCosignatureKeysAreAccepted(t *testing.T) {
	t.Parallel()
	r := good()
	r.Witnesses = []string{
		verifierKey("example.com/a", keyOfType(4, 32)),
		verifierKey("example.com/b", keyOfType(6, 1312)),
	}
	if err := r.Validate(); err != nil {
		t.Error(err)
	}
	if name, err := tenant.WitnessName(r.Witnesses[0]); err != nil || name != "example.com/a" {
		t.Errorf("name %q: %v", name, err)
	}
}

func TestWitnessesThatAreRefused(t *testing.T) {
	t.Parallel()
	valid := verifierKey("a", keyOfType(4, 32))
	for name, c := range map[string]struct {
		witnesses []string
		want      string
	}{
		"an empty key":                       {[]string{""}, "NAME+HASH+KEY"},
		"a key without a name":               {[]string{verifierKey("", keyOfType(4, 32))}, "NAME+HASH+KEY"},
		"a name with a space":                {[]string{verifierKey("a b", keyOfType(4, 32))}, "NAME+HASH+KEY"},
		"a key that is no base64":            {[]string{"a+00000000+!"}, "base64"},
		"a key without bytes":                {[]string{verifierKey("a", nil)}, "base64"},
		"a key of a log":                     {[]string{verifierKey("a", keyOfType(1, 32))}, "not 0x01"},
		"a key that is too short":            {[]string{verifierKey("a", keyOfType(4, 31))}, "0x04"},
		"a hash of another name":             {[]string{"b" + valid[1:]}, "hash"},
		"two witnesses with one name":        {[]string{valid, verifierKey("a", keyOfType(6, 1312))}, "witnesses[1]: another witness"},
		"more witnesses than a log can have": {many(17), "17 witnesses, more than 16"},
	} {
		r := good()
		r.Witnesses = c.witnesses
		if err := r.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func many(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = verifierKey(fmt.Sprint("w", i), keyOfType(4, 32))
	}
	return keys
}

func FuzzWitnessName(f *testing.F) {
	f.Add(verifierKey("a", keyOfType(4, 32)))
	f.Add("a+00000000+BAAA")
	f.Fuzz(func(t *testing.T, key string) {
		name, err := tenant.WitnessName(key)
		if err == nil && !strings.HasPrefix(key, name+"+") {
			t.Errorf("the name of %q is %q", key, name)
		}
	})
}
