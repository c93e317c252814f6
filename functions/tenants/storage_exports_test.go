package tenants_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/gcs"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// verifyExports verifies a bucket for exports, or the tenant's own for "".
func verifyExports(t *testing.T, tn *cloudtest.Tenant, bucket string) (s storageShown) {
	t.Helper()
	body := map[string]any{"component": "exports"}
	if bucket != "" {
		body["bucket"] = bucket
	}
	tn.Do(t, "admin", http.MethodPost, "/v1/tenant/storage/verify", body).Want(t, http.StatusOK).JSON(t, &s)
	return s
}

func TestABucketForExportsIsVerifiedByItsSettings(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	bucket := "good-exports-" + string(tn.ID)
	if err := tn.Cloud.CreateCustomerBucket(tn.Record, tenant.Exports, bucket, nil); err != nil {
		t.Fatal(err)
	}
	outputs := verify(t, tn, "")
	for name, current := range map[string]bool{"": true, bucket: false} {
		s := verifyExports(t, tn, name)
		if s.Result != "usable" || s.Component != "exports" || s.Current != current || s.Key != tn.KeyName || s.Probe != "" {
			t.Errorf("the verification of %q is %+v", name, s)
		}
		if got, want := s.with("ok"), "readable location key public-access uniform-access retention component"; got != want {
			t.Errorf("the checks that succeed are\n%s, want\n%s", got, want)
		}
		if got := s.with("not-checked"); got != "exports-write exports-read" {
			t.Errorf("the checks that were not made are %s", got)
		}
		var again storageShown
		tn.Do(t, "auditor", http.MethodGet, "/v1/tenant/storage?component=exports", nil).Want(t, http.StatusOK).JSON(t, &again)
		if diff := cmp.Diff(s, again); diff != "" {
			t.Errorf("the verification (-) is shown later as (+): %s", diff)
		}
	}
	var again storageShown
	tn.Do(t, "auditor", http.MethodGet, "/v1/tenant/storage", nil).Want(t, http.StatusOK).JSON(t, &again)
	if diff := cmp.Diff(outputs, again); diff != "" {
		t.Errorf("the verification of exports changed that of output from (-) to (+): %s", diff)
	}
	wantCode(t, tn.Do(t, "admin", http.MethodPost, "/v1/tenant/storage/verify", map[string]any{"component": "configs"}), http.StatusUnprocessableEntity, "invalid")
}

func TestAWrongBucketForExportsIsUnusableForTheRightReason(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	for name, row := range map[string]struct {
		of     tenant.Component
		change func(*gcs.Bucket)
		roles  bool
		want   string
	}{
		"another location":    {of: tenant.Exports, change: func(b *gcs.Bucket) { b.Location = "US" }, roles: true, want: "location"},
		"no key of Cloud KMS": {of: tenant.Exports, change: func(b *gcs.Bucket) { b.DefaultKMSKeyName = "" }, roles: true, want: "key"},
		"open to the public":  {of: tenant.Exports, change: func(b *gcs.Bucket) { b.PublicPrevention = "inherited" }, roles: true, want: "public-access"},
		"of another tenant":   {of: tenant.Exports, change: func(b *gcs.Bucket) { b.Labels = map[string]string{"tenant": "other", "component": "exports"} }, roles: true, want: "readable"},
		"nothing was granted": {of: tenant.Exports, want: "readable"},
		"a bucket for output": {of: tenant.Outputs, roles: true, want: "component"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := c.Tenant(t)
			bucket := "wrong-exports-" + string(tn.ID)
			if err := c.CreateCustomerBucket(tn.Record, row.of, bucket, row.change); err != nil {
				t.Fatal(err)
			}
			if !row.roles {
				if err := c.WithdrawCustomerRoles(tn.Record, row.of, bucket); err != nil {
					t.Fatal(err)
				}
			}
			s := verifyExports(t, tn, bucket)
			if got := s.with("failed"); s.Result != "unusable" || got != row.want {
				t.Errorf("it is %s, and %q failed, want %q", s.Result, got, row.want)
			}
			for _, check := range s.Checks {
				if check.Seen == "" || check.Result == "failed" && check.Fix == "" {
					t.Errorf("the check %s does not say what to do: %+v", check.ID, check)
				}
			}
		})
	}
}

func TestTheCustomerDecidesWhatIsDeletedInItsBucket(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	if err := c.SetRetention(t.Context(), tn.ID, tenant.Retention{OutputDays: 50, ExportFileDays: 30, LockedExportFileDays: 10}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.SetStorage(t.Context(), tn.ID, tenant.Exports, "of-the-customer"); err != nil {
		t.Fatal(err)
	}
	c.Clock.Advance(directory.MaxAge)
	var s retentionShown
	tn.Do(t, "auditor", http.MethodGet, "/v1/tenant/retention", nil).Want(t, http.StatusOK).JSON(t, &s)
	for _, row := range s.Settings {
		if row.Class == "exportFiles" && (row.Owner != "customer" || row.Deletes != "none" || row.Days != 0 || row.LockedDays != 0) {
			t.Errorf("files of exports: %+v", row)
		}
		if row.Class == "outputs" && (row.Owner != "terraform" || row.Days != 50) {
			t.Errorf("output: %+v", row)
		}
	}
}

// TestAVerificationOfExportsIsRightWhateverFails fails each call of a verification: a good bucket
// is never called unusable, and a bad one never usable.
func TestAVerificationOfExportsIsRightWhateverFails(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	for name, good := range map[string]bool{"a good bucket": true, "a bucket that is open to the public": false} {
		t.Run(name, func(t *testing.T) {
			create := func() (*cloudtest.Tenant, string) {
				tn := c.Tenant(t)
				bucket := "tried-" + string(tn.ID)
				err := c.CreateCustomerBucket(tn.Record, tenant.Exports, bucket, func(b *gcs.Bucket) {
					if !good {
						b.PublicPrevention = "inherited"
					}
				})
				if err != nil {
					t.Fatal(err)
				}
				return tn, bucket
			}
			tn, bucket := create()
			status, s, calls := verifyWith(t, tn, "exports", bucket, nil)
			if status != http.StatusOK || (s.Result == "usable") != good || calls < 4 {
				t.Fatalf("without a fault, the response is %d and %+v after %d calls", status, s, calls)
			}
			for n := range 2 * calls {
				call, fault := 1+n/2, []faults.Fault{faults.Lost, faults.ReplyLost}[n%2]
				t.Run(fmt.Sprintf("call %d %s", call, fault), func(t *testing.T) {
					tn, bucket := create()
					status, s, _ := verifyWith(t, tn, "exports", bucket, map[int64]faults.Fault{call: fault})
					if good && s.Result == "unusable" || !good && s.Result == "usable" {
						t.Errorf("the response is %d and %+v", status, s)
					}
				})
			}
		})
	}
}
