package command_test

import (
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
)

func TestAnAdminManagesMembers(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.Shared(t).Tenant(t)
	admin, auditor := programOf(t, tenant, "admin"), programOf(t, tenant, "auditor")
	issuer, viewer := tenant.Cloud.Issuer.URL(), "viewer@"+string(tenant.ID)+".example"
	wantText(t, admin.run(t, "tenant", "members", "add", issuer, "ann").want(t), "ann", "api")
	wantText(t, auditor.run(t, "tenant", "members", "ls").want(t), "ann", viewer, "terraform", issuer)
	if r := auditor.run(t, "tenant", "members", "rm", issuer, "ann"); r.code != 11 {
		t.Errorf("an auditor removes a member: %+v", r)
	}
	if r := admin.run(t, "tenant", "members", "rm", issuer, viewer); r.code != 13 || !strings.Contains(r.stderr, "Terraform has added") {
		t.Errorf("a member of Terraform: %+v", r)
	}
	admin.run(t, "tenant", "members", "rm", issuer, "ann").want(t)
	if r := admin.run(t, "tenant", "members", "rm", issuer, "ann"); r.code != 12 {
		t.Errorf("somebody who is not a member: %+v", r)
	}
	if r := admin.run(t, "tenant", "members", "add", "--workspace", "no-such", issuer, "ann"); r.code != 12 {
		t.Errorf("a workspace that does not exist: %+v", r)
	}
}
