package api

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/strongroom-dev/strongroom/shared/secret"
)

// Trust is whose tokens the tenant accepts, and the rules that give them a role.
type Trust struct {
	Issuers []TrustIssuer `json:"issuers"`
	Rules   []TrustRule   `json:"rules"` // in the order in which they are tried
}

// TrustIssuer is an issuer with its keys. Terraform owns it.
type TrustIssuer struct {
	Issuer       string        `json:"issuer"`
	Owner        string        `json:"owner"`
	JWKSURL      string        `json:"jwksUrl,omitempty"`
	ClientIDs    []string      `json:"clientIds,omitempty"`
	Keys         []string      `json:"keys"` // IDs of the keys that verify tokens
	UnusableKeys []UnusableKey `json:"unusableKeys"`
	Problem      string        `json:"problem,omitempty"` // why no token is accepted now
}

// UnusableKey is a key that can verify nothing.
type UnusableKey struct {
	Index  int    `json:"index"`
	KeyID  string `json:"keyId,omitempty"`
	Reason string `json:"reason"`
}

// TrustClaim is a claim that a token must have.
type TrustClaim struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// TrustRule is a rule that assigns a role.
type TrustRule struct {
	ID         string       `json:"id,omitempty"` // only of the API's rules
	Owner      string       `json:"owner"`        // terraform or api: who can remove it
	Issuer     string       `json:"issuer"`
	Claims     []TrustClaim `json:"claims"`
	Role       string       `json:"role"`
	Workspaces []string     `json:"workspaces,omitempty"`
	ShareRuns  bool         `json:"shareRuns,omitempty"`
	Pipeline   bool         `json:"pipeline,omitempty"`
	AddedBy    string       `json:"addedBy,omitempty"`
	Added      *time.Time   `json:"added,omitempty"`
	Everyone   *time.Time   `json:"everyone,omitempty"` // by then, every process applies the change
	Entry      string       `json:"entry,omitempty"`    // ID of the audit entry of the addition
	Problem    string       `json:"problem,omitempty"`  // why it has no effect
}

// NewTrustRule is a rule to test or to add.
type NewTrustRule struct {
	Issuer     string       `json:"issuer"`
	Claims     []TrustClaim `json:"claims"`
	Role       string       `json:"role"`
	Workspaces []string     `json:"workspaces,omitempty"`
}

// TrustTest says which rule assigns a role to a token.
type TrustTest struct {
	Verified   bool             `json:"verified"`
	Problem    string           `json:"problem,omitempty"` // why the token is not accepted
	Issuer     string           `json:"issuer,omitempty"`
	Subject    string           `json:"subject,omitempty"`
	Role       string           `json:"role,omitempty"` // empty: no rule matches
	Workspaces []string         `json:"workspaces,omitempty"`
	Candidate  bool             `json:"candidate"` // the rule to test assigns the role
	Rules      []TrustRuleMatch `json:"rules"`
}

// TrustRuleMatch says whether a rule matches a token.
type TrustRuleMatch struct {
	TrustRule
	Candidate bool          `json:"candidate"` // it is the rule to test
	Matches   bool          `json:"matches"`
	Differ    []ClaimDiffer `json:"differ"`
}

// ClaimDiffer is a claim that does not match.
type ClaimDiffer struct {
	Name   string `json:"name"`
	Reason string `json:"reason"` // absent or different
}

// Trust reads the tenant's trust.
func (c *Client) Trust(ctx context.Context) (t Trust, err error) {
	err = c.call(ctx, request{what: "read the trust", method: http.MethodGet, path: "/v1/tenant/trust"}, &t)
	return t, err
}

// TestTrust asks which rule assigns a role to a token. rule is tried as if it was added; nil: no rule.
func (c *Client) TestTrust(ctx context.Context, token secret.String, rule *NewTrustRule) (t TrustTest, err error) {
	r := request{what: "test the trust", method: http.MethodPost, path: "/v1/tenant/trust/test"}
	r.in = struct {
		Token string        `json:"token"`
		Rule  *NewTrustRule `json:"rule,omitempty"`
	}{token.Reveal(), rule}
	err = c.call(ctx, r, &t)
	return t, err
}

// AddTrustRule adds a rule that assigns a role to a token. It is safe to retry.
func (c *Client) AddTrustRule(ctx context.Context, token secret.String, rule NewTrustRule) (added TrustRule, err error) {
	r := request{what: "add the rule", method: http.MethodPost, path: "/v1/tenant/trust/rules"}
	r.in = struct {
		Token string       `json:"token"`
		Rule  NewTrustRule `json:"rule"`
	}{token.Reveal(), rule}
	err = c.call(ctx, r, &added)
	return added, err
}

// RemoveTrustRule removes a rule that the API has added.
func (c *Client) RemoveTrustRule(ctx context.Context, id string) (removed TrustRule, err error) {
	err = c.call(ctx, request{what: "remove the rule", method: http.MethodDelete, path: "/v1/tenant/trust/rules/" + url.PathEscape(id)}, &removed)
	return removed, err
}
