package authn_test

import (
	"bytes"
	"context"
	"crypto/elliptic"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/shared/authn"
)

// changed returns the JSON of a signer's key with other members.
func changed(t *testing.T, s signer, members object) string {
	t.Helper()
	var key object
	if err := json.Unmarshal(encode(t, s.jwk()), &key); err != nil {
		t.Fatal(err)
	}
	return string(encode(t, key.with(members)))
}

func TestAKeyVerifiesOnlyIfItsPurposeAllowsIt(t *testing.T) {
	t.Parallel()
	key := rsaSigner(t, "rs", 2048)
	for name, c := range map[string]struct {
		members object
		usable  bool
	}{
		"use sig":                            {object{}, true},
		"neither use nor key_ops":            {object{"use": nil}, true},
		"key_ops verify":                     {object{"use": nil, "key_ops": []string{"verify"}}, true},
		"key_ops verify among others":        {object{"key_ops": []string{"sign", "verify"}}, true},
		"use enc":                            {object{"use": "enc"}, false},
		"use in capitals":                    {object{"use": "SIG"}, false},
		"an empty use":                       {object{"use": ""}, false},
		"a use of its own":                   {object{"use": "attest"}, false},
		"a use that is no text":              {object{"use": []string{"sig"}}, false},
		"key_ops sign":                       {object{"use": nil, "key_ops": []string{"sign"}}, false},
		"key_ops encrypt, and use sig":       {object{"key_ops": []string{"encrypt", "wrapKey"}}, false},
		"key_ops verify, and use enc":        {object{"use": "enc", "key_ops": []string{"verify"}}, false},
		"no key_ops in the list":             {object{"use": nil, "key_ops": []string{}}, false},
		"key_ops in capitals":                {object{"use": nil, "key_ops": []string{"VERIFY"}}, false},
		"key_ops that is a text":             {object{"use": nil, "key_ops": "verify"}, false},
		"key_ops that repeat a value":        {object{"use": nil, "key_ops": []string{"verify", "verify"}}, false},
		"an alg for encryption":              {object{"alg": "RSA-OAEP"}, false},
		"an alg that is not accepted":        {object{"alg": "PS256"}, false},
		"a member that is not one of theirs": {object{"ext": true}, true},
	} {
		set := `{"keys":[` + changed(t, key, c.members) + `]}`
		v := newVerifier(t, authn.Config{Record: records(trusting(set, viewers...))})
		_, err := v.Verify(t.Context(), "Bearer "+key.token(t, key.header(), goodClaims()))
		if (err == nil) != c.usable {
			t.Errorf("%s: %v", name, err)
		}
		unusable, err := authn.CheckKeySet(set)
		if (len(unusable) == 0) != c.usable || (err == nil) != c.usable {
			t.Errorf("%s: unusable %v, %v", name, unusable, err)
		}
		for _, k := range unusable {
			if text := k.Error(); !strings.HasPrefix(text, `keys[0] (kid "rs"): it`) && !c.usable && k.KeyID != "" {
				t.Errorf("%s: %s", name, text)
			}
		}
	}
}

func TestUnusableKeysAreNamed(t *testing.T) {
	t.Parallel()
	good, bad := rsaSigner(t, "rs", 2048), rsaSigner(t, "other", 2048)
	set := `{"keys":[` + changed(t, good, nil) + "," + changed(t, bad, object{"use": "enc"}) + `]}`
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	v := newVerifier(t, authn.Config{
		Record: records(trusting(set, viewers...)),
		Logger: func(context.Context) *slog.Logger { return logger },
	})
	accepted(t, v, good.token(t, good.header(), goodClaims()))
	if !strings.Contains(log.String(), "keys[1]") || !strings.Contains(log.String(), "other") || strings.Contains(log.String(), "keys[0]") {
		t.Errorf("when the set is first used, the log says %q", log.String())
	}
	_, err := v.Verify(t.Context(), "Bearer "+bad.token(t, bad.header(), goodClaims()))
	var key authn.UnusableKey
	if !errors.Is(err, authn.ErrUnauthenticated) || !errors.As(err, &key) || key.KeyID != "other" {
		t.Errorf("a token that names the key: %v, cause %v", err, key)
	}
	if strings.Contains(err.Error(), "other") || strings.Contains(err.Error(), "use") {
		t.Errorf("the client learns which keys exist: %v", err)
	}
}

func TestATokenWithoutAKeyIDIsTriedWithTheOnlyKeyThatFits(t *testing.T) {
	t.Parallel()
	one, two, es := rsaSigner(t, "rs", 2048), rsaSigner(t, "other", 2048), ecSigner(t, "es", elliptic.P256())
	enc := changed(t, two, object{"use": "enc"})
	for name, c := range map[string]struct {
		keys   []string
		signer signer
		want   bool
	}{
		"one key":                                {[]string{changed(t, one, nil)}, one, true},
		"one key of each algorithm, RSA":         {[]string{changed(t, one, nil), changed(t, es, nil)}, one, true},
		"one key of each algorithm, EC":          {[]string{changed(t, one, nil), changed(t, es, nil)}, es, true},
		"another key that cannot verify":         {[]string{changed(t, one, nil), enc}, one, true},
		"two keys that fit":                      {[]string{changed(t, one, nil), changed(t, two, nil)}, one, false},
		"two keys that fit, one without ID":      {[]string{changed(t, one, nil), changed(t, two, object{"kid": nil})}, two, true},
		"one key, signed by another":             {[]string{changed(t, one, nil)}, two, false},
		"one key, signed with another algorithm": {[]string{changed(t, one, nil)}, es, false},
	} {
		v := newVerifier(t, authn.Config{Record: records(trusting(`{"keys":[`+strings.Join(c.keys, ",")+`]}`, viewers...))})
		_, err := v.Verify(t.Context(), "Bearer "+c.signer.token(t, c.signer.header().with(object{"kid": nil}), goodClaims()))
		if (err == nil) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	v := newVerifier(t, authn.Config{Record: records(trusting(jwks(t, one.jwk()), viewers...))})
	if _, err := v.Verify(t.Context(), "Bearer "+one.token(t, one.header().with(object{"kid": "x"}), goodClaims())); err == nil {
		t.Error("a token with another key ID is tried with the only key")
	}
}
