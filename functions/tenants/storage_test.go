package tenants_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/gcs"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/storageprobe"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// storageShown is what a response says about a verification.
type storageShown struct {
	ID, Component, Bucket, Key, Result, Probe string
	Current                                   bool
	Checks                                    []struct{ ID, Result, Seen, Fix string }
}

// with returns the checks that have a result, in order.
func (s storageShown) with(result string) string {
	var ids []string
	for _, c := range s.Checks {
		if c.Result == result {
			ids = append(ids, c.ID)
		}
	}
	return strings.Join(ids, " ")
}

// verify verifies a bucket, or the tenant's own for "".
func verify(t *testing.T, tn *cloudtest.Tenant, bucket string) (s storageShown) {
	t.Helper()
	var body any
	if bucket != "" {
		body = map[string]any{"bucket": bucket}
	}
	tn.Do(t, "admin", http.MethodPost, "/v1/tenant/storage/verify", body).Want(t, http.StatusOK).JSON(t, &s)
	return s
}

func TestTheTenantsOwnBucketAndACustomersAreUsable(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	bucket := "good-" + string(tn.ID)
	if err := tn.Cloud.CreateCustomerBucket(tn.Record, tenant.Outputs, bucket, nil); err != nil {
		t.Fatal(err)
	}
	for name, current := range map[string]bool{"": true, bucket: false} {
		s := verify(t, tn, name)
		if s.Result != "usable" || s.Current != current || s.Key != tn.KeyName {
			t.Errorf("the verification of %q is %+v", name, s)
		}
		want := "readable location key public-access uniform-access retention create no-overwrite no-replace no-read no-list no-delete notification encryption"
		if got := s.with("ok"); got != want {
			t.Errorf("the checks that succeed are\n%s, want\n%s", got, want)
		}
		if got := s.with("not-checked"); got != "outputs-read" {
			t.Errorf("the checks that were not made are %s", got)
		}
		var again storageShown
		tn.Do(t, "auditor", http.MethodGet, "/v1/tenant/storage", nil).Want(t, http.StatusOK).JSON(t, &again)
		if diff := cmp.Diff(s, again); diff != "" {
			t.Errorf("the verification (-) is shown later as (+): %s", diff)
		}
	}
}

func TestAWrongBucketIsUnusableForTheRightReason(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	bind := func(t *testing.T, member, role, bucket string) {
		t.Helper()
		if err := c.IAM.Bind(iam.Binding{Member: member, Role: role, Resource: "buckets/" + bucket}); err != nil {
			t.Fatal(err)
		}
	}
	for name, row := range map[string]struct {
		change func(*gcs.Bucket)
		after  func(t *testing.T, tn *cloudtest.Tenant, bucket string)
		want   string
	}{
		"another location":     {change: func(b *gcs.Bucket) { b.Location = "US" }, want: "location"},
		"no key of Cloud KMS":  {change: func(b *gcs.Bucket) { b.DefaultKMSKeyName = "" }, want: "key encryption"},
		"open to the public":   {change: func(b *gcs.Bucket) { b.PublicPrevention = "inherited" }, want: "public-access"},
		"of another tenant":    {change: func(b *gcs.Bucket) { b.Labels = map[string]string{"tenant": "other"} }, want: "readable notification encryption"},
		"nothing was granted":  {after: func(t *testing.T, tn *cloudtest.Tenant, b string) { withdraw(t, tn, b, "") }, want: "readable notification encryption"},
		"no upload is allowed": {after: func(t *testing.T, tn *cloudtest.Tenant, b string) { withdraw(t, tn, b, tn.SigningAccount) }, want: "create notification encryption"},
		"the signer may read": {after: func(t *testing.T, tn *cloudtest.Tenant, b string) {
			bind(t, tn.SigningAccount, "roles/storage.objectViewer", b)
		}, want: "no-read no-list"},
		"the signer may replace": {after: func(t *testing.T, tn *cloudtest.Tenant, b string) {
			bind(t, tn.SigningAccount, "roles/storage.objectUser", b)
		}, want: "no-replace no-read no-list no-delete"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := c.Tenant(t)
			bucket := "wrong-" + string(tn.ID)
			if err := c.CreateCustomerBucket(tn.Record, tenant.Outputs, bucket, row.change); err != nil {
				t.Fatal(err)
			}
			if row.after != nil {
				row.after(t, tn, bucket)
			}
			s := verify(t, tn, bucket)
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

// withdraw removes the roles of an account on a bucket, or of all accounts.
func withdraw(t *testing.T, tn *cloudtest.Tenant, bucket, account string) {
	t.Helper()
	for _, b := range tn.Cloud.CustomerBindings(tn.Record, tenant.Outputs, bucket) {
		if account == "" || b.Member == account {
			if err := tn.Cloud.IAM.Unbind(b); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestABucketThatNotifiesNobodyIsUnusableAfterFiveMinutes(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	bucket := "silent-" + string(tn.ID)
	if err := c.CreateCustomerBucket(tn.Record, tenant.Outputs, bucket, func(b *gcs.Bucket) { b.NotificationTopic = "" }); err != nil {
		t.Fatal(err)
	}
	if s := verify(t, tn, bucket); s.Result != "waiting" || s.with("waiting") != "notification encryption" {
		t.Errorf("without a notification, the verification is %+v", s)
	}
	c.Clock.Advance(5 * time.Minute)
	var s storageShown
	tn.Do(t, "admin", http.MethodGet, "/v1/tenant/storage", nil).Want(t, http.StatusOK).JSON(t, &s)
	if s.Result != "unusable" || s.with("failed") != "notification encryption" {
		t.Errorf("after five minutes, the verification is %+v", s)
	}
}

func TestNobodySeesTheBucketOfAnotherTenant(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn, other := c.Tenant(t), c.Tenant(t)
	foreign, none := verify(t, tn, other.OutputsBucket), verify(t, tn, "no-such-bucket")
	if diff := cmp.Diff(none.Checks, foreign.Checks); diff != "" || foreign.Probe != "" {
		t.Errorf("the bucket of another tenant differs from one that does not exist: %s", diff)
	}
}

func TestVerificationsAreBounded(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	for range storageprobe.MaxPerHour {
		verify(t, tn, "no-such-bucket")
	}
	r := tn.Do(t, "admin", http.MethodPost, "/v1/tenant/storage/verify", nil).Want(t, http.StatusTooManyRequests)
	if r.Header.Get("Retry-After") == "" {
		t.Error("the refusal does not say when to try again")
	}
	wantCode(t, tn.Do(t, "admin", http.MethodPost, "/v1/tenant/storage/verify", map[string]any{"bucket": "UPPER"}), http.StatusUnprocessableEntity, "invalid")
}

func TestAProbeIsNoOutputAndNotInQuarantine(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	verify(t, tn, "")
	tn.Cloud.Drain(t)
	db, err := tn.Cloud.Directory.Database(t.Context(), tn.Record)
	if err != nil {
		t.Fatal(err)
	}
	found, err := db.Collection("tenants").Doc(string(tn.ID)).Collection("quarantine").Documents(t.Context()).GetAll()
	if err != nil || len(found) > 0 {
		t.Errorf("%d objects are in quarantine (%v)", len(found), err)
	}
}
