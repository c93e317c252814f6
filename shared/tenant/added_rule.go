package tenant

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"
)

// AddedRule is a rule of trust that an admin has added with the API, to an issuer that
// Terraform trusts. See infra/adr/0059-trust-rules-over-the-api.md.
type AddedRule struct {
	ID     string    `firestore:"id" class:"operational"`       // AddedRuleID of the issuer and the claims
	Issuer string    `firestore:"issuer" class:"configuration"` // exact `iss`
	Rule   Rule      `firestore:"rule"`                         // one of AddableRoles for one subject
	By     string    `firestore:"by" class:"operational"`       // auditlog.ActorKey of the admin
	Entry  string    `firestore:"entry" class:"operational"`    // audit entry of the addition
	Added  time.Time `firestore:"added" class:"operational"`    // time of the addition
}

// MaxAddedRules is how many rules the API adds to a tenant. Every process reads all of them
// with the tenant's record.
const MaxAddedRules = 50

// SubjectClaim is the claim that each rule of the API needs: it identifies one person or one
// program, so no rule of the API can match all tokens of an issuer.
const SubjectClaim = "sub"

// AddableRoles are the roles that rules of the API can assign. Builder is not one of them:
// a builder and an admin decide together what runs, so one admin must not make both.
var AddableRoles = []Role{Runner, Viewer, Auditor, Admin}

// AddedRuleID returns the ID of a rule of the API: a hash of what it matches.
func AddedRuleID(issuer string, claims map[string]string) string {
	h := sha256.New()
	_, _ = io.WriteString(h, issuer)
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		fmt.Fprintf(h, "\x00%q=%q", name, claims[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Validate returns an error if the API cannot have added the rule.
func (a AddedRule) Validate() error {
	errs := []error{a.Rule.validate(AddableRoles)}
	if a.Rule.Claims[SubjectClaim] == "" {
		errs = append(errs, errors.New("it does not have the claim sub"))
	}
	if a.Rule.ShareRuns || a.Rule.Pipeline {
		errs = append(errs, errors.New("it is of a pipeline, or shares runs"))
	}
	if a.ID != AddedRuleID(a.Issuer, a.Rule.Claims) {
		errs = append(errs, errors.New("its ID is not that of its claims"))
	}
	return errors.Join(errs...)
}

// OnlyTrust returns the index of the only element of trust with an issuer. It returns false
// if no element has it, and if several do: each has its own keys, and a rule of the API
// names only the issuer.
func OnlyTrust(trust []Trust, issuer string) (int, bool) {
	is := func(t Trust) bool { return t.Issuer == issuer }
	i := slices.IndexFunc(trust, is)
	if i < 0 || slices.ContainsFunc(trust[i+1:], is) {
		return -1, false
	}
	return i, true
}

// withAdded returns trust with the rules of the API after those of Terraform, in the order in
// which they were added. The first rule that matches applies, so a rule of the API changes
// nothing for a token that another rule matches.
func withAdded(trust []Trust, added []AddedRule) []Trust {
	if len(added) == 0 {
		return trust
	}
	trust = slices.Clone(trust)
	for i := range trust {
		trust[i].Rules = slices.Clip(trust[i].Rules) // so that append copies them
	}
	for _, a := range added {
		if i, ok := OnlyTrust(trust, a.Issuer); ok {
			rule := a.Rule
			rule.AddedID = a.ID
			trust[i].Rules = append(trust[i].Rules, rule)
		}
	}
	return trust
}
