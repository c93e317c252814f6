package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// longClaims returns the claims of the largest rule, for the n-th subject.
func longClaims(n int) map[string]string {
	claims := map[string]string{tenant.SubjectClaim: longSubject(n)}
	for i := range 7 {
		claims[fmt.Sprintf("%d%s", i, strings.Repeat("n", 254))] = strings.Repeat("v", 255)
	}
	return claims
}

// storeRules stores all rules but one that the API can add to a tenant, each as large as can be.
func storeRules(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	var s tenant.Settings
	for n := range tenant.MaxAddedRules - 1 {
		claims, issuer := longClaims(n), tn.Cloud.Issuer.URL()
		s.Rules = append(s.Rules, tenant.AddedRule{
			ID: tenant.AddedRuleID(issuer, claims), Issuer: issuer, Rule: tenant.Rule{Claims: claims, Role: tenant.Viewer}, Added: time.Now(),
		})
	}
	db, err := tn.Cloud.Directory.Client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := directory.Settings(db, tn.ID).Set(t.Context(), s); err != nil {
		t.Fatal(err)
	}
}

// ofTrust lists rules, tests a long token, or adds or removes a rule of another tenant with each request.
func ofTrust(what string) prepare {
	return func(t *testing.T, tn *cloudtest.Tenant) func(int) request {
		t.Helper()
		all := make([]request, concurrentRequests)
		for n := range all {
			tn := tn.Cloud.Tenant(t)
			storeRules(t, tn)
			r := request{token: tn.Token(t, "admin"), method: http.MethodPost}
			switch what {
			case "list":
				r.method, r.path = http.MethodGet, "/v1/tenant/trust"
			case "test", "add":
				r.path, r.body = "/v1/tenant/trust/"+map[string]string{"test": "test", "add": "rules"}[what], longTrustBody(t, tn)
			case "remove":
				r.method, r.path = http.MethodDelete, "/v1/tenant/trust/rules/"+tenant.AddedRuleID(tn.Cloud.Issuer.URL(), longClaims(0))
			}
			all[n] = r
		}
		return func(n int) request { return all[n] }
	}
}

// longTrustBody returns the largest rule, with a token of almost 16 KiB that it matches.
func longTrustBody(t *testing.T, tn *cloudtest.Tenant) []byte {
	t.Helper()
	claims := map[string]any{"aud": suite.Audience + "/tenants/" + string(tn.ID), "filler": strings.Repeat("f", 6<<10)}
	var rule []map[string]any
	for name, value := range longClaims(tenant.MaxAddedRules) {
		claims[name] = value
		rule = append(rule, map[string]any{"name": name, "value": value})
	}
	token, err := tn.Cloud.Issuer.Token(claims, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return encode(t, map[string]any{"token": token, "rule": map[string]any{"issuer": tn.Cloud.Issuer.URL(), "claims": rule, "role": "viewer"}})
}
