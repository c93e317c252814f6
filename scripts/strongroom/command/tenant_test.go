package command_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

func TestAnAdminControlsTheKey(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.Shared(t).Tenant(t)
	admin, auditor := programOf(t, tenant, "admin"), programOf(t, tenant, "auditor")
	wantText(t, auditor.run(t, "tenant", "show").want(t), string(tenant.ID)+": active", tenant.OutputsBucket, tenant.KeyName+": active", "version 1")
	wantText(t, admin.run(t, "tenant", "key", "test").want(t), "encrypts yes, decrypts yes")
	wantText(t, admin.run(t, "tenant", "key", "rotate").want(t), "version 2  ENABLED", "primary", "tenant.key.rotate")

	if r := admin.run(t, "tenant", "key", "disable", "another"); r.code != 2 || !strings.Contains(r.stderr, "nothing was changed") {
		t.Errorf("with the name of another tenant: %+v", r)
	}
	wantText(t, admin.run(t, "tenant", "show").want(t), ": active")
	wantText(t, admin.run(t, "tenant", "key", "disable", string(tenant.ID)).want(t), ": revoked", "encrypts no, decrypts no, 0 roles", "data keys are out of memory by", "DRIFT")
	if r := admin.run(t, "tenant", "key", "rotate"); r.code != 13 || !strings.Contains(r.stderr, "enable it first") {
		t.Errorf("rotate while the key is disabled: %+v", r)
	}
	if r := auditor.run(t, "tenant", "key", "enable"); r.code != 11 || !strings.Contains(r.stderr, "403") {
		t.Errorf("an auditor enables the key: %+v", r)
	}
	enabled := decode[api.Tenant](t, admin, "tenant", "key", "enable", "--json")
	if enabled.Key.State != "active" || enabled.Key.Change.Effective == nil || len(enabled.Drift) > 0 {
		t.Errorf("after enable: %+v", enabled)
	}
}

func TestTheTenantSeesItsUsage(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.Shared(t).Tenant(t)
	auditor := programOf(t, tenant, "auditor")
	tenant.Mint(t, cloudtest.NewRun(t), cloudtest.PartOf("stdout.log", 1, []byte("hello\n")))
	wantText(t, auditor.run(t, "tenant", "show").want(t), "QUOTAS", "200000 in a day", "60000 in a minute", "1 used today")
	today := time.Now().UTC().Format(time.DateOnly)
	wantText(t, auditor.run(t, "tenant", "usage", "--from", today).want(t), "MODEL SENDS", today+"  6      1")
	if days := decode[api.Usage](t, auditor, "tenant", "usage", "--json").Days; len(days) != 30 || days[29].Bytes.Used != 6 {
		t.Errorf("the usage is %+v", days)
	}
	for _, args := range [][]string{{"--from", "x"}, {"--from", "2026-01-02", "--to", "2026-01-01"}} {
		if r := auditor.run(t, append([]string{"tenant", "usage"}, args...)...); r.code != 2 {
			t.Errorf("%v: %+v", args, r)
		}
	}
	if r := programOf(t, tenant, "viewer").run(t, "tenant", "usage"); r.code != 11 {
		t.Errorf("a viewer: %+v", r)
	}
}

func TestTheTenantSeesWhatIsDeleted(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t, "prod")
	auditor := programOf(t, tn, "auditor")
	wantText(t, auditor.run(t, "tenant", "retention").want(t), "never", "DUE, FROM EACH DAY ON\n  nothing")
	if err := c.SetRetention(t.Context(), tn.ID, tenant.Retention{SampleDays: 90, OutputDays: 60, LockedOutputDays: 30}); err != nil {
		t.Fatal(err)
	}
	c.RunScheduled(t, "legal-holds")
	c.Clock.Advance(2 * time.Minute) // the record is cached for a minute
	wantText(t, auditor.run(t, "tenant", "retention", "--due-in", "prod").want(t), "samples       90 days", "outputs       60 days        30 days", "last looked")
	if got := decode[api.Retention](t, auditor, "tenant", "retention", "--json"); len(got.Settings) != 8 || got.Runs == nil {
		t.Errorf("the retention is %+v", got)
	}
	if r := auditor.run(t, "tenant", "retention", "--limit", "-1"); r.code != 2 {
		t.Errorf("a negative limit: %+v", r)
	}
	if r := programOf(t, tn, "viewer").run(t, "tenant", "retention"); r.code != 11 {
		t.Errorf("a viewer: %+v", r)
	}
}

func TestTheDestructionOfAKeyNeedsASecondAdmin(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.Shared(t).Tenant(t)
	admin := programOf(t, tenant, "admin")
	if r := admin.run(t, "tenant", "key", "destroy", string(tenant.ID)); r.code != 13 || !strings.Contains(r.stderr, "disable it first") {
		t.Errorf("a key that is in use: %+v", r)
	}
	admin.run(t, "tenant", "key", "disable", string(tenant.ID)).want(t)
	requested := decode[api.Tenant](t, admin, "tenant", "key", "destroy", string(tenant.ID), "--json")
	id := requested.Key.Destruction.ID
	wantText(t, admin.run(t, "tenant", "show").want(t), "destruction "+id, "version 1  DISABLED")
	if r := admin.run(t, "tenant", "key", "destroy", string(tenant.ID), "--confirm", id); r.code != 13 || !strings.Contains(r.stderr, "another admin can confirm it") {
		t.Errorf("the same admin confirms: %+v", r)
	}
}

func TestTheStaffSuspendsAndResumesATenant(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.Shared(t).Tenant(t)
	staff, admin := programOf(t, tenant, "platform"), programOf(t, tenant, "admin")
	id := string(tenant.ID)
	wantText(t, staff.run(t, "tenants", "suspend", id).want(t), id, "suspended", "active", "everywhere by")
	listed := decode[struct{ Tenants []api.TenantStatus }](t, staff, "tenants", "ls", "--json")
	if !slices.ContainsFunc(listed.Tenants, func(s api.TenantStatus) bool { return s.ID == id && s.State == "suspended" }) {
		t.Errorf("the tenants are %+v", listed)
	}
	if r := admin.run(t, "tenant", "show"); r.code != 11 || !strings.Contains(r.stderr, "suspended") {
		t.Errorf("an admin of the suspended tenant: %+v", r)
	}
	wantText(t, staff.run(t, "tenants", "resume", id).want(t), id, "active")
	wantText(t, staff.run(t, "tenants", "show", id).want(t), "to active")
	if r := staff.run(t, "tenants", "suspend", "Not An ID"); r.code != 2 {
		t.Errorf("a tenant ID that is not one: %+v", r)
	}
	if r := staff.run(t, "tenants", "show", "no-such-tenant"); r.code != 12 {
		t.Errorf("a tenant that does not exist: %+v", r)
	}
}

func TestALegalHoldNeedsTwoPersonsToEnd(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.Shared(t).Tenant(t)
	admin, staff := programOf(t, tenant, "admin"), programOf(t, tenant, "platform")
	wantText(t, admin.run(t, "tenant", "holds", "place", "case-17").want(t), "case-17", "the tenant", "not marked yet")
	wantText(t, admin.run(t, "tenant", "holds", "place", "case-18", "--in", string(tenant.Workspace)).want(t), "workspace "+string(tenant.Workspace))
	if r := admin.run(t, "tenant", "holds", "place", "case-19", "--run", cloudtest.NewRun(t)); r.code != 2 {
		t.Errorf("a run without its workspace: %+v", r)
	}
	admin.run(t, "tenant", "key", "disable", string(tenant.ID)).want(t)
	if r := admin.run(t, "tenant", "key", "destroy", string(tenant.ID)); r.code != 13 || !strings.Contains(r.stderr, "legal hold") {
		t.Errorf("destroy the key under a hold: %+v", r)
	}
	asked := decode[api.Hold](t, admin, "tenant", "holds", "lift", "case-17", "--json")
	if r := admin.run(t, "tenant", "holds", "lift", "case-17", "--confirm", asked.Lifting.ID); r.code != 13 {
		t.Errorf("an admin confirms alone: %+v", r)
	}
	if r := staff.run(t, "tenant", "holds", "lift", "case-17", "--tenant", string(tenant.ID)); r.code != 2 {
		t.Errorf("the staff makes a request: %+v", r)
	}
	wantText(t, staff.run(t, "tenant", "holds", "lift", "case-17", "--tenant", string(tenant.ID), "--confirm", asked.Lifting.ID).want(t), "ended")
	wantText(t, admin.run(t, "tenant", "holds", "ls").want(t), "case-18")
}

func TestATenantLeavesAndTheCertificateIsVerifiedOffline(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tenant := c.Tenant(t)
	id := string(tenant.ID)
	admin, staff := programOf(t, tenant, "admin"), programOf(t, tenant, "platform")
	if r := admin.run(t, "tenant", "leave", "another"); r.code != 13 {
		t.Errorf("leave with the name of another tenant: %+v", r)
	}
	asked := decode[api.Offboarding](t, admin, "tenant", "leave", id, "--json")
	if r := staff.run(t, "tenants", "offboard", id); r.code != 2 {
		t.Errorf("start without the request: %+v", r)
	}
	wantText(t, staff.run(t, "tenants", "offboard", id, "--request", asked.ID).want(t), "step count")
	c.Clock.Advance(20 * time.Minute)
	c.RunScheduled(t, "offboarding")
	wantText(t, staff.run(t, "tenants", "offboarding", id).want(t), "step export", "waits for: time")

	shown := decode[api.Certificate](t, admin, "tenant", "certificate", "--json")
	file := filepath.Join(t.TempDir(), "certificate")
	note := admin.run(t, "tenant", "certificate").want(t).stdout
	if err := os.WriteFile(file, []byte(note), 0o600); err != nil {
		t.Fatal(err)
	}
	wantText(t, admin.run(t, "tenant", "verify-certificate", file, "--key", shown.VerifierKeys[0]).want(t), "interim certificate of "+id, tenant.OutputsBucket, "ENABLED", "remains: the audit log")
	stranger := programOf(t, tenant, "newcomer")
	fetched := stranger.run(t, "tenant", "verify-certificate", file, "--fetch-keys").want(t)
	wantText(t, fetched, "interim certificate of "+id)
	if !strings.Contains(fetched.stderr, shown.VerifierKeys[0]) {
		t.Errorf("it does not print the keys that it fetched: %s", fetched.stderr)
	}
	if r := stranger.run(t, "tenant", "verify-certificate", file, "--fetch-keys", "--key", shown.VerifierKeys[0]); r.code != 2 {
		t.Errorf("with a key and the platform's: %+v", r)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(note, "ENABLED", "DISABLED", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := admin.run(t, "tenant", "verify-certificate", file, "--key", shown.VerifierKeys[0]); r.code == 0 || !strings.Contains(r.stderr, "signature") {
		t.Errorf("a certificate that was changed: %+v", r)
	}
	if r := admin.run(t, "tenant", "verify-certificate", file, "--fetch-keys"); r.code == 0 || !strings.Contains(r.stderr, "signature") {
		t.Errorf("a certificate that was changed, with the platform's keys: %+v", r)
	}
	if r := admin.run(t, "tenant", "verify-certificate", file); r.code != 2 {
		t.Errorf("without a key: %+v", r)
	}
	wantText(t, admin.run(t, "tenant", "stay").want(t), "stopped")
	wantText(t, staff.run(t, "tenants", "show", id).want(t), "active")
	if r := staff.run(t, "tenants", "stop", id); r.code != 13 {
		t.Errorf("stop what nobody has asked for: %+v", r)
	}
}

func TestTheStaffLowersQuotas(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.Shared(t).Tenant(t)
	staff, id := programOf(t, tenant, "platform"), string(tenant.ID)
	wantText(t, staff.run(t, "tenants", "limit", id, "runs=1000", "requests=600").want(t), "runs        1000", "200000", "requests    600")
	shown := decode[api.TenantStatus](t, staff, "tenants", "show", id, "--json")
	if q := shown.Quotas[2]; q != (api.StaffQuota{Quota: "runs", Limit: 1000, Terraform: 200_000, Lowered: 1000}) {
		t.Errorf("the quota of runs is %+v", q)
	}
	shown = decode[api.TenantStatus](t, staff, "tenants", "limit", id, "--none", "--json")
	if q := shown.Quotas[2]; q.Limit != 200_000 || q.Lowered != 0 {
		t.Errorf("afterward, the quota of runs is %+v", q)
	}
	for name, args := range map[string][]string{
		"no quota and not --none": {}, "both": {"runs=1000", "--none"}, "a quota without a limit": {"runs"}, "a limit that is no number": {"runs=many"}, "a limit of zero": {"runs=0"},
	} {
		if r := staff.run(t, append([]string{"tenants", "limit", id}, args...)...); r.code != 2 {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if r := staff.run(t, "tenants", "limit", id, "runs=999999999"); r.code == 0 || !strings.Contains(r.stderr, "only lowers") {
		t.Errorf("a higher quota: %+v", r)
	}
}
