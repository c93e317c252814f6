package main

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"cloud.google.com/go/kms/apiv1/kmspb"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/certificate"
	"github.com/strongroom-dev/strongroom/shared/offboard"
)

// addKeyVersions adds as many versions to the tenant's key as a response lists.
func addKeyVersions(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	client, err := tn.Cloud.Operator.KMS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 99 {
		if _, err := client.CreateCryptoKeyVersion(t.Context(), &kmspb.CreateCryptoKeyVersionRequest{Parent: tn.KeyName}); err != nil {
			t.Fatal(err)
		}
	}
}

// ofKeys changes the key of another tenant with each request, because two changes of one
// key at the same time are a conflict.
func ofKeys(action string) prepare {
	return func(t *testing.T, tn *cloudtest.Tenant) func(int) request {
		all := make([]request, concurrentRequests)
		for n := range all {
			other := tn.Cloud.Tenant(t)
			addKeyVersions(t, other)
			all[n] = request{method: http.MethodPost, path: "/v1/tenant/key/" + action, token: other.Token(t, "admin")}
			if action == "destroy" {
				other.Do(t, "admin", http.MethodPost, "/v1/tenant/key/disable", nil).Want(t, http.StatusOK)
				all[n].body = encode(t, map[string]any{"tenant": other.ID})
			}
		}
		return func(n int) request { return all[n] }
	}
}

// everyQuota lowers all quotas, which still allow the requests of the tests.
var everyQuota = []map[string]any{
	{"quota": "bytes", "limit": 1 << 39}, {"quota": "parts", "limit": 999_999}, {"quota": "runs", "limit": 199_999}, {"quota": "samples", "limit": 19_999_999},
	{"quota": "sightings", "limit": 1_999_999}, {"quota": "exports", "limit": 199}, {"quota": "modelSends", "limit": 4_999}, {"quota": "requests", "limit": 59_999},
}

// ofStatus asks about another tenant with each request, as the platform's staff.
func ofStatus(method, path string) prepare {
	return func(t *testing.T, tn *cloudtest.Tenant) func(int) request {
		all := make([]request, concurrentRequests)
		for n := range all {
			other := tn.Cloud.Tenant(t)
			all[n] = request{method: method, path: "/v1/tenants/" + string(other.ID) + path, token: other.Token(t, "platform")}
			if path == "/quotas" {
				all[n].body = encode(t, map[string]any{"quotas": everyQuota})
			}
			if path == "/resume" {
				other.Do(t, "platform", http.MethodPost, "/v1/tenants/"+string(other.ID)+"/suspend", nil).Want(t, http.StatusOK)
			}
		}
		return func(n int) request { return all[n] }
	}
}

// hundredHolds places as many holds as a tenant can have.
func hundredHolds(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	for n := range 100 {
		tn.Do(t, "admin", http.MethodPut, fmt.Sprintf("/v1/tenant/holds/n%d", n), map[string]any{}).Want(t, http.StatusOK)
	}
}

// ofHolds places or lifts a hold of another tenant with each request.
func ofHolds(step string) prepare {
	return func(t *testing.T, tn *cloudtest.Tenant) func(int) request {
		all := make([]request, concurrentRequests)
		for n := range all {
			other := tn.Cloud.Tenant(t)
			const path = "/v1/tenant/holds/case"
			all[n] = request{method: http.MethodPut, path: path, token: other.Token(t, "admin"), body: encode(t, map[string]any{})}
			if step == "" {
				continue
			}
			other.Do(t, "admin", http.MethodPut, path, map[string]any{}).Want(t, http.StatusOK)
			all[n].method, all[n].path = http.MethodPost, path+"/lift"
			if step == "confirm" {
				var asked struct{ Lifting struct{ ID string } }
				other.Do(t, "admin", http.MethodPost, path+"/lift", nil).Want(t, http.StatusOK).JSON(t, &asked)
				all[n].path, all[n].token = "/v1/tenants/"+string(other.ID)+"/holds/case/lift", other.Token(t, "platform")
				all[n].body = encode(t, map[string]any{"lifting": asked.Lifting.ID})
			}
		}
		return func(n int) request { return all[n] }
	}
}

// ofOffboarding does something with the offboarding of another tenant with each request.
func ofOffboarding(step string) prepare {
	return func(t *testing.T, tn *cloudtest.Tenant) func(int) request {
		all := make([]request, concurrentRequests)
		for n := range all {
			all[n] = offboardingRequest(t, tn.Cloud.Tenant(t), step)
		}
		return func(n int) request { return all[n] }
	}
}

func offboardingRequest(t *testing.T, tn *cloudtest.Tenant, step string) request {
	t.Helper()
	var asked struct{ ID string }
	ask := map[string]any{"tenant": tn.ID}
	tn.Do(t, "admin", http.MethodPost, "/v1/tenant/offboarding", ask).Want(t, http.StatusOK).JSON(t, &asked)
	base, own, staff := "/v1/tenants/"+string(tn.ID), tn.Token(t, "admin"), tn.Token(t, "platform")
	if strings.HasSuffix(step, "certificate") {
		storeCertificate(t, tn)
	}
	return map[string]request{
		"request":           {method: http.MethodPost, path: "/v1/tenant/offboarding", token: own, body: encode(t, ask)},
		"stop":              {method: http.MethodPost, path: "/v1/tenant/offboarding/stop", token: own},
		"certificate":       {method: http.MethodGet, path: "/v1/tenant/certificate", token: own},
		"staff start":       {method: http.MethodPost, path: base + "/offboarding", token: staff, body: encode(t, map[string]any{"request": asked.ID})},
		"staff show":        {method: http.MethodGet, path: base + "/offboarding", token: staff},
		"staff stop":        {method: http.MethodPost, path: base + "/offboarding/stop", token: staff},
		"staff certificate": {method: http.MethodGet, path: base + "/certificate", token: staff},
	}[step]
}

// storeCertificate stores a certificate of a tenant whose key has a hundred versions.
func storeCertificate(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	db, err := tn.Cloud.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = offboard.CertificateRef(db, tn.ID, certificate.Final).Set(t.Context(), offboard.Certificate{
		Start: "test", Note: bytes.Repeat([]byte("n"), 32<<10), Keys: []string{"a key"},
	})
	if err != nil {
		t.Fatal(err)
	}
}
