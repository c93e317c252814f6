package tenant_test

import (
	"testing"

	"github.com/strongroom-dev/strongroom/shared/tenant"
)

func TestTheStricterStateIsInEffect(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ terraform, api, want tenant.State }{
		{tenant.Active, "", tenant.Active},
		{tenant.Active, tenant.Suspended, tenant.Suspended},
		{tenant.Active, tenant.Offboarding, tenant.Offboarding},
		{tenant.Suspended, "", tenant.Suspended},
		{tenant.Suspended, tenant.Suspended, tenant.Suspended},
		{tenant.Suspended, tenant.Offboarding, tenant.Suspended},
	} {
		if got := (tenant.Record{State: c.terraform}).With(tenant.Settings{State: c.api}).State; got != c.want {
			t.Errorf("Terraform sets %q and the API %q: %q is in effect, want %q", c.terraform, c.api, got, c.want)
		}
	}
}

func TestSettingsThatTheAPICannotHaveWritten(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]tenant.Settings{
		"active, which is empty":              {State: tenant.Active},
		"another state":                       {State: "gone"},
		"offboarding that nobody asked for":   {State: tenant.Offboarding},
		"offboarding that nobody has started": {State: tenant.Offboarding, Leaving: &tenant.Leaving{ID: "x"}},
	} {
		if s.Validate() == nil {
			t.Errorf("%s is valid", name)
		}
	}
	if err := (tenant.Settings{State: tenant.Offboarding, Leaving: &tenant.Leaving{ID: "x", Start: "y"}}).Validate(); err != nil {
		t.Error(err)
	}
}
