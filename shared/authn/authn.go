package authn

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Principal is who a verified token speaks for. The zero Principal is nobody.
type Principal struct {
	Tenant     tenant.ID            // empty for platform staff
	Issuer     string               // exact `iss`
	Subject    string               // `sub`: unique within the issuer, 1 to 255 printable bytes
	Role       tenant.Role          // empty: verified, but no rule matches; may do nothing
	Workspaces []tenant.WorkspaceID // of a runner: where it may put in; nil for others, whose membership is kept elsewhere
}

// LogValue implements slog.LogValuer.
func (p Principal) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("tenant", string(p.Tenant)),
		slog.String("issuer", p.Issuer),
		slog.String("subject", p.Subject),
		slog.String("role", string(p.Role)),
	)
}

// Config is what a Verifier needs.
type Config struct {
	// Audience is what all audiences begin with, as https://strongroom.dev: a
	// tenant's tokens are for Audience/tenants/ID, those of platform staff for
	// Audience/platform. Required; an http or https URL without a last slash.
	Audience string

	// Now tells the time. Nil: time.Now.
	Now func() time.Time

	// HTTPClient fetches key sets. Nil: a client that reaches public addresses
	// only. Whichever it is, it follows no redirect and takes at most 5 seconds.
	HTTPClient *http.Client

	// Record gives a tenant's record, or an error that is tenant.ErrNotFound;
	// any other error is taken to be transient. It is asked before a signature
	// is verified, as often as anybody likes: it should cache. Required.
	Record func(context.Context, tenant.ID) (tenant.Record, error)

	// PlatformTrust gives the issuers of platform staff; its rules can give
	// the role tenant.Platform only. Nil: there are no platform staff.
	PlatformTrust func(context.Context) ([]tenant.Trust, error)
}

func (c Config) validate() error {
	var errs []error
	u, err := url.Parse(c.Audience)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || strings.HasSuffix(c.Audience, "/") {
		errs = append(errs, errors.New("setting Audience is not an http or https URL without a last slash"))
	}
	if c.Record == nil {
		errs = append(errs, errors.New("setting Record is missing"))
	}
	return errors.Join(errs...)
}

// Verifier verifies tokens. It is safe for concurrent use.
type Verifier struct {
	config Config
	keys   *keyCache
}

// New makes a Verifier; it fetches nothing yet.
func New(config Config) (*Verifier, error) {
	if err := config.validate(); err != nil {
		return nil, fmt.Errorf("authn: %w", err)
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.HTTPClient == nil {
		config.HTTPClient = guardedClient()
	}
	return &Verifier{config: config, keys: newKeyCache(config.HTTPClient, config.Now)}, nil
}

// Verify judges the whole value of an Authorization header. Its errors are of
// type *Error.
//
// A verified token that matches no rule gives a Principal without a role and
// no error: authorisation denies it, and its denial can be recorded. With
// ErrSuspended the Principal, without a role, is given too, for the same
// reason; with every other error it is zero.
func (v *Verifier) Verify(ctx context.Context, authorization string) (Principal, error) {
	bearer, err := Bearer(authorization)
	if err != nil {
		return Principal{}, err
	}
	t, err := parseToken(bearer, v.config.Now())
	if err != nil {
		return Principal{}, err
	}
	r, err := v.realm(ctx, t.audience)
	if err != nil {
		return Principal{}, err
	}
	return v.judge(ctx, t, r)
}

// realm is what an audience names: a tenant, or the platform, and whom it trusts.
type realm struct {
	tenant tenant.ID // empty: the platform
	active bool
	trust  []tenant.Trust
}

func (v *Verifier) realm(ctx context.Context, audience string) (realm, error) {
	name, ok := strings.CutPrefix(audience, v.config.Audience)
	if !ok {
		return realm{}, errAudience
	}
	if name == "/platform" {
		return v.platform(ctx)
	}
	name, ok = strings.CutPrefix(name, "/tenants/")
	id, err := tenant.ParseID(name)
	if !ok || err != nil {
		return realm{}, errAudience
	}
	return v.tenant(ctx, id)
}

func (v *Verifier) platform(ctx context.Context) (realm, error) {
	if v.config.PlatformTrust == nil {
		return realm{}, errUntrusted
	}
	trust, err := v.config.PlatformTrust(ctx)
	if err != nil {
		return realm{}, unavailable(fmt.Errorf("read the platform's trust: %w", err))
	}
	return realm{active: true, trust: trust}, nil
}

func (v *Verifier) tenant(ctx context.Context, id tenant.ID) (realm, error) {
	record, err := v.config.Record(ctx, id)
	switch {
	case errors.Is(err, tenant.ErrNotFound):
		return realm{}, errUntrusted
	case err != nil:
		return realm{}, unavailable(fmt.Errorf("read the record of tenant %s: %w", id, err))
	case record.ID != id:
		return realm{}, unavailable(fmt.Errorf("read the record of tenant %s: it is another's", id))
	}
	return realm{tenant: id, active: record.State == tenant.Active, trust: record.Trust}, nil
}

// judge looks for an entry of the realm's trust that has the token's issuer, a
// key that signed it and a rule that matches it. Entries may share an issuer
// name (Kubernetes clusters often do); each one's rules hold for what its own
// keys signed.
func (v *Verifier) judge(ctx context.Context, t *token, r realm) (Principal, error) {
	p := Principal{Tenant: r.tenant, Issuer: t.issuer, Subject: t.subject}
	var verified bool
	var failure error
	for _, entry := range r.trust {
		if entry.Issuer != t.issuer || p.Role != "" {
			continue
		}
		signed, err := v.signedBy(ctx, t, entry)
		if err != nil {
			failure = fmt.Errorf("keys of issuer %q: %w", entry.Issuer, err)
		}
		if signed {
			verified = true
			p.Role, p.Workspaces = assign(entry.Rules, t.claims, r.tenant == "")
		}
	}
	switch {
	case verified && !r.active:
		return Principal{Tenant: p.Tenant, Issuer: p.Issuer, Subject: p.Subject}, errSuspended
	case p.Role == "" && failure != nil: // the keys that are missing may be those of a role
		return Principal{}, unavailable(failure)
	case !verified:
		return Principal{}, errUntrusted
	}
	return p, nil
}

func (v *Verifier) signedBy(ctx context.Context, t *token, entry tenant.Trust) (bool, error) {
	keys, err := v.keys.of(ctx, entry, t.keyID)
	if err != nil {
		return false, err
	}
	return t.signedBy(keys), nil
}
