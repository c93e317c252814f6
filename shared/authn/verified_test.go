package authn_test

import (
	"context"
	"crypto/elliptic"
	"errors"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/shared/authn"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// A token that was verified before is refused as soon as it would be for the first time.
func TestAVerifiedTokenLosesWhatItsTrustLoses(t *testing.T) {
	t.Parallel()
	key, other := ecSigner(t, "es", elliptic.P256()), ecSigner(t, "es", elliptic.P256())
	trusted := trusting(jwks(t, key.jwk()), viewers...)
	for name, test := range map[string]struct {
		later time.Duration
		trust []tenant.Trust
		state tenant.State
		role  tenant.Role
		want  error
	}{
		"nothing changes":                        {trust: trusted, role: tenant.Viewer},
		"it expires":                             {trust: trusted, later: time.Hour + time.Minute, want: authn.ErrUnauthenticated},
		"its key is replaced by one of its name": {trust: trusting(jwks(t, other.jwk()), viewers...), want: authn.ErrUnauthenticated},
		"its issuer is not trusted any more":     {want: authn.ErrUnauthenticated},
		"no rule matches it any more":            {trust: trusting(jwks(t, key.jwk()), tenant.Rule{Claims: map[string]string{"group": "writers"}, Role: tenant.Viewer})},
		"its rule assigns another role":          {trust: trusting(jwks(t, key.jwk()), tenant.Rule{Claims: map[string]string{"group": "readers"}, Role: tenant.Admin}), role: tenant.Admin},
		"its tenant is suspended":                {trust: trusted, state: tenant.Suspended, want: authn.ErrSuspended},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := epoch
			record := tenant.Record{ID: "acme", State: tenant.Active, Trust: trusted}
			v := newVerifier(t, authn.Config{
				Now:    func() time.Time { return now },
				Record: func(context.Context, tenant.ID) (tenant.Record, error) { return record, nil },
			})
			token := key.token(t, key.header(), goodClaims())
			for range 2 {
				if p := accepted(t, v, token); p.Role != tenant.Viewer {
					t.Fatalf("got %+v", p)
				}
			}
			now, record.Trust = now.Add(test.later), test.trust
			if test.state != "" {
				record.State = test.state
			}
			p, err := v.Verify(t.Context(), "Bearer "+token)
			if p.Role != test.role || !errors.Is(err, test.want) {
				t.Errorf("got %+v and %v, want the role %q and %v", p, err, test.role, test.want)
			}
		})
	}
}
