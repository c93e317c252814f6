package infra_test

import (
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/certificate"
	"github.com/strongroom-dev/strongroom/shared/offboard"
)

// callTenants changes the key of the tenant, and leaves it enabled.
func (x *caller) callTenants(t *testing.T) {
	t.Helper()
	x.call(t, "GET /v1/tenant", "", nil)
	for _, action := range []string{"test", "disable"} {
		x.call(t, "POST /v1/tenant/key/"+action, "", nil)
	}
	x.call(t, "POST /v1/tenant/key/destroy", "", object{"tenant": x.tenant.ID})
	for _, action := range []string{"enable", "rotate"} {
		x.call(t, "POST /v1/tenant/key/"+action, "", nil)
	}
	x.call(t, "POST /v1/tenant/storage/verify", "", nil)
	x.call(t, "GET /v1/tenant/storage", "", nil)
	x.call(t, "POST /v1/tenant/storage/verify", "", object{"component": "exports"})
	x.values["hold"] = "case-17"
	x.call(t, "PUT /v1/tenant/holds/{hold}", "", object{})
	x.call(t, "GET /v1/tenant/holds", "", nil)
	var asked struct{ Lifting struct{ ID string } }
	x.call(t, "POST /v1/tenant/holds/{hold}/lift", "", nil).JSON(t, &asked)
	x.call(t, "POST /v1/tenants/{tenant}/holds/{hold}/lift", "", object{"lifting": asked.Lifting.ID})
	x.callMembers(t)
	x.callTrust(t)
	var leaving struct{ ID string }
	x.call(t, "POST /v1/tenant/offboarding", "", object{"tenant": x.tenant.ID}).JSON(t, &leaving)
	x.call(t, "POST /v1/tenant/offboarding/stop", "", nil)
	x.call(t, "POST /v1/tenant/offboarding", "", object{"tenant": x.tenant.ID}).JSON(t, &leaving)
	x.call(t, "POST /v1/tenants/{tenant}/offboarding", "", object{"request": leaving.ID})
	x.call(t, "GET /v1/tenants/{tenant}/offboarding", "", nil)
	x.call(t, "POST /v1/tenants/{tenant}/offboarding/stop", "", nil)
	x.call(t, "POST /v1/tenant/offboarding", "", object{"tenant": x.tenant.ID}) // it can be shown, and nobody starts it
	x.storeCertificate(t)
	x.call(t, "GET /v1/tenant/certificate", "", nil)
	x.call(t, "GET /v1/tenants/{tenant}/certificate", "", nil)
	x.call(t, "GET /v1/tenants", "", nil)
	x.call(t, "GET /v1/tenants/{tenant}", "", nil)
	for _, action := range []string{"suspend", "resume"} {
		x.call(t, "POST /v1/tenants/{tenant}/"+action, "", nil)
	}
	x.call(t, "PUT /v1/tenants/{tenant}/quotas", "", object{"quotas": []object{{"quota": "exports", "limit": 199}}})
}

// callMembers adds a member of the workspace, removes it, and adds it again for later calls.
func (x *caller) callMembers(t *testing.T) {
	t.Helper()
	const members = "/v1/tenant/workspaces/{workspace}/members"
	var added struct{ ID string }
	x.call(t, "GET /v1/tenant/workspaces", "?pageSize=1", nil)
	add := func() cloudtest.Response {
		return x.call(t, "POST "+members, "", object{"issuer": x.cloud.Issuer.URL(), "subject": "ann"})
	}
	add().JSON(t, &added)
	x.values["member"] = added.ID
	var page struct{ NextPageToken string }
	x.call(t, "GET "+members, "?pageSize=1", nil).JSON(t, &page)
	x.call(t, "GET "+members, "?pageSize=1&pageToken="+page.NextPageToken, nil)
	x.call(t, "GET "+members+"/{member}", "", nil)
	x.call(t, "DELETE "+members+"/{member}", "", nil)
	add()
}

// callTrust adds a rule of trust, removes it, and adds it again for later calls.
func (x *caller) callTrust(t *testing.T) {
	t.Helper()
	token, err := x.cloud.Token(x.tenant.ID, "newcomer")
	if err != nil {
		t.Fatal(err)
	}
	rule := object{
		"issuer": x.cloud.Issuer.URL(), "role": "runner", "workspaces": []string{string(x.tenant.Workspace)},
		"claims": []object{{"name": "sub", "value": "newcomer@" + string(x.tenant.ID) + ".example"}},
	}
	x.call(t, "GET /v1/tenant/trust", "", nil)
	x.call(t, "POST /v1/tenant/trust/test", "", object{"token": token, "rule": rule})
	var added struct{ ID string }
	add := func() cloudtest.Response {
		return x.call(t, "POST /v1/tenant/trust/rules", "", object{"token": token, "rule": rule})
	}
	add().JSON(t, &added)
	x.values["rule"] = added.ID
	x.call(t, "DELETE /v1/tenant/trust/rules/{rule}", "", nil)
	add()
}

// storeCertificate stores a certificate as the function offboarding does.
func (x *caller) storeCertificate(t *testing.T) {
	t.Helper()
	db, err := x.cloud.Directory.Database(t.Context(), x.tenant.Record)
	if err != nil {
		t.Fatal(err)
	}
	ref := offboard.CertificateRef(db, x.tenant.ID, certificate.Interim)
	if _, err := ref.Set(t.Context(), offboard.Certificate{Start: "test", Note: []byte("a note"), Keys: []string{"a key"}}); err != nil {
		t.Fatal(err)
	}
}
