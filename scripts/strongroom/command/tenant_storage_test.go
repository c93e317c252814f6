package command_test

import (
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/gcs"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

func TestAnAdminVerifiesTheStorage(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.Shared(t).Tenant(t)
	admin, auditor := programOf(t, tenant, "admin"), programOf(t, tenant, "auditor")
	if r := auditor.run(t, "tenant", "storage", "show"); r.code != 12 || !strings.Contains(r.stderr, "never verified") {
		t.Errorf("a storage that was not verified: %+v", r)
	}
	if r := auditor.run(t, "tenant", "storage", "verify"); r.code != 11 {
		t.Errorf("an auditor verifies the storage: %+v", r)
	}
	wantText(t, admin.run(t, "tenant", "storage", "verify").want(t), tenant.OutputsBucket+" is usable for outputs (in use", "no-overwrite", "stays in the bucket")
	shown := decode[api.Storage](t, auditor, "tenant", "storage", "show", "--json")
	if shown.Result != "usable" || shown.Bucket != tenant.OutputsBucket || !shown.Current || len(shown.Checks) < 10 {
		t.Errorf("the verification is %+v", shown)
	}
}

func TestAnUnusableBucketIsAFailureThatSaysWhatToFix(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	admin, bucket := programOf(t, tn, "admin"), "wrong-"+string(tn.ID)
	if err := tn.Cloud.CreateCustomerBucket(tn.Record, tenant.Outputs, bucket, func(b *gcs.Bucket) { b.Location = "US" }); err != nil {
		t.Fatal(err)
	}
	r := admin.run(t, "tenant", "storage", "verify", "--bucket", bucket)
	if r.code != 1 || !strings.Contains(r.stderr, "is not usable") {
		t.Errorf("the command exits with %d: %s", r.code, r.stderr)
	}
	wantText(t, r, bucket+" is unusable for outputs (not in use", "to fix location:")
	if r := admin.run(t, "tenant", "storage", "show", "--json"); r.code != 1 || !strings.Contains(r.stdout, `"unusable"`) {
		t.Errorf("show of an unusable bucket exits with %d: %s", r.code, r.stdout)
	}
}

func TestAnAdminVerifiesABucketForExports(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	admin, bucket := programOf(t, tn, "admin"), "exports-"+string(tn.ID)
	if err := tn.Cloud.CreateCustomerBucket(tn.Record, tenant.Exports, bucket, nil); err != nil {
		t.Fatal(err)
	}
	r := admin.run(t, "tenant", "storage", "verify", "--component", "exports", "--bucket", bucket).want(t)
	wantText(t, r, bucket+" is usable for exports (not in use", "exports-write", "not-checked")
	if shown := decode[api.Storage](t, admin, "tenant", "storage", "show", "--component", "exports", "--json"); shown.Bucket != bucket || shown.Component != "exports" {
		t.Errorf("the verification is %+v", shown)
	}
	if r := admin.run(t, "tenant", "storage", "show"); r.code != 12 {
		t.Errorf("the bucket for output was not verified, and show exits with %d", r.code)
	}
	if r := admin.run(t, "tenant", "storage", "verify", "--component", "configs"); r.code == 0 || !strings.Contains(r.stderr, "component") {
		t.Errorf("an unknown component: %+v", r)
	}
}

func TestStorageCommandsThatFail(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.Shared(t).Tenant(t)
	admin := programOf(t, tenant, "admin")
	signedOut := programOf(t, tenant, "admin")
	delete(signedOut.env, "STRONGROOM_TOKEN")
	for name, c := range map[string]struct {
		by   *program
		args []string
		code int
	}{
		"nobody is signed in":       {by: signedOut, args: []string{"show"}, code: 10},
		"a viewer":                  {by: admin.as(t, "viewer"), args: []string{"show"}, code: 11},
		"a bucket with a bad name":  {by: admin, args: []string{"verify", "--bucket", "No_Bucket!"}, code: 2},
		"an argument that is extra": {by: admin, args: []string{"verify", "my-bucket"}, code: 2},
		"a flag that is unknown":    {by: admin, args: []string{"show", "--nope"}, code: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if r := c.by.run(t, append([]string{"tenant", "storage"}, c.args...)...); r.code != c.code {
				t.Errorf("exits with %d, want %d: %s", r.code, c.code, r.stderr)
			}
		})
	}
}
