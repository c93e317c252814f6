package authn

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/strongroom-dev/strongroom/shared/secret"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Explanation says which rule of a tenant's trust assigns a role to a token, and why the
// others do not. It contains nothing of the token but its issuer and its subject.
type Explanation struct {
	Principal Principal // without a role if no rule matches
	Rules     []RuleResult
}

// RuleResult is what a rule says about a token.
type RuleResult struct {
	tenant.Rule
	Matches    bool       // all claims match; the first rule that matches assigns the role
	Mismatches []Mismatch // by the name of the claim
}

// Explain verifies a token exactly as Verify does for a tenant with this trust, and explains the
// result. It does not look up the tenant that the token's audience names. Its errors have the type
// *Error; Problem describes them to an admin of the tenant.
func (v *Verifier) Explain(ctx context.Context, bearer secret.String, record tenant.Record) (Explanation, error) {
	t, err := parseToken(bearer, v.config.Now())
	if err != nil {
		return Explanation{}, err
	}
	r, err := tenantRealm(record, nil, record.ID)
	if err != nil {
		return Explanation{}, err
	}
	r.active = true
	if t.audience != v.config.Audience+"/tenants/"+string(record.ID) && !r.admit(t) {
		return Explanation{}, errOtherAudience
	}
	if !slices.ContainsFunc(r.trust, func(entry tenant.Trust) bool { return entry.Issuer == t.issuer }) {
		return Explanation{}, errOtherIssuer
	}
	e := v.evaluate(ctx, t, r)
	out := Explanation{}
	if out.Principal, err = e.accept(r); err != nil {
		return Explanation{}, err
	}
	for _, i := range e.entries {
		for _, rule := range r.trust[i].Rules {
			out.Rules = append(out.Rules, RuleResult{Rule: rule, Matches: matches(rule, t.claims), Mismatches: mismatches(rule, t.claims)})
		}
	}
	return out, nil
}

// Problem describes an error of Explain to an admin of the tenant, who may know which of the
// tenant's keys cannot be used.
func Problem(err error) string {
	if unusable := (UnusableKey{}); errors.As(err, &unusable) {
		return fmt.Sprintf("the issuer's key that the token names cannot be used: %s", unusable.Error())
	}
	var fault *Error
	if errors.As(err, &fault) {
		return fault.Reason
	}
	return ""
}

// KeyReport says which keys of an issuer can verify a token.
type KeyReport struct {
	Usable   []string      // key IDs; empty: a key without an ID
	Unusable []UnusableKey // in the order of the key set
}

// Keys returns the keys with which tokens of an entry of a tenant's trust are verified now. An error means that
// they are not available.
func (v *Verifier) Keys(ctx context.Context, entry tenant.Trust) (KeyReport, error) {
	set, err := v.keys.of(ctx, entry, "")
	if err != nil {
		return KeyReport{}, err
	}
	report := KeyReport{Unusable: set.unusable}
	for _, key := range set.keys {
		report.Usable = append(report.Usable, key.KeyID)
	}
	return report, nil
}
