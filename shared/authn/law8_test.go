package authn_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/shared/authn"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Law 8: secrets stay secret. No error, principal or log line shows a token, or
// a part of one, or what a part says.
func TestLaw8TokenIsInNoErrorAndNoLog(t *testing.T) {
	t.Parallel()
	key, stranger := rsaSigner(t, "rs", 2048), rsaSigner(t, "other", 2048)
	const canary = "canary-7f3a"
	claims := goodClaims().with(object{"jti": canary})
	header := key.header().with(object{"x": canary})
	good := key.token(t, header, claims)
	tokens := map[string]string{
		"accepted":                 good,
		"signed by a stranger":     stranger.token(t, header, claims),
		"expired":                  key.token(t, header, claims.with(times(-2*time.Hour, -time.Hour))),
		"an algorithm of its own":  key.token(t, header.with(object{"alg": canary}), claims),
		"a key id of its own":      key.token(t, header.with(object{"kid": canary}), claims),
		"an invalid key id":        key.token(t, header.with(object{"kid": []string{canary}}), claims),
		"a typ of its own":         key.token(t, header.with(object{"typ": canary}), claims),
		"certificates of its own":  key.token(t, header.with(object{"x5c": []string{canary}}), claims),
		"a key of its own":         key.token(t, header.with(object{"jwk": object{"kty": canary}}), claims),
		"an audience of its own":   key.token(t, header, claims.with(object{"aud": canary})),
		"an issuer of its own":     key.token(t, header, claims.with(object{"iss": canary})),
		"a time of its own":        key.token(t, header, claims.with(object{"exp": canary})),
		"claims that are no JSON":  key.token(t, header, canary),
		"claims twice":             key.token(t, header, `{"`+canary+`":1,"`+canary+`":2}`),
		"a header that is no JSON": key.token(t, canary, claims),
		"a bad segment":            good + "!" + canary,
		"another scheme":           good,
	}
	for name, token := range tokens {
		scheme := map[bool]string{false: "Bearer ", true: canary + " "}[name == "another scheme"]
		for _, v := range verifiersOfEveryKind(t, key) {
			p, err := v.Verify(t.Context(), scheme+token)
			shown := show(p, err)
			secrets := append(strings.Split(token, "."), token, canary)
			for _, secret := range secrets {
				if len(secret) >= 8 && strings.Contains(shown, secret) {
					t.Errorf("%s: %q is shown: %s", name, secret, shown)
				}
			}
		}
	}
	if bearer, err := authn.Bearer("Bearer " + good); err != nil || strings.Contains(fmt.Sprintf("%v %#v", bearer, bearer), good[:8]) {
		t.Errorf("Bearer: %v shows the token", err)
	}
}

// verifiersOfEveryKind go well, find the tenant suspended, cannot read its
// record and cannot fetch its keys.
func verifiersOfEveryKind(t *testing.T, key signer) []*authn.Verifier {
	t.Helper()
	trust := trusting(jwks(t, key.jwk()), viewers...)
	away := []tenant.Trust{{Issuer: issuerName, JWKSURL: "https://127.0.0.1:1/", Rules: viewers}}
	suspended := func(_ context.Context, id tenant.ID) (tenant.Record, error) {
		return tenant.Record{ID: id, State: tenant.Suspended, Trust: trust}, nil
	}
	broken := func(context.Context, tenant.ID) (tenant.Record, error) { return tenant.Record{}, errors.New("away") }
	return []*authn.Verifier{
		newVerifier(t, authn.Config{Record: records(trust)}),
		newVerifier(t, authn.Config{Record: suspended}),
		newVerifier(t, authn.Config{Record: broken}),
		newVerifier(t, authn.Config{Record: records(away)}),
	}
}

// show prints a principal and an error in all the ways there are.
func show(p authn.Principal, err error) string {
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "principal", p, "err", err)
	slog.New(slog.NewTextHandler(&out, nil)).Info("m", "principal", p, "err", err)
	for ; err != nil; err = errors.Unwrap(err) {
		fmt.Fprintf(&out, "%v %+v %#v %q", err, err, err, err)
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			fmt.Fprintf(&out, "%v %+v", joined.Unwrap(), joined.Unwrap())
		}
	}
	fmt.Fprintf(&out, "%v %+v %#v", p, p, p)
	return out.String()
}
