package authn_test

import (
	"context"
	"crypto/elliptic"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/shared/authn"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// accepted returns the principal of a token that Verify must accept.
func accepted(t *testing.T, v *authn.Verifier, token string) authn.Principal {
	t.Helper()
	p, err := v.Verify(t.Context(), "Bearer "+token)
	if err != nil {
		t.Fatalf("Verify: %v", err)
	}
	return p
}

func TestTokenOfTrustedIssuerIsAccepted(t *testing.T) {
	t.Parallel()
	rs, es := rsaSigner(t, "rs", 2048), ecSigner(t, "es", elliptic.P256())
	bare := es.jwk()
	bare.Algorithm, bare.Use, bare.KeyID = "", "", "bare"
	v := newVerifier(t, authn.Config{Record: records(trusting(jwks(t, rs.jwk(), es.jwk(), bare), viewers...))})
	for name, token := range map[string]string{
		"signed with RS256":                  rs.token(t, rs.header(), goodClaims()),
		"signed with ES256":                  es.token(t, es.header(), goodClaims()),
		"by a key without alg and use":       es.token(t, es.header().with(object{"kid": "bare"}), goodClaims()),
		"typ at+jwt":                         rs.token(t, rs.header().with(object{"typ": "at+jwt"}), goodClaims()),
		"no typ":                             rs.token(t, rs.header().with(object{"typ": nil}), goodClaims()),
		"an array of one audience":           rs.token(t, rs.header(), goodClaims().with(object{"aud": []string{acmeAudience}})),
		"no nbf":                             rs.token(t, rs.header(), goodClaims().with(object{"nbf": nil})),
		"expired 59 s ago":                   rs.token(t, rs.header(), goodClaims().with(times(-time.Hour, -59*time.Second))),
		"issued 59 s in the future":          rs.token(t, rs.header(), goodClaims().with(times(59*time.Second, time.Hour))),
		"lives exactly 24 h":                 rs.token(t, rs.header(), goodClaims().with(times(0, 24*time.Hour))),
		"fractions of seconds":               rs.token(t, rs.header(), goodClaims().with(object{"exp": float64(epoch.Unix()) + 0.5})),
		"a subject of 255 bytes":             rs.token(t, rs.header(), goodClaims().with(object{"sub": strings.Repeat("x", 255)})),
		"header with jku, x5u, jwk, ignored": rs.token(t, rs.header().with(object{"jku": "https://evil.example", "x5u": "https://evil.example", "jwk": rsaSigner(t, "other", 2048).jwk()}), goodClaims()),
	} {
		if p := accepted(t, v, token); p.Role != tenant.Viewer || p.Tenant != "acme" {
			t.Errorf("%s: got %+v", name, p)
		}
	}
}

// times returns iat and exp, counted from the verifier's now.
func times(issued, expires time.Duration) object {
	return object{"iat": epoch.Add(issued).Unix(), "exp": epoch.Add(expires).Unix(), "nbf": nil}
}

func TestKubernetesProjectedTokenMakesRunner(t *testing.T) {
	t.Parallel()
	cluster := rsaSigner(t, "cluster", 2048)
	trust := []tenant.Trust{{
		Issuer: "https://kubernetes.default.svc.cluster.local",
		JWKS:   jwks(t, cluster.jwk()),
		Rules: []tenant.Rule{{
			Claims: map[string]string{
				"kubernetes.io.namespace":           "strongroom",
				"kubernetes.io.serviceaccount.name": "runner",
			},
			Role:       tenant.Runner,
			Workspaces: []tenant.WorkspaceID{"prod", "staging"},
		}},
	}}
	token := cluster.token(t, object{"alg": "RS256", "kid": "cluster"}, object{
		"aud": []string{acmeAudience},
		"exp": epoch.Add(time.Hour).Unix(),
		"iat": epoch.Unix(),
		"iss": "https://kubernetes.default.svc.cluster.local",
		"jti": "ea28ed49-2e11-4280-9ec5-bc3d1d84661a",
		"kubernetes.io": object{
			"namespace":      "strongroom",
			"node":           object{"name": "127.0.0.1", "uid": "58456cb0-dd00-45ed-b797-5578fdceaced"},
			"pod":            object{"name": "runner-69cbfb9798-jv9gn", "uid": "778a530c-b3f4-47c0-9cd5-ab018fb64f33"},
			"serviceaccount": object{"name": "runner", "uid": "a087d5a0-e1dd-43ec-93ac-f13d89cd13af"},
			"warnafter":      epoch.Add(50 * time.Minute).Unix(),
		},
		"nbf": epoch.Unix(),
		"sub": "system:serviceaccount:strongroom:runner",
	})
	want := authn.Principal{
		Tenant:     "acme",
		Issuer:     "https://kubernetes.default.svc.cluster.local",
		Subject:    "system:serviceaccount:strongroom:runner",
		Role:       tenant.Runner,
		Workspaces: []tenant.WorkspaceID{"prod", "staging"},
	}
	got := accepted(t, newVerifier(t, authn.Config{Record: records(trust)}), token)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("principal (-want +got):\n%s", diff)
	}
}

func TestVerifiedTokenWithoutMatchingRuleHasNoRole(t *testing.T) {
	t.Parallel()
	key := rsaSigner(t, "rs", 2048)
	v := newVerifier(t, authn.Config{Record: records(trusting(jwks(t, key.jwk()), viewers...))})
	got := accepted(t, v, key.token(t, key.header(), goodClaims().with(object{"group": "writers"})))
	want := authn.Principal{Tenant: "acme", Issuer: issuerName, Subject: "user-1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("principal (-want +got):\n%s", diff)
	}
}

func TestPlatformRoleIsGivenByPlatformTrustOnly(t *testing.T) {
	t.Parallel()
	key := rsaSigner(t, "rs", 2048)
	everybody := map[string]string{"group": "readers"}
	staff := trusting(jwks(t, key.jwk()), tenant.Rule{Claims: everybody, Role: tenant.Platform})
	admin := trusting(jwks(t, key.jwk()), tenant.Rule{Claims: everybody, Role: tenant.Admin})
	for name, row := range map[string]struct {
		audience         string
		tenant, platform []tenant.Trust
		want             tenant.Role
	}{
		"staff by the platform's trust":              {audience: staffAudience, tenant: nil, platform: staff, want: tenant.Platform},
		"a tenant that makes staff":                  {audience: acmeAudience, tenant: staff, platform: nil, want: ""},
		"a platform that makes a tenant's admin":     {audience: staffAudience, tenant: nil, platform: admin, want: ""},
		"a tenant's admin by the tenant's own trust": {audience: acmeAudience, tenant: admin, platform: staff, want: tenant.Admin},
	} {
		v := newVerifier(t, authn.Config{
			Record:        records(row.tenant),
			PlatformTrust: func(context.Context) ([]tenant.Trust, error) { return row.platform, nil },
		})
		p := accepted(t, v, key.token(t, key.header(), goodClaims().with(object{"aud": row.audience})))
		if p.Role != row.want || (p.Tenant == "") != (row.audience == staffAudience) {
			t.Errorf("%s: got %+v, want role %q", name, p, row.want)
		}
	}
}

func TestSuspendedTenantGivesPrincipalWithoutRole(t *testing.T) {
	t.Parallel()
	key := rsaSigner(t, "rs", 2048)
	for _, state := range []tenant.State{tenant.Suspended, "", "deleting"} {
		v := newVerifier(t, authn.Config{Record: func(_ context.Context, id tenant.ID) (tenant.Record, error) {
			return tenant.Record{ID: id, State: state, Trust: trusting(jwks(t, key.jwk()), viewers...)}, nil
		}})
		p, err := v.Verify(t.Context(), "Bearer "+key.token(t, key.header(), goodClaims()))
		if !errors.Is(err, authn.ErrSuspended) || p.Subject != "user-1" || p.Tenant != "acme" || p.Role != "" {
			t.Errorf("state %q: got %+v, %v", state, p, err)
		}
		stranger := rsaSigner(t, "other", 2048)
		p, err = v.Verify(t.Context(), "Bearer "+stranger.token(t, key.header(), goodClaims()))
		if !errors.Is(err, authn.ErrUnauthenticated) || p.Subject != "" {
			t.Errorf("state %q, signed by a stranger: got %+v, %v", state, p, err)
		}
	}
}

func TestRecordThatCannotBeReadIsUnavailable(t *testing.T) {
	t.Parallel()
	key := rsaSigner(t, "rs", 2048)
	broken := errors.New("firestore is away")
	for name, record := range map[string]func(context.Context, tenant.ID) (tenant.Record, error){
		"an error":         func(context.Context, tenant.ID) (tenant.Record, error) { return tenant.Record{}, broken },
		"another tenant's": func(context.Context, tenant.ID) (tenant.Record, error) { return tenant.Record{ID: "b"}, nil },
	} {
		v := newVerifier(t, authn.Config{Record: record})
		_, err := v.Verify(t.Context(), "Bearer "+key.token(t, key.header(), goodClaims()))
		var e *authn.Error
		if !errors.As(err, &e) || !errors.Is(err, authn.ErrUnavailable) || e.RetryAfter <= 0 {
			t.Errorf("%s: got %v", name, err)
		}
		if strings.Contains(err.Error(), "firestore") {
			t.Errorf("%s: public text names what is inside: %v", name, err)
		}
	}
}

func TestNewSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]authn.Config{
		"Record is missing":        {Audience: audience},
		"Audience is not":          {Record: records(nil)},
		"without a trailing slash": {Audience: audience + "/", Record: records(nil)},
		"an http or https URL":     {Audience: "strongroom.dev", Record: records(nil)},
		"Audience is not an http":  {Audience: "ftp://strongroom.dev", Record: records(nil)},
	} {
		if _, err := authn.New(config); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%q: got %v", name, err)
		}
	}
}
