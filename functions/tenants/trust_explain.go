package tenants

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/authn"
	"github.com/strongroom-dev/strongroom/shared/secret"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// NewRuleBody is a rule that the API can add.
type NewRuleBody struct {
	Issuer     string      `json:"issuer" class:"configuration" minLength:"1" maxLength:"1024" doc:"Exact iss of the tokens; Terraform trusts it, with one key set"`
	Claims     []ClaimBody `json:"claims" minItems:"1" maxItems:"8" doc:"All of them must match; one of them is sub"`
	Role       string      `json:"role" class:"configuration" enum:"runner,viewer,auditor,admin"`
	Workspaces []string    `json:"workspaces,omitempty" class:"configuration" maxItems:"50" maxLength:"63" doc:"In which a runner may write; only for the role runner"`
}

// TestTrustRequest asks what the tenant's rules say about a token.
type TestTrustRequest struct {
	Body struct {
		Token secret.String `json:"token" class:"secret" minLength:"1" maxLength:"16384" doc:"The token that a client would send, without the word Bearer. It is not stored"`
		Rule  *NewRuleBody  `json:"rule,omitempty" doc:"Is tried as if the API had added it; absent: only the rules in effect"`
	}
}

// TrustTestBody says which rule assigns a role to a token.
type TrustTestBody struct {
	Verified   bool             `json:"verified" class:"operational" doc:"The tenant accepts the token: it is valid now, for this tenant, and signed by a trusted key"`
	Problem    string           `json:"problem,omitempty" class:"operational" doc:"Why it does not"`
	Issuer     string           `json:"issuer,omitempty" class:"configuration" doc:"Only of a token that is verified"`
	Subject    string           `json:"subject,omitempty" class:"configuration" doc:"Only of a token that is verified"`
	Role       string           `json:"role,omitempty" class:"configuration" enum:"runner,builder,viewer,auditor,admin" doc:"Absent: no rule matches, so the token may do nothing"`
	Workspaces []string         `json:"workspaces,omitempty" class:"configuration" doc:"In which it may write"`
	Candidate  bool             `json:"candidate" class:"operational" doc:"The rule of the request gives it the role"`
	Rules      []RuleResultBody `json:"rules" doc:"Those that were tried, in their order. The first one that matches gives the role"`
}

// RuleResultBody is what one rule says about the token.
type RuleResultBody struct {
	RuleBody
	Candidate bool                `json:"candidate" class:"operational" doc:"It is the rule of the request"`
	Matches   bool                `json:"matches" class:"operational"`
	Differ    []ClaimMismatchBody `json:"differ" doc:"The claims that do not match"`
}

// ClaimMismatchBody is a claim that does not match. It does not have the value in the token.
type ClaimMismatchBody struct {
	Name   string `json:"name" class:"configuration"`
	Reason string `json:"reason" class:"operational" enum:"absent,different" doc:"The token does not have the claim, or with another value"`
}

type trustTestResponse struct{ Body TrustTestBody }

// testTrust records the test before it verifies the token. It stores and logs nothing of the token.
func (h *Handler) testTrust(ctx context.Context, in *TestTrustRequest) (*trustTestResponse, error) {
	t, err := h.trustOf(ctx)
	if err != nil {
		return nil, err
	}
	var rule *tenant.AddedRule
	if in.Body.Rule != nil {
		parsed, err := in.Body.Rule.parse(t.written.Trust)
		if err != nil {
			return nil, err
		}
		rule = &parsed
	}
	s := access.From(ctx)
	if _, err := h.guard.Audit.Append(ctx, s.DB, auditlog.Entry{
		Tenant: s.Tenant.ID, Actor: auditlog.By(s.Principal), Action: auditlog.TestTrust, Outcome: auditlog.Allowed,
		Resource: "tenants/" + string(s.Tenant.ID),
	}); err != nil {
		return nil, err
	}
	body, err := h.explain(ctx, t, in.Body.Token, rule)
	return &trustTestResponse{body}, err
}

// explain verifies the token with the verifier of every request. candidate is tried after all
// other rules, where the API would add it.
func (h *Handler) explain(ctx context.Context, t tenantTrust, token secret.String, candidate *tenant.AddedRule) (TrustTestBody, error) {
	tried := t
	if candidate != nil {
		tried.settings = t.with(*candidate)
	}
	b := TrustTestBody{Rules: []RuleResultBody{}}
	explained, err := h.guard.Verifier.Explain(ctx, token, tried.written.With(tried.settings))
	if fault := (*authn.Error)(nil); errors.As(err, &fault) {
		if errors.Is(err, authn.ErrUnavailable) {
			return b, api.Refuse(http.StatusServiceUnavailable, fault.Reason).With("Retry-After", strconv.Itoa(int(fault.RetryAfter.Seconds())))
		}
		b.Problem = authn.Problem(err)
		return b, nil
	}
	if err != nil {
		return b, err
	}
	p := explained.Principal
	b.Verified, b.Issuer, b.Subject, b.Role = true, p.Issuer, p.Subject, string(p.Role)
	for _, w := range p.Workspaces {
		b.Workspaces = append(b.Workspaces, string(w))
	}
	for _, r := range explained.Rules {
		result := RuleResultBody{RuleBody: tried.show(p.Issuer, r.Rule), Matches: r.Matches, Differ: []ClaimMismatchBody{}}
		if result.Candidate = candidate != nil && r.AddedID == candidate.ID && t.added(candidate.ID) < 0; result.Candidate {
			result.Added, result.Everyone = nil, nil
		}
		for _, m := range r.Mismatches {
			result.Differ = append(result.Differ, ClaimMismatchBody{Name: m.Claim, Reason: mismatchReason(m)})
		}
		b.Rules = append(b.Rules, result)
		b.Candidate = b.Candidate || result.Candidate && p.AddedRule == r.AddedID
	}
	return b, nil
}

// with returns the settings with one rule more, unless they have it already.
func (t tenantTrust) with(rule tenant.AddedRule) tenant.Settings {
	s := t.settings
	if t.added(rule.ID) < 0 {
		s.Rules = append(s.Rules[:len(s.Rules):len(s.Rules)], rule)
	}
	return s
}

func mismatchReason(m authn.Mismatch) string {
	if m.Absent {
		return "absent"
	}
	return "different"
}

// parse returns the rule, or why the API cannot add it to what Terraform trusts.
func (b NewRuleBody) parse(trust []tenant.Trust) (tenant.AddedRule, error) {
	rule := tenant.AddedRule{Issuer: b.Issuer, Rule: tenant.Rule{Claims: map[string]string{}, Role: tenant.Role(b.Role)}}
	for i, c := range b.Claims {
		at := "body.rule.claims[" + strconv.Itoa(i) + "]"
		if !authn.ValidSubject(c.Name) || !authn.ValidSubject(c.Value) {
			return rule, invalidRule("a claim has a name and a value of 1 to 255 printable bytes", at)
		}
		if _, twice := rule.Rule.Claims[c.Name]; twice {
			return rule, invalidRule("the rule names a claim twice", at)
		}
		rule.Rule.Claims[c.Name] = c.Value
	}
	if rule.Rule.Claims[tenant.SubjectClaim] == "" {
		return rule, invalidRule("the rule needs the claim sub, so that it is for one person or one program; Terraform adds rules for several", "body.rule.claims")
	}
	for i, name := range b.Workspaces {
		w, err := tenant.ParseWorkspaceID(name)
		if err != nil {
			return rule, invalidRule(err.Error(), "body.rule.workspaces["+strconv.Itoa(i)+"]")
		}
		rule.Rule.Workspaces = append(rule.Rule.Workspaces, w)
	}
	if (rule.Rule.Role == tenant.Runner) != (len(b.Workspaces) > 0) {
		return rule, invalidRule("a rule with the role runner names its workspaces, and no other rule does", "body.rule.workspaces")
	}
	rule.ID = tenant.AddedRuleID(rule.Issuer, rule.Rule.Claims)
	if err := rule.Validate(); err != nil {
		return rule, invalidRule("the rule is invalid", "body.rule")
	}
	if _, ok := tenant.OnlyTrust(trust, rule.Issuer); !ok {
		return rule, api.Refuse(http.StatusConflict, api.TrustIssuerText)
	}
	return rule, nil
}

func invalidRule(message, location string) error {
	return api.Refuse(http.StatusUnprocessableEntity, "the rule cannot be added; correct the fields listed in errors", api.Fault{Message: message, Location: location})
}
