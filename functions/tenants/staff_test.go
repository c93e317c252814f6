package tenants_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

type tenantStatus struct {
	ID, State, TerraformState string
	Change                    *struct {
		State, Entry      string
		Changed, Everyone time.Time
	}
}

// asStaff does something with a tenant, as the platform's staff.
func asStaff(t *testing.T, tn *cloudtest.Tenant, method, path string) cloudtest.Response {
	t.Helper()
	return tn.Do(t, "platform", method, "/v1/tenants/"+string(tn.ID)+path, nil)
}

func setState(t *testing.T, tn *cloudtest.Tenant, action string) (s tenantStatus) {
	t.Helper()
	asStaff(t, tn, http.MethodPost, "/"+action).Want(t, http.StatusOK).JSON(t, &s)
	return s
}

func TestStaffSuspendsAndResumesATenant(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn, other := c.Tenant(t), c.Tenant(t)
	show(t, tn)
	s := setState(t, tn, "suspend")
	if s.State != "suspended" || s.TerraformState != "active" || s.Change.State != "suspended" || s.Change.Everyone.Sub(s.Change.Changed) != time.Minute {
		t.Errorf("after suspend, the tenant is %+v", s)
	}
	if again := setState(t, tn, "suspend"); again.Change.Entry != s.Change.Entry {
		t.Error("a tenant is suspended twice")
	}
	c.Clock.Advance(time.Minute)
	for _, persona := range []string{"admin", "auditor", "viewer"} {
		wantCode(t, tn.Do(t, persona, http.MethodGet, "/v1/tenant", nil), http.StatusForbidden, "tenant-suspended")
	}
	show(t, other)

	if s := setState(t, tn, "resume"); s.State != "active" || s.Change.State != "active" {
		t.Errorf("after resume, the tenant is %+v", s)
	}
	c.Clock.Advance(time.Minute)
	if s := show(t, tn); s.State != "active" || len(s.Drift) > 0 {
		t.Errorf("after resume, its admin sees %+v", s)
	}
}

func TestAnApplyDoesNotResumeATenantThatTheAPISuspended(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	setState(t, tn, "suspend")
	if err := c.Directory.Put(t.Context(), tn.Record); err != nil { // as an apply overwrites the record
		t.Fatal(err)
	}
	var s tenantStatus
	asStaff(t, tn, http.MethodGet, "").Want(t, http.StatusOK).JSON(t, &s)
	if s.State != "suspended" {
		t.Errorf("after the apply, the tenant is %+v", s)
	}
}

func TestTheAPICannotChangeWhatTerraformOwns(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	record := tn.Record
	record.State = tenant.Suspended
	if err := c.Directory.Put(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	wantCode(t, asStaff(t, tn, http.MethodPost, "/resume"), http.StatusConflict, "terraform-owned")
	var s tenantStatus
	asStaff(t, tn, http.MethodGet, "").Want(t, http.StatusOK).JSON(t, &s)
	if s.State != "suspended" || s.TerraformState != "suspended" || s.Change != nil {
		t.Errorf("the tenant is %+v", s)
	}
}

func TestTheStaffListsTenants(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn, other := c.Tenant(t), c.Tenant(t)
	setState(t, tn, "suspend")
	var list struct{ Tenants []tenantStatus }
	tn.Do(t, "platform", http.MethodGet, "/v1/tenants", nil).Want(t, http.StatusOK).JSON(t, &list)
	states := map[string]string{}
	for _, s := range list.Tenants {
		states[s.ID] = s.State
	}
	if states[string(tn.ID)] != "suspended" || states[string(other.ID)] != "active" {
		t.Errorf("the tenants are %v", states)
	}
	wantCode(t, tn.Do(t, "platform", http.MethodGet, "/v1/tenants/no-such-tenant", nil), http.StatusNotFound, "not-found")
	wantCode(t, other.Do(t, "admin", http.MethodGet, "/v1/tenants", nil), http.StatusForbidden, "forbidden")
}

func wantCode(t *testing.T, r cloudtest.Response, status int, code string) {
	t.Helper()
	var p struct{ Code, Detail string }
	r.Want(t, status).JSON(t, &p)
	if p.Code != code {
		t.Errorf("the code is %s (%s), want %s", p.Code, p.Detail, code)
	}
}

func TestTheTenantSeesItsOffboardingAndTheRoleOfTheCaller(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	type seen struct {
		Role        string
		Offboarding *struct{ ID, Step string }
	}
	read := func(persona string) (s seen) {
		tn.Do(t, persona, http.MethodGet, "/v1/tenant", nil).Want(t, http.StatusOK).JSON(t, &s)
		return s
	}
	if s := read("admin"); s.Role != "admin" || s.Offboarding != nil {
		t.Errorf("before, the admin sees %+v", s)
	}
	var asked struct{ ID string }
	tn.Do(t, "admin", http.MethodPost, "/v1/tenant/offboarding", map[string]any{"tenant": tn.ID}).Want(t, http.StatusOK).JSON(t, &asked)
	if s := read("auditor"); s.Role != "auditor" || s.Offboarding == nil || s.Offboarding.ID != asked.ID || s.Offboarding.Step != "" {
		t.Errorf("after the request, the auditor sees %+v", s)
	}
	tn.Do(t, "platform", http.MethodPost, "/v1/tenants/"+string(tn.ID)+"/offboarding", map[string]any{"request": asked.ID}).Want(t, http.StatusOK)
	if s := read("admin"); s.Offboarding == nil || s.Offboarding.ID != asked.ID || s.Offboarding.Step != "count" {
		t.Errorf("after the start, the admin sees %+v", s)
	}
}
