package authn

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Principal is the identity in a verified token. The zero Principal is nobody.
type Principal struct {
	Tenant     tenant.ID            // empty for platform staff
	Issuer     string               // exact `iss`
	Subject    string               // `sub`: unique within the issuer, 1 to 255 printable bytes
	Role       tenant.Role          // empty: no rule matches the token, so it may do nothing
	Workspaces []tenant.WorkspaceID // in which a runner or a builder may write; nil for other roles
	RunGroup   string               // identifies the rule whose runners share their runs; empty: the principal shares none
	Pipeline   bool                 // the rule says that the token belongs to a program and not to a person
	AddedRule  string               // ID of the rule of the API that assigned the role; empty: a rule of Terraform did
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

// Config configures a Verifier.
type Config struct {
	// Audience is the prefix of all audiences, such as https://strongroom.dev. The
	// audience of a tenant is Audience/tenants/ID, and that of platform staff is
	// Audience/platform. Required; an http or https URL without a trailing slash.
	Audience string

	// Now returns the current time. Nil means time.Now.
	Now func() time.Time

	// Logger returns the log of a request. It names the keys of issuers that cannot
	// be used. Nil means that nothing is logged.
	Logger func(context.Context) *slog.Logger

	// HTTPClient fetches key sets. Nil means a client that connects only to public
	// addresses. In both cases, it follows no redirects and a fetch takes at most 5
	// seconds.
	HTTPClient *http.Client

	// Record returns a tenant's record, or an error that wraps tenant.ErrNotFound.
	// Any other error is treated as transient. Record is called before a signature
	// is verified, so anybody can trigger any number of calls: it should cache.
	// Required.
	Record func(context.Context, tenant.ID) (tenant.Record, error)

	// Client returns the record of the tenant that trusts a client ID of an issuer, or
	// an error that wraps tenant.ErrNotFound. It is called like Record. Nil means that
	// no tenant has client IDs.
	Client func(ctx context.Context, issuer, clientID string) (tenant.Record, error)

	// PlatformTrust returns the issuers of platform staff. Their rules can assign
	// only the role tenant.Platform. Nil means that there are no platform staff.
	PlatformTrust func(context.Context) ([]tenant.Trust, error)
}

func (c Config) validate() error {
	var errs []error
	u, err := url.Parse(c.Audience)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || strings.HasSuffix(c.Audience, "/") {
		errs = append(errs, errors.New("setting Audience is not an http or https URL without a trailing slash"))
	}
	if c.Record == nil {
		errs = append(errs, errors.New("setting Record is missing"))
	}
	return errors.Join(errs...)
}

// Verifier verifies tokens. It is safe for concurrent use.
type Verifier struct {
	config   Config
	keys     *keyCache
	verified verifiedTokens
}

// New returns a Verifier. It does not fetch anything yet.
func New(config Config) (*Verifier, error) {
	if err := config.validate(); err != nil {
		return nil, fmt.Errorf("authn: %w", err)
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Logger == nil {
		config.Logger = func(context.Context) *slog.Logger { return slog.New(slog.DiscardHandler) }
	}
	if config.HTTPClient == nil {
		config.HTTPClient = guardedClient()
	}
	return &Verifier{config: config, keys: newKeyCache(config)}, nil
}

// Verify verifies the value of an Authorization header. Its errors have the type
// *Error.
//
// For a verified token that matches no rule, it returns a Principal without a role
// and no error. The caller then denies the request and can record who made it. With
// ErrSuspended, it also returns the Principal without a role, for the same reason.
// With every other error, the Principal is zero.
func (v *Verifier) Verify(ctx context.Context, authorization string) (Principal, error) {
	bearer, err := Bearer(authorization)
	if err != nil {
		return Principal{}, err
	}
	t := v.verified.get(bearer)
	if t != nil {
		err = t.claims.checkTimes(v.config.Now())
	} else {
		t, err = parseToken(bearer, v.config.Now())
	}
	if err != nil {
		return Principal{}, err
	}
	r, err := v.realm(ctx, t)
	if err != nil {
		return Principal{}, err
	}
	e := v.evaluate(ctx, t, r)
	if e.key != nil {
		v.verified.put(bearer, t, e.key)
	}
	return e.accept(r)
}

// realm is the tenant, or the platform, that an audience selects, with its trust.
type realm struct {
	tenant tenant.ID // empty: the platform
	active bool
	trust  []tenant.Trust
}

func (v *Verifier) realm(ctx context.Context, t *token) (realm, error) {
	name, ok := strings.CutPrefix(t.audience, v.config.Audience)
	if !ok {
		return v.client(ctx, t)
	}
	if name == "/platform" {
		return v.platform(ctx)
	}
	name, ok = strings.CutPrefix(name, "/tenants/")
	id, err := tenant.ParseID(name)
	if !ok || err != nil {
		return realm{}, errAudience
	}
	record, err := v.config.Record(ctx, id)
	return tenantRealm(record, err, id)
}

// client returns the realm of an ID token, whose audience is the client ID of the
// console at its issuer. Only the trust that lists the client ID counts.
func (v *Verifier) client(ctx context.Context, t *token) (realm, error) {
	staff, err := v.platform(ctx)
	if err == nil && staff.admit(t) {
		return staff, nil
	}
	if err != nil && !errors.Is(err, errUntrusted) {
		return realm{}, err
	}
	if v.config.Client == nil {
		return realm{}, errAudience
	}
	record, err := v.config.Client(ctx, t.issuer, t.audience)
	if errors.Is(err, tenant.ErrNotFound) {
		return realm{}, errAudience
	}
	r, err := tenantRealm(record, err, record.ID)
	if err == nil && !r.admit(t) {
		return realm{}, errAudience
	}
	return r, err
}

// admit keeps only the trust that lists the client ID that is the token's audience. It
// reports whether there is any.
func (r *realm) admit(t *token) bool {
	r.trust = slices.DeleteFunc(slices.Clone(r.trust), func(entry tenant.Trust) bool {
		return entry.Issuer != t.issuer || !slices.Contains(entry.ClientIDs, t.audience)
	})
	return len(r.trust) > 0
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

// tenantRealm returns the realm of a tenant whose record was looked up.
func tenantRealm(record tenant.Record, err error, id tenant.ID) (realm, error) {
	switch {
	case errors.Is(err, tenant.ErrNotFound):
		return realm{}, errUntrusted
	case err != nil:
		return realm{}, unavailable(fmt.Errorf("read the record of tenant %s: %w", id, err))
	case record.ID != id:
		return realm{}, unavailable(fmt.Errorf("read the record of tenant %s: it has the ID of another tenant", id))
	}
	return realm{tenant: id, active: record.State == tenant.Active || record.State == tenant.Offboarding, trust: record.Trust}, nil
}

// evaluation is what the trust of a realm says about a token.
type evaluation struct {
	principal Principal
	key       crypto.PublicKey // that signed the token; nil: none of its issuer's did
	failure   error            // the keys of an entry are not available now
	unusable  error            // the key that the token names is in a key set and cannot be used
	entries   []int            // indexes of the entries whose keys signed the token and whose rules were tried
	rule      int              // index of the matching rule in the last of entries; -1: none
}

// evaluate searches the realm's trust for an entry with the token's issuer, a
// key that signed the token, and a rule that matches it. Several entries may have
// the same issuer, as Kubernetes clusters often do. The rules of an entry apply only
// to tokens that the entry's own keys signed.
func (v *Verifier) evaluate(ctx context.Context, t *token, r realm) evaluation {
	e := evaluation{principal: Principal{Tenant: r.tenant, Issuer: t.issuer, Subject: t.subject}, rule: -1}
	for i, entry := range r.trust {
		if entry.Issuer != t.issuer || e.rule >= 0 {
			continue
		}
		keys, err := v.keys.of(ctx, entry, t.keyID)
		if err != nil {
			e.failure = fmt.Errorf("keys of issuer %q: %w", entry.Issuer, err)
			continue
		}
		if key, named := keys.unusableKey(t.keyID); named {
			e.unusable = fmt.Errorf("keys of issuer %q: %w", entry.Issuer, key)
		}
		if key := t.signedBy(keys); key != nil {
			e.key = key
			e.entries = append(e.entries, i)
			e.rule = assign(&e.principal, entry.Rules, t.claims)
		}
	}
	return e
}

// accept returns the principal of a token, or why it is not accepted.
func (e evaluation) accept(r realm) (Principal, error) {
	switch {
	case e.key != nil && !r.active:
		return Principal{Tenant: e.principal.Tenant, Issuer: e.principal.Issuer, Subject: e.principal.Subject}, errSuspended
	case e.principal.Role == "" && e.failure != nil: // the missing keys could be the ones that assign a role
		return Principal{}, unavailable(e.failure)
	case e.key == nil:
		return Principal{}, untrusted(e.unusable)
	}
	return e.principal, nil
}
