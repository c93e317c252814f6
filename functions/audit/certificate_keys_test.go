package audit_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/certificate"
	"github.com/strongroom-dev/strongroom/shared/signednote"
)

// TestEverybodyReadsTheKeysOfCertificates reads them for a tenant that exists and for one that
// never did. The responses differ in the name only.
func TestEverybodyReadsTheKeysOfCertificates(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	client, err := c.Operator.KMS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	versions, err := signednote.Keys(t.Context(), client, platformKeys+"certificate")
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{string(tn.ID), "never-existed", strings.Repeat("a", 63)} {
		want, err := versions[0].VerifierKey(certificate.Origin(strings.TrimPrefix(c.URL, "http://"), id))
		if err != nil {
			t.Fatal(err)
		}
		for _, token := range []string{"", "x.y.z", tn.Token(t, "admin")} {
			got := c.Do(t, token, http.MethodGet, "/v1/tenants/"+id+"/certificates/keys", nil).Want(t, http.StatusOK)
			if string(got.Body) != want+"\n" {
				t.Errorf("the keys of %s are %q, want %q", id, got.Body, want)
			}
			if caching := got.Header.Get("Cache-Control"); caching != "public, max-age=3600" {
				t.Errorf("Cache-Control is %q", caching)
			}
			if entry := got.Header.Get("Strongroom-Audit-Entry"); entry != "" {
				t.Errorf("the read is recorded as %s", entry)
			}
		}
	}
	for _, id := range []string{"ACME", "a.b", "%2e%2e", strings.Repeat("a", 64)} {
		c.Do(t, "", http.MethodGet, "/v1/tenants/"+id+"/certificates/keys", nil).Want(t, http.StatusBadRequest)
	}
}

// Each address has a limit at the load balancer. All callers together have another one, so
// that a flood from many addresses costs little.
func TestCallersWithoutATokenShareARateLimit(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	path := "/v1/tenants/" + string(tn.ID) + "/certificates/keys"
	for range 2000 {
		got := c.Do(t, "", http.MethodGet, path, nil)
		if got.Status == http.StatusOK {
			continue
		}
		if got.Want(t, http.StatusTooManyRequests).Header.Get("Retry-After") == "" {
			t.Error("there is no Retry-After")
		}
		tn.Do(t, "auditor", http.MethodGet, "/v1/tenants/"+string(tn.ID)+"/audit/log/keys", nil).Want(t, http.StatusOK)
		return
	}
	t.Error("2000 requests at once are served")
}
