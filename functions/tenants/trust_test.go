package tenants_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

type claim struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type shownRule struct {
	ID, Owner, Issuer, Role, Entry, AddedBy, Problem string
	Claims                                           []claim
	Workspaces                                       []string
	Added, Everyone                                  time.Time
}

type shownTrust struct {
	Issuers []struct {
		Issuer, Owner, Problem string
		ClientIDs, Keys        []string
		UnusableKeys           []struct{ KeyID, Reason string }
	}
	Rules []shownRule
}

type trustTest struct {
	Verified, Candidate            bool
	Problem, Issuer, Subject, Role string
	Workspaces                     []string
	Rules                          []struct {
		shownRule
		Candidate, Matches bool
		Differ             []struct{ Name, Reason string }
	}
}

func trust(t *testing.T, tn *cloudtest.Tenant) (all shownTrust) {
	t.Helper()
	tn.Do(t, "auditor", http.MethodGet, "/v1/tenant/trust", nil).Want(t, http.StatusOK).JSON(t, &all)
	return all
}

// tokenOf returns a token of the tenant's issuer with a subject and other claims.
func tokenOf(t *testing.T, tn *cloudtest.Tenant, subject string, others map[string]any) string {
	t.Helper()
	claims := map[string]any{"sub": subject, "aud": suite.Audience + "/tenants/" + string(tn.ID)}
	maps.Copy(claims, others)
	token, err := tn.Cloud.Issuer.Token(claims, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// ruleFor returns a rule for one subject.
func ruleFor(tn *cloudtest.Tenant, role, subject string, more ...claim) map[string]any {
	rule := map[string]any{"issuer": tn.Cloud.Issuer.URL(), "role": role, "claims": append([]claim{{"sub", subject}}, more...)}
	if role == "runner" {
		rule["workspaces"] = []string{string(tn.Workspace)}
	}
	return rule
}

func addRule(t *testing.T, tn *cloudtest.Tenant, role, subject string) (r shownRule) {
	t.Helper()
	body := map[string]any{"rule": ruleFor(tn, role, subject), "token": tokenOf(t, tn, subject, nil)}
	tn.Do(t, "admin", http.MethodPost, "/v1/tenant/trust/rules", body).Want(t, http.StatusOK).JSON(t, &r)
	return r
}

// admits reports whether a subject may show the tenant: auditors and admins may.
func admits(t *testing.T, tn *cloudtest.Tenant, subject string) bool {
	t.Helper()
	r := tn.Cloud.Do(t, tokenOf(t, tn, subject, nil), http.MethodGet, "/v1/tenant/trust", nil)
	if r.Status != http.StatusOK && r.Status != http.StatusForbidden {
		t.Fatalf("status %d: %s", r.Status, r.Body)
	}
	return r.Status == http.StatusOK
}

// With its own cloud, because the clock of a shared one does not advance.
func TestARuleGivesAndEndsARoleWithinAMinute(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	if admits(t, tn, "ann") {
		t.Fatal("a subject that no rule names has a role")
	}
	rule := addRule(t, tn, "auditor", "ann")
	if want := tenant.AddedRuleID(c.Issuer.URL(), map[string]string{"sub": "ann"}); rule.ID != want || rule.Owner != "api" || rule.Entry == "" || rule.AddedBy == "" {
		t.Errorf("the rule is %+v", rule)
	}
	if got := rule.Everyone.Sub(rule.Added); got != directory.MaxAge {
		t.Errorf("every process applies it after %s", got)
	}
	c.Clock.Advance(directory.MaxAge)
	if !admits(t, tn, "ann") || admits(t, tn, "bob") {
		t.Error("after a minute, the rule does not apply to ann, or applies to bob too")
	}
	if again := addRule(t, tn, "auditor", "ann"); !cmp.Equal(again, rule) {
		t.Errorf("added again, the rule is %+v", again)
	}
	tn.Do(t, "admin", http.MethodDelete, "/v1/tenant/trust/rules/"+rule.ID, nil).Want(t, http.StatusOK)
	c.Clock.Advance(directory.MaxAge)
	if admits(t, tn, "ann") {
		t.Error("a minute after its removal, the rule still applies")
	}
	wantCode(t, tn.Do(t, "admin", http.MethodDelete, "/v1/tenant/trust/rules/"+rule.ID, nil), http.StatusNotFound, "not-found")
}

func TestTheTrustIsListedInItsOrder(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	addRule(t, tn, "runner", "zoe")
	addRule(t, tn, "viewer", "ann")
	all := trust(t, tn)
	var got []string
	for _, r := range all.Rules {
		got = append(got, r.Owner+" "+r.Claims[0].Name+"="+r.Claims[0].Value+" "+r.Role)
	}
	want := []string{
		"terraform persona=runner runner", "terraform persona=builder builder", "terraform persona=pipeline builder",
		"terraform persona=viewer viewer", "terraform persona=auditor auditor", "terraform persona=admin admin",
		"api sub=zoe runner", "api sub=ann viewer",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var shown struct {
		SignIn []struct {
			Issuer    string
			ClientIDs []string
		}
		Owners []struct{ Field, Owner string }
	}
	tn.Do(t, "auditor", http.MethodGet, "/v1/tenant", nil).Want(t, http.StatusOK).JSON(t, &shown)
	if s := shown.SignIn; len(s) != 1 || s[0].Issuer != tn.Cloud.Issuer.URL() || !cmp.Equal(s[0].ClientIDs, all.Issuers[0].ClientIDs) {
		t.Errorf("the OpenID settings are %+v", s)
	}
	if !slices.Contains(shown.Owners, struct{ Field, Owner string }{"signIn", "terraform"}) {
		t.Errorf("the owners are %+v", shown.Owners)
	}
	if i := all.Issuers; len(i) != 1 || i[0].Issuer != tn.Cloud.Issuer.URL() || i[0].Owner != "terraform" || len(i[0].Keys) == 0 || len(i[0].ClientIDs) != 2 {
		t.Errorf("the issuers are %+v", i)
	}
}

// An auditor's list names a key that cannot be used, and a rule that has no effect.
func TestTheTrustNamesWhatDoesNotWork(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	addRule(t, tn, "viewer", "ann")
	addRule(t, tn, "runner", "zoe")
	record := tn.Record
	record.Trust = append(record.Trust[:1:1], tenant.Trust{Issuer: "https://dead.example", JWKS: `{"keys":[{"kty":"oct","kid":"old","k":"AAAA"}]}`})
	put := func() {
		t.Helper()
		if err := c.Directory.Put(t.Context(), record); err != nil {
			t.Fatal(err)
		}
	}
	put()
	dead := trust(t, tn).Issuers[1]
	if dead.Problem == "" || len(dead.UnusableKeys) != 1 || dead.UnusableKeys[0].KeyID != "old" || dead.UnusableKeys[0].Reason == "" {
		t.Errorf("the issuer without a usable key is %+v", dead)
	}
	record.Trust = append(record.Trust, record.Trust[0])
	put()
	rules := trust(t, tn).Rules
	if last := rules[len(rules)-1]; last.Problem == "" || last.Owner != "api" || last.ID == "" {
		t.Errorf("a rule for an issuer with two key sets is %+v", last)
	}
	record.Trust = record.Trust[:1]
	put()
	db, err := c.Directory.Client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := directory.Workspace(db, tn.ID, tn.Workspace).Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	rules = trust(t, tn).Rules
	if last := rules[len(rules)-1]; last.Claims[0].Value != "zoe" || last.Problem == "" {
		t.Errorf("a rule of a workspace that is gone is %+v", last)
	}
}

func TestATokenIsExplained(t *testing.T) {
	t.Parallel()
	tn, other := cloudtest.Shared(t).Tenant(t), cloudtest.Shared(t).Tenant(t)
	for name, c := range map[string]struct {
		token string
		rule  any
		want  trustTest // without its rules
	}{
		"a token that a rule of Terraform matches": {token: tn.Token(t, "auditor"), want: trustTest{
			Verified: true, Issuer: tn.Cloud.Issuer.URL(), Subject: "auditor@" + string(tn.ID) + ".example", Role: "auditor",
		}},
		"a token that no rule matches": {token: tokenOf(t, tn, "ann", nil), want: trustTest{Verified: true, Issuer: tn.Cloud.Issuer.URL(), Subject: "ann"}},
		"a token that only the candidate matches": {token: tokenOf(t, tn, "ann", nil), rule: ruleFor(tn, "runner", "ann"), want: trustTest{
			Verified: true, Candidate: true, Issuer: tn.Cloud.Issuer.URL(), Subject: "ann", Role: "runner", Workspaces: []string{string(tn.Workspace)},
		}},
		"a token that Terraform's rule matches before the candidate": {token: tokenOf(t, tn, "ann", map[string]any{"persona": "admin"}), rule: ruleFor(tn, "viewer", "ann"), want: trustTest{
			Verified: true, Issuer: tn.Cloud.Issuer.URL(), Subject: "ann", Role: "admin",
		}},
		"a token of another tenant": {token: other.Token(t, "admin"), want: trustTest{
			Problem: "the token's audience is neither your tenant nor a client ID that your tenant trusts for the token's issuer",
		}},
		"a text that is no token": {token: "canary", want: trustTest{Problem: "the token is not a compact JSON Web Signature of at most 16 KiB"}},
		"a token with a broken signature": {token: breakSignature(tn.Token(t, "admin")), want: trustTest{
			Problem: "the token is not signed by a key that its audience trusts for its issuer",
		}},
		"a token that has expired": {token: tokenOf(t, tn, "ann", map[string]any{"iat": 1, "exp": 2}), want: trustTest{Problem: "the token has expired"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := map[string]any{"token": c.token}
			if c.rule != nil {
				body["rule"] = c.rule
			}
			r := tn.Do(t, "admin", http.MethodPost, "/v1/tenant/trust/test", body).Want(t, http.StatusOK)
			if strings.Contains(string(r.Body), c.token) {
				t.Errorf("the answer has the token: %s", r.Body)
			}
			var got trustTest
			r.JSON(t, &got)
			if got.Verified && len(got.Rules) == 0 {
				t.Error("no rule was tried")
			}
			got.Rules = nil
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func breakSignature(token string) string {
	at := strings.LastIndexByte(token, '.') + 10
	replacement := "A"
	if token[at] == 'A' {
		replacement = "B"
	}
	return token[:at] + replacement + token[at+1:]
}

func TestAnExplanationNamesTheClaimThatDiffers(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	rule := ruleFor(tn, "viewer", "ann", claim{"team", "red"}, claim{"org.unit", "1"})
	body := map[string]any{"token": tokenOf(t, tn, "ann", map[string]any{"team": "blue"}), "rule": rule}
	var got trustTest
	tn.Do(t, "admin", http.MethodPost, "/v1/tenant/trust/test", body).Want(t, http.StatusOK).JSON(t, &got)
	last := got.Rules[len(got.Rules)-1]
	want := []struct{ Name, Reason string }{{"org.unit", "absent"}, {"team", "different"}}
	if diff := cmp.Diff(want, last.Differ); diff != "" || !last.Candidate || last.Matches || got.Role != "" {
		t.Errorf("%s\n%+v", diff, got)
	}
	var p struct {
		Code   string
		Errors []struct{ Message string }
	}
	tn.Do(t, "admin", http.MethodPost, "/v1/tenant/trust/rules", body).Want(t, http.StatusConflict).JSON(t, &p)
	if p.Code != "trust-rule-unmatched" || len(p.Errors) != 2 || p.Errors[1].Message != "the claim team of the token is different" {
		t.Errorf("the problem is %+v", p)
	}
}

func TestRulesThatAreRefused(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	ann := tokenOf(t, tn, "ann", nil)
	with := func(changes map[string]any) map[string]any {
		rule := ruleFor(tn, "viewer", "ann")
		maps.Copy(rule, changes)
		return rule
	}
	for name, c := range map[string]struct {
		rule   map[string]any
		token  string
		status int
		code   string
	}{
		"a rule without claims, which would be for everybody":    {rule: with(map[string]any{"claims": []claim{}}), status: http.StatusUnprocessableEntity, code: "invalid"},
		"a rule without sub, which many tokens can match":        {rule: with(map[string]any{"claims": []claim{{"iss", tn.Cloud.Issuer.URL()}}}), status: http.StatusUnprocessableEntity, code: "invalid"},
		"a claim with an empty value":                            {rule: with(map[string]any{"claims": []claim{{"sub", ""}}}), status: http.StatusUnprocessableEntity, code: "invalid"},
		"a claim that is named twice":                            {rule: with(map[string]any{"claims": []claim{{"sub", "ann"}, {"sub", "bob"}}}), status: http.StatusUnprocessableEntity, code: "invalid"},
		"a claim with a line break":                              {rule: with(map[string]any{"claims": []claim{{"sub", "a\nb"}}}), status: http.StatusUnprocessableEntity, code: "invalid"},
		"the role builder, with which one admin would review":    {rule: with(map[string]any{"role": "builder"}), status: http.StatusUnprocessableEntity, code: "invalid"},
		"the role of the platform's staff":                       {rule: with(map[string]any{"role": "platform"}), status: http.StatusUnprocessableEntity, code: "invalid"},
		"a runner without a workspace":                           {rule: with(map[string]any{"role": "runner"}), status: http.StatusUnprocessableEntity, code: "invalid"},
		"a viewer with a workspace":                              {rule: with(map[string]any{"workspaces": []string{string(tn.Workspace)}}), status: http.StatusUnprocessableEntity, code: "invalid"},
		"a workspace that has no possible name":                  {rule: with(map[string]any{"role": "runner", "workspaces": []string{"No Such"}}), status: http.StatusUnprocessableEntity, code: "invalid"},
		"a workspace that the tenant does not have":              {rule: with(map[string]any{"role": "runner", "workspaces": []string{"no-such"}}), status: http.StatusNotFound, code: "not-found"},
		"an issuer that Terraform does not trust":                {rule: with(map[string]any{"issuer": "https://other.example"}), status: http.StatusConflict, code: "trust-issuer"},
		"a rule for another subject than the token's":            {rule: ruleFor(tn, "viewer", "bob"), status: http.StatusConflict, code: "trust-rule-unmatched"},
		"a token that is not valid":                              {rule: with(nil), token: "canary", status: http.StatusConflict, code: "trust-rule-unmatched"},
		"a rule that takes a role from its author":               {rule: ruleFor(tn, "viewer", "admin@"+string(tn.ID)+".example"), token: tn.Token(t, "admin"), status: http.StatusConflict, code: "trust-rule-shadowed"},
		"a rule that makes an admin of whom Terraform says less": {rule: ruleFor(tn, "admin", "viewer@"+string(tn.ID)+".example"), token: tn.Token(t, "viewer"), status: http.StatusConflict, code: "trust-rule-shadowed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.token == "" {
				c.token = ann
			}
			r := tn.Do(t, "admin", http.MethodPost, "/v1/tenant/trust/rules", map[string]any{"rule": c.rule, "token": c.token})
			wantCode(t, r, c.status, c.code)
			if strings.Contains(string(r.Body), c.token) {
				t.Errorf("the answer has the token: %s", r.Body)
			}
			for _, rule := range trust(t, tn).Rules {
				if rule.Owner == "api" {
					t.Errorf("the tenant has the rule %+v", rule)
				}
			}
		})
	}
}

func TestARuleIsNotReplaced(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	addRule(t, tn, "viewer", "ann")
	body := map[string]any{"rule": ruleFor(tn, "admin", "ann"), "token": tokenOf(t, tn, "ann", nil)}
	wantCode(t, tn.Do(t, "admin", http.MethodPost, "/v1/tenant/trust/rules", body), http.StatusConflict, "trust-rule-shadowed")
}

func TestRulesAreInTheAuditLog(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	rule := addRule(t, tn, "viewer", "ann")
	tn.Do(t, "admin", http.MethodPost, "/v1/tenant/trust/test", map[string]any{"token": "canary"}).Want(t, http.StatusOK)
	tn.Do(t, "admin", http.MethodDelete, "/v1/tenant/trust/rules/"+rule.ID, nil).Want(t, http.StatusOK)
	var got []string
	for _, e := range entriesAbout(t, tn, "trust-rules/"+rule.ID) {
		got = append(got, string(e.Action)+" "+strings.Join(e.Objects[1:], " "))
	}
	want := []string{"tenant.trust.add role/viewer claim/sub=ann", "tenant.trust.remove role/viewer claim/sub=ann"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	tests := 0
	for _, e := range allEntries(t, tn) {
		if e.Action == "tenant.trust.test" {
			tests++
		}
	}
	if tests != 1 {
		t.Errorf("the log has %d tests", tests)
	}
}

func TestATenantHasFiftyRulesOfTheAPI(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	var s tenant.Settings
	for n := range tenant.MaxAddedRules {
		claims := map[string]string{"sub": strings.Repeat("x", n+1)}
		s.Rules = append(s.Rules, tenant.AddedRule{
			ID: tenant.AddedRuleID("https://gone.example", claims), Issuer: "https://gone.example", Rule: tenant.Rule{Claims: claims, Role: tenant.Viewer},
		})
	}
	setSettings(t, tn, s)
	body := map[string]any{"rule": ruleFor(tn, "viewer", "ann"), "token": tokenOf(t, tn, "ann", nil)}
	wantCode(t, tn.Do(t, "admin", http.MethodPost, "/v1/tenant/trust/rules", body), http.StatusConflict, "too-many-trust-rules")
}

func setSettings(t *testing.T, tn *cloudtest.Tenant, s tenant.Settings) {
	t.Helper()
	db, err := tn.Cloud.Directory.Client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := directory.Settings(db, tn.ID).Set(t.Context(), s); err != nil {
		t.Fatal(err)
	}
}

// Two admins by rules of the API remove each other's rules: the second one is refused, so one stays.
func TestTheLastAdminStays(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	ann, bob := addRule(t, tn, "admin", "ann"), addRule(t, tn, "admin", "bob")
	c.Clock.Advance(directory.MaxAge)
	remove := func(by string, rule shownRule) cloudtest.Response {
		return c.Do(t, tokenOf(t, tn, by, nil), http.MethodDelete, "/v1/tenant/trust/rules/"+rule.ID, nil)
	}
	wantCode(t, remove("ann", ann), http.StatusConflict, "trust-locks-out")
	remove("ann", bob).Want(t, http.StatusOK)
	wantCode(t, remove("bob", ann), http.StatusConflict, "conflict") // his process has not seen it yet
	c.Clock.Advance(directory.MaxAge)
	if !admits(t, tn, "ann") || admits(t, tn, "bob") {
		t.Error("ann is no admin any more, or bob still is")
	}
}

// One admin can add a rule for a second account of the same person. Neither may count as two.
func TestAnAdminByARuleOfTheAPIIsNoSecondPerson(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		requests, confirms string
		after              time.Duration
		code               string
	}{
		"the added admin confirms":             {requests: "terraform", confirms: "added", code: "destruction-added-rule"},
		"the added admin requests":             {requests: "added", confirms: "terraform", code: "destruction-added-rule"},
		"the added admin confirms after a day": {requests: "terraform", confirms: "added", after: 24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := cloudtest.New(t, suite.Options{})
			tn := cloud.Tenant(t)
			addRule(t, tn, "admin", "added")
			cloud.Clock.Advance(directory.MaxAge)
			as := func(who string) string {
				if who == "added" {
					return tokenOf(t, tn, "added", nil)
				}
				return tokenOf(t, tn, "terraform", map[string]any{"persona": "admin"})
			}
			do(t, tn, "disable")
			var s struct {
				Key struct{ Destruction struct{ ID string } }
			}
			cloud.Do(t, as(c.requests), http.MethodPost, "/v1/tenant/key/destroy", map[string]any{"tenant": tn.ID}).Want(t, http.StatusOK).JSON(t, &s)
			cloud.Clock.Advance(c.after)
			confirmation := map[string]any{"tenant": tn.ID, "destruction": s.Key.Destruction.ID}
			r := cloud.Do(t, as(c.confirms), http.MethodPost, "/v1/tenant/key/destroy", confirmation)
			if c.code == "" {
				r.Want(t, http.StatusOK)
				return
			}
			wantCode(t, r, http.StatusConflict, c.code)
		})
	}
}

func TestAnAddedAdminLiftsNoHold(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	addRule(t, tn, "admin", "ann")
	c.Clock.Advance(directory.MaxAge)
	tn.Do(t, "admin", http.MethodPut, "/v1/tenant/holds/case", map[string]any{}).Want(t, http.StatusOK)
	for by, with := range map[string]string{tn.Token(t, "admin"): tokenOf(t, tn, "ann", nil), tokenOf(t, tn, "ann", nil): tn.Token(t, "admin")} {
		var h struct{ Lifting struct{ ID string } }
		c.Do(t, by, http.MethodPost, "/v1/tenant/holds/case/lift", nil).Want(t, http.StatusOK).JSON(t, &h)
		wantCode(t, c.Do(t, with, http.MethodPost, "/v1/tenant/holds/case/lift", map[string]any{"lifting": h.Lifting.ID}), http.StatusConflict, "lifting-added-rule")
	}
}
