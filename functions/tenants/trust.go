package tenants

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

func (h *Handler) registerTrust(a *api.API) {
	api.Register(a, h.operation("getTrust", http.MethodGet, trustPath, "Show whose tokens the tenant accepts, and the rules that give them a role", auditlog.ReadTrust), h.trust)
	api.Register(a, h.operation("testTrust", http.MethodPost, trustTestPath, "Show which rule gives a token its role, and why the others do not", auditlog.TestTrust, 409), h.testTrust)
	api.Register(a, h.operation("addTrustRule", http.MethodPost, rulesPath, "Add a rule, if a token shows that it works", auditlog.AddTrustRule, 404, 409), h.addRule)
	api.Register(a, h.operation("removeTrustRule", http.MethodDelete, rulePath, "Remove a rule that the API has added", auditlog.RemoveTrustRule, 404, 409), h.removeRule)
}

// TrustBody is what the tenant trusts.
type TrustBody struct {
	Issuers []IssuerBody `json:"issuers" doc:"In the order in which they are tried"`
	Rules   []RuleBody   `json:"rules" doc:"In the order in which they are tried: for each issuer, those of Terraform and then those of the API. The first one that matches applies"`
}

// IssuerBody is an issuer whose tokens the tenant accepts, with its keys.
type IssuerBody struct {
	Issuer    string            `json:"issuer" class:"configuration" doc:"Exact iss of the tokens"`
	Owner     string            `json:"owner" class:"operational" enum:"terraform" doc:"Who can change the issuer and its keys"`
	JWKSURL   string            `json:"jwksUrl,omitempty" class:"configuration" doc:"Where the keys are fetched from; absent: the tenant's record has them"`
	ClientIDs []string          `json:"clientIds,omitempty" class:"configuration" doc:"Client IDs at this issuer of those who sign in to the console or with the command line"`
	Keys      []string          `json:"keys" class:"configuration" doc:"IDs of the keys that verify tokens; empty: a key without an ID"`
	Unusable  []UnusableKeyBody `json:"unusableKeys" doc:"Keys of the key set that can verify nothing"`
	Problem   string            `json:"problem,omitempty" class:"operational" doc:"Why no token of this issuer is accepted now"`
}

// UnusableKeyBody is a key that cannot verify a token.
type UnusableKeyBody struct {
	Index  int    `json:"index" class:"operational" doc:"In the key set, from 0"`
	KeyID  string `json:"keyId,omitempty" class:"configuration"`
	Reason string `json:"reason" class:"operational" doc:"Why it cannot be used"`
}

// ClaimBody is a claim that a token must have.
type ClaimBody struct {
	Name  string `json:"name" class:"configuration" minLength:"1" maxLength:"255" doc:"Name, or a path with dots into objects"`
	Value string `json:"value" class:"configuration" minLength:"1" maxLength:"255" doc:"Exact value; of an array, any element"`
}

// RuleBody is a rule that assigns a role.
type RuleBody struct {
	ID         string      `json:"id,omitempty" class:"operational" doc:"Only of the API's rules: remove it with this ID"`
	Owner      string      `json:"owner" class:"operational" enum:"terraform,api" doc:"Who can remove it"`
	Issuer     string      `json:"issuer" class:"configuration"`
	Claims     []ClaimBody `json:"claims" doc:"All of them must match"`
	Role       string      `json:"role" class:"configuration" enum:"runner,builder,viewer,auditor,admin"`
	Workspaces []string    `json:"workspaces,omitempty" class:"configuration" doc:"In which a runner or a builder may write"`
	ShareRuns  bool        `json:"shareRuns,omitempty" class:"configuration" doc:"The rule's runners may change each other's runs"`
	Pipeline   bool        `json:"pipeline,omitempty" class:"configuration" doc:"The rule's tokens belong to a program"`
	AddedBy    string      `json:"addedBy,omitempty" class:"operational" doc:"The actor in the audit log who added it with the API"`
	Added      *time.Time  `json:"added,omitempty" class:"operational" doc:"When the API added it"`
	Everyone   *time.Time  `json:"everyone,omitempty" class:"operational" doc:"By then, every process applies the addition, or the removal in the answer to one"`
	Entry      string      `json:"entry,omitempty" class:"operational" doc:"Entry of the audit log that is from before the addition"`
	Problem    string      `json:"problem,omitempty" class:"operational" doc:"Why it has no effect, or not the one that it was added for"`
}

type trustResponse struct{ Body TrustBody }

func (h *Handler) trust(ctx context.Context, _ *struct{}) (*trustResponse, error) {
	t, err := h.trustOf(ctx)
	if err != nil {
		return nil, err
	}
	out := &trustResponse{}
	if out.Body.Issuers, err = h.issuers(ctx, t.written.Trust); err != nil {
		return nil, err
	}
	workspaces, err := h.workspaces(ctx, t.written.ID)
	if err != nil {
		return nil, err
	}
	out.Body.Rules = t.rules(workspaces)
	return out, nil
}

// tenantTrust is what the session's tenant trusts, read by this request.
type tenantTrust struct {
	written  tenant.Record // as Terraform wrote it
	settings tenant.Settings
}

func (h *Handler) trustOf(ctx context.Context) (t tenantTrust, err error) {
	t.written, t.settings, err = h.guard.Directory.Read(ctx, access.From(ctx).Tenant.ID)
	return t, err
}

// issuers fetches the key sets at the same time, because each fetch may take five seconds.
func (h *Handler) issuers(ctx context.Context, trust []tenant.Trust) ([]IssuerBody, error) {
	all := make([]IssuerBody, len(trust))
	var group errgroup.Group
	group.SetLimit(10)
	for i, entry := range trust {
		group.Go(func() error {
			all[i] = h.issuer(ctx, entry)
			return nil
		})
	}
	return all, group.Wait()
}

func (h *Handler) issuer(ctx context.Context, entry tenant.Trust) IssuerBody {
	b := IssuerBody{Issuer: entry.Issuer, Owner: ownerTerraform, ClientIDs: entry.ClientIDs, Keys: []string{}, Unusable: []UnusableKeyBody{}}
	if entry.JWKS == "" {
		b.JWKSURL = entry.JWKSURL
	}
	report, err := h.guard.Verifier.Keys(ctx, entry)
	switch {
	case err != nil:
		// The error can have addresses inside the platform's network.
		api.Logger(ctx).WarnContext(ctx, "keys of an issuer are not available", "issuer", entry.Issuer, "error", err)
		b.Problem = "the key set cannot be fetched or parsed now; check that jwksUrl is a public https URL and that its answer is a JSON Web Key Set"
	case len(report.Usable) == 0:
		b.Problem = "the key set has no key that can verify an RS256 or ES256 signature"
	default:
		b.Keys = report.Usable
	}
	for _, key := range report.Unusable {
		b.Unusable = append(b.Unusable, UnusableKeyBody{Index: key.Index, KeyID: key.KeyID, Reason: key.Reason})
	}
	return b
}

// workspaces returns the workspaces of a tenant.
func (h *Handler) workspaces(ctx context.Context, id tenant.ID) (map[tenant.WorkspaceID]bool, error) {
	db, err := h.guard.Directory.Client(ctx)
	if err != nil {
		return nil, err
	}
	refs, err := directory.Workspace(db, id, "any").Parent.Select().Documents(ctx).GetAll()
	if err != nil {
		return nil, err
	}
	all := map[tenant.WorkspaceID]bool{}
	for _, doc := range refs {
		all[tenant.WorkspaceID(doc.Ref.ID)] = true
	}
	return all, nil
}

// rules lists the rules in the order in which they are tried, and at the end those of the API
// that have no effect.
func (t tenantTrust) rules(workspaces map[tenant.WorkspaceID]bool) []RuleBody {
	all := []RuleBody{}
	for _, entry := range t.written.With(t.settings).Trust {
		for _, rule := range entry.Rules {
			b := t.show(entry.Issuer, rule)
			if b.Owner == ownerAPI && slices.ContainsFunc(rule.Workspaces, func(w tenant.WorkspaceID) bool { return !workspaces[w] }) {
				b.Problem = "the tenant does not have one of its workspaces any more; remove the rule, or add the workspace in Terraform"
			}
			all = append(all, b)
		}
	}
	for _, added := range t.settings.Rules {
		if _, ok := tenant.OnlyTrust(t.written.Trust, added.Issuer); !ok {
			b := showAdded(added)
			b.Problem = "it has no effect: Terraform does not trust its issuer any more, or with several key sets; remove the rule"
			all = append(all, b)
		}
	}
	return all
}

// show describes a rule that is in effect.
func (t tenantTrust) show(issuer string, rule tenant.Rule) RuleBody {
	if i := t.added(rule.AddedID); i >= 0 {
		return showAdded(t.settings.Rules[i])
	}
	return showRule(issuer, rule)
}

func showRule(issuer string, rule tenant.Rule) RuleBody {
	b := RuleBody{Owner: ownerTerraform, Issuer: issuer, Claims: []ClaimBody{}, Role: string(rule.Role), ShareRuns: rule.ShareRuns, Pipeline: rule.Pipeline}
	for _, name := range slices.Sorted(maps.Keys(rule.Claims)) {
		b.Claims = append(b.Claims, ClaimBody{Name: name, Value: rule.Claims[name]})
	}
	for _, w := range rule.Workspaces {
		b.Workspaces = append(b.Workspaces, string(w))
	}
	return b
}

// showAdded describes a rule of the API.
func showAdded(a tenant.AddedRule) RuleBody {
	b, everyone := showRule(a.Issuer, a.Rule), a.Added.Add(directory.MaxAge)
	b.ID, b.Owner, b.AddedBy, b.Added, b.Everyone, b.Entry = a.ID, ownerAPI, a.By, &a.Added, &everyone, a.Entry
	return b
}

// added returns the index of a rule of the API, or -1.
func (t tenantTrust) added(id string) int {
	return slices.IndexFunc(t.settings.Rules, func(a tenant.AddedRule) bool { return a.ID == id })
}
