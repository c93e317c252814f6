package tenants

import (
	"context"
	"net/http"
	"slices"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
	"github.com/strongroom-dev/strongroom/shared/secret"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// AddRuleRequest adds a rule.
type AddRuleRequest struct {
	Body struct {
		Rule  NewRuleBody   `json:"rule"`
		Token secret.String `json:"token" class:"secret" minLength:"1" maxLength:"16384" doc:"A token that the rule is for: the rule is saved only if it gives this token its role. The token is not stored"`
	}
}

type ruleResponse struct{ Body RuleBody }

// addRule is safe to repeat: a rule that exists stays as it is.
func (h *Handler) addRule(ctx context.Context, in *AddRuleRequest) (*ruleResponse, error) {
	t, err := h.trustOf(ctx)
	if err != nil {
		return nil, err
	}
	rule, err := in.Body.Rule.parse(t.written.Trust)
	if err != nil {
		return nil, err
	}
	if i := t.added(rule.ID); i >= 0 {
		return existing(t.settings.Rules[i], rule)
	}
	if err := h.haveWorkspaces(ctx, t.written.ID, rule.Rule.Workspaces); err != nil {
		return nil, err
	}
	s := access.From(ctx)
	if err := addable(t.settings, s); err != nil {
		return nil, err
	}
	if err := h.proven(ctx, t, in.Body.Token, rule); err != nil {
		return nil, err
	}
	e := ruleEntry(s, auditlog.AddTrustRule, rule)
	if rule.Entry, err = h.guard.Audit.Append(ctx, s.DB, e); err != nil {
		return nil, err
	}
	rule.By, rule.Added = auditlog.ActorKey(e.Actor), h.now()
	stored := rule
	err = h.changeSettings(ctx, s.Tenant.ID, func(old tenant.Settings) (tenant.Settings, error) {
		if i := (tenantTrust{settings: old}).added(rule.ID); i >= 0 {
			stored = old.Rules[i] // somebody has added it at the same time
			return old, nil
		}
		stored = rule
		next := old
		next.Rules = append(slices.Clone(old.Rules), rule)
		return next, addable(old, s)
	})
	if err != nil {
		return nil, err
	}
	return existing(stored, rule)
}

// existing returns a rule that the API has added, if it assigns what is asked for.
func existing(stored, wanted tenant.AddedRule) (*ruleResponse, error) {
	if stored.Rule.Role != wanted.Rule.Role || !slices.Equal(stored.Rule.Workspaces, wanted.Rule.Workspaces) {
		return nil, api.Refuse(http.StatusConflict, api.TrustShadowedText)
	}
	return &ruleResponse{showAdded(stored)}, nil
}

// haveWorkspaces rejects a workspace that the tenant does not have.
func (h *Handler) haveWorkspaces(ctx context.Context, id tenant.ID, names []tenant.WorkspaceID) error {
	if len(names) == 0 {
		return nil
	}
	all, err := h.workspaces(ctx, id)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(names, func(w tenant.WorkspaceID) bool { return !all[w] }) {
		return api.Refuse(http.StatusNotFound, "the tenant does not have one of these workspaces; add it in Terraform, in \"workspaces\" of the tenant, and apply")
	}
	return nil
}

// addable rejects one more rule than a tenant can have, and an admin whose own rule is gone.
func addable(settings tenant.Settings, s access.Session) error {
	if len(settings.Rules) >= tenant.MaxAddedRules {
		return api.Refuse(http.StatusConflict, api.TooManyRulesText)
	}
	return stillAdmin(settings, s)
}

// stillAdmin rejects an admin whose rule another admin has removed in the last minute. So two
// admins who remove each other's rules do not leave the tenant without one.
func stillAdmin(settings tenant.Settings, s access.Session) error {
	if id := s.Principal.AddedRule; id != "" && (tenantTrust{settings: settings}).added(id) < 0 {
		return api.Refuse(http.StatusConflict, "another admin has just removed the rule that gives you your role, so nothing was changed")
	}
	return nil
}

// proven rejects a rule that does not give the token its role.
func (h *Handler) proven(ctx context.Context, t tenantTrust, token secret.String, rule tenant.AddedRule) error {
	result, err := h.explain(ctx, t, token, &rule)
	if err != nil || result.Candidate {
		return err
	}
	if result.Role != "" && slices.ContainsFunc(result.Rules, func(r RuleResultBody) bool { return r.Candidate && r.Matches }) {
		return api.Refuse(http.StatusConflict, api.TrustShadowedText)
	}
	if !result.Verified {
		return api.Refuse(http.StatusConflict, api.TrustUnmatchedText, api.Fault{Message: result.Problem, Location: "body.token"})
	}
	var faults []api.Fault
	for _, r := range result.Rules {
		for _, d := range r.Differ {
			if r.Candidate {
				faults = append(faults, api.Fault{Message: "the claim " + d.Name + " of the token is " + d.Reason, Location: "body.rule.claims"})
			}
		}
	}
	return api.Refuse(http.StatusConflict, api.TrustUnmatchedText, faults...)
}

// RulePath names a rule of the API.
type RulePath struct {
	Rule string `path:"rule" class:"operational"`
}

// ruleName is the form of the ID of a rule: parameters.go in package api has it too.
var ruleName = lazyregexp.New(`^[0-9a-f]{64}$`)

var errNoRule = api.Refuse(http.StatusNotFound, "the API has not added such a rule; GET /v1/tenant/trust lists the rules, and Terraform removes its own")

// removeRule ends the role of everybody whom the rule matches, within a minute.
func (h *Handler) removeRule(ctx context.Context, in *RulePath) (*ruleResponse, error) {
	if !ruleName.MatchString(in.Rule) {
		return nil, api.Refuse(http.StatusBadRequest, "the ID of a rule has 64 of 0-9 and a-f; GET /v1/tenant/trust has the IDs")
	}
	t, err := h.trustOf(ctx)
	if err != nil {
		return nil, err
	}
	s := access.From(ctx)
	removed, _, err := without(t.settings, in.Rule, s)
	if err != nil {
		return nil, err
	}
	if _, err := h.guard.Audit.Append(ctx, s.DB, ruleEntry(s, auditlog.RemoveTrustRule, removed)); err != nil {
		return nil, err
	}
	err = h.changeSettings(ctx, s.Tenant.ID, func(old tenant.Settings) (next tenant.Settings, err error) {
		removed, next, err = without(old, in.Rule, s)
		return next, err
	})
	if err != nil {
		return nil, err
	}
	b := showAdded(removed)
	everyone := h.now().Add(directory.MaxAge)
	b.Everyone = &everyone
	return &ruleResponse{b}, nil
}

// without returns the settings without a rule. It rejects the removal of the rule to which the
// admin owes the role: an admin who removes rules always stays one, and so the last one too.
func without(settings tenant.Settings, id string, s access.Session) (removed tenant.AddedRule, next tenant.Settings, err error) {
	i := (tenantTrust{settings: settings}).added(id)
	switch err := stillAdmin(settings, s); {
	case err != nil:
		return removed, settings, err
	case i < 0:
		return removed, settings, errNoRule
	case s.Principal.AddedRule == id:
		return removed, settings, api.Refuse(http.StatusConflict, api.TrustLocksOutText)
	}
	next = settings
	next.Rules = slices.Delete(slices.Clone(settings.Rules), i, i+1)
	return settings.Rules[i], next, nil
}

// ruleEntry returns an entry of the audit log about a rule. It names the subject and what else must match.
func ruleEntry(s access.Session, action auditlog.Action, rule tenant.AddedRule) auditlog.Entry {
	e := auditlog.Entry{
		Tenant: s.Tenant.ID, Actor: auditlog.By(s.Principal), Action: action, Outcome: auditlog.Allowed, Resource: "trust-rules/" + rule.ID,
		Objects: []string{"issuer/" + rule.Issuer, "role/" + string(rule.Rule.Role)},
	}
	for _, c := range showRule(rule.Issuer, rule.Rule).Claims {
		e.Objects = append(e.Objects, "claim/"+c.Name+"="+c.Value)
	}
	for _, w := range rule.Rule.Workspaces {
		e.Objects = append(e.Objects, "workspace/"+string(w))
	}
	return e
}
