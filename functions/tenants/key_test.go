package tenants_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloud"
	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
)

func TestAnAdminSeesTheRecordAndTheKey(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	s := show(t, tn)
	if s.ID != string(tn.ID) || s.State != "active" || s.Location != tn.Location || s.OutputsBucket != tn.OutputsBucket || s.Key.Name != tn.KeyName {
		t.Errorf("the record is %+v", s)
	}
	if s.Key.State != "active" || !s.Key.Encrypts || !s.Key.Decrypts || s.Key.Problem != "" || len(s.Drift) > 0 || s.Key.Roles == 0 || s.Key.Change != nil {
		t.Errorf("the key is %+v, with the drift %v", s.Key, s.Drift)
	}
	if got := states(s); got != "1:ENABLED* " {
		t.Errorf("the versions are %s", got)
	}
	for _, r := range s.Key.Rights {
		if !r.Platform || r.Who != "" {
			t.Errorf("the platform cannot %s: %s", r.Action, r.Who)
		}
	}
}

func TestDisableRemovesVersionsAndRolesAndEnableRestoresThem(t *testing.T) {
	t.Parallel()
	tn, other := cloudtest.Shared(t).Tenant(t), cloudtest.Shared(t).Tenant(t)
	roles := show(t, tn).Key.Roles

	s := do(t, tn, "disable")
	if s.Key.State != "revoked" || s.Key.Encrypts || s.Key.Decrypts || s.Key.Roles != 0 || states(s) != "1:DISABLED* " {
		t.Errorf("after disable, the key is %+v", s.Key)
	}
	if c := s.Key.Change; c == nil || c.Action != "tenant.key.disable" || c.Effective.IsZero() || c.CachedTo.Sub(c.Effective) != 5*time.Minute {
		t.Errorf("the change is %+v", c)
	}
	// The roles alone stop every function and Cloud Storage.
	setVersion(t, tn, "1", kmspb.CryptoKeyVersion_ENABLED)
	for _, account := range append([]string{cloud.StorageAgent}, users...) {
		if encrypts(t, tn, account) {
			t.Errorf("%s can still use the key", account)
		}
	}
	if s := show(t, other); s.Key.State != "active" || s.Key.Roles != roles {
		t.Errorf("the other tenant's key is %+v", s.Key)
	}

	s = do(t, tn, "enable")
	if s.Key.State != "active" || s.Key.Roles != roles || len(s.Drift) > 0 {
		t.Errorf("after enable, the key is %+v, with the drift %v", s.Key, s.Drift)
	}
	for _, account := range append([]string{cloud.StorageAgent}, users...) {
		if !encrypts(t, tn, account) {
			t.Errorf("%s cannot use the key again", account)
		}
	}
}

func TestEachChangeHasAnEntryBeforeAndAfter(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	for _, action := range []string{"test", "rotate", "disable", "disable", "enable", "enable"} {
		do(t, tn, action)
	}
	var got []string
	intents := map[string]auditlog.Action{}
	for _, e := range entries(t, tn) {
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s", e.Action, e.Outcome, e.Reason)))
		if e.Outcome == auditlog.Allowed {
			intents[e.ID] = e.Action
		} else if intents[e.Of] != e.Action {
			t.Errorf("the entry %+v is not of an entry before", e)
		}
	}
	want := []string{
		"tenant.key.test allowed", "tenant.key.test done active",
		"tenant.key.rotate allowed", "tenant.key.rotate done active",
		"tenant.key.disable allowed", "tenant.key.disable done revoked",
		"tenant.key.enable allowed", "tenant.key.enable done active",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRotationKeepsOlderVersions(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	run := cloudtest.NewRun(t)
	tn.Store(t, run, "old.log", []byte("from before"))
	if got := states(do(t, tn, "rotate")); got != "1:ENABLED 2:ENABLED* " {
		t.Errorf("the versions are %s", got)
	}
	tn.Do(t, "viewer", http.MethodGet, tn.RunPath(run)+"/outputs/old.log", nil).Want(t, http.StatusOK)
	refuse(t, tn, "rotate", map[string]any{"primary": "1"}, "primary-changed")
	tn.Do(t, "admin", http.MethodPost, "/v1/tenant/key/rotate", map[string]any{"primary": "2"}).Want(t, http.StatusOK)
}

// A rotation that ended after the version was created continues with this version.
func TestARotationContinues(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	client, err := tn.Cloud.Operator.KMS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateCryptoKeyVersion(t.Context(), &kmspb.CreateCryptoKeyVersionRequest{Parent: tn.KeyName}); err != nil {
		t.Fatal(err)
	}
	if got := states(do(t, tn, "rotate")); got != "1:ENABLED 2:ENABLED* " {
		t.Errorf("the versions are %s", got)
	}
}

func TestAnActionThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	db, err := tn.Cloud.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	running := db.Collection("tenants").Doc(string(tn.ID)).Collection("exports").Doc(cloudtest.NewRun(t))
	if _, err := running.Set(t.Context(), map[string]any{"active": true, "created": tn.Cloud.Clock.Now()}); err != nil {
		t.Fatal(err)
	}
	refuse(t, tn, "rotate", nil, "export-active")
	if _, err := running.Set(t.Context(), map[string]any{"active": false, "created": tn.Cloud.Clock.Now()}); err != nil {
		t.Fatal(err)
	}
	do(t, tn, "disable")
	refuse(t, tn, "rotate", nil, "key-not-active")
}

// Somebody else than this API changes the key.
func TestTheStateIsMeasured(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change  func(t *testing.T, tn *cloudtest.Tenant)
		state   string
		problem string
		drift   string
	}{
		"the owner disables the only version": {
			change: func(t *testing.T, tn *cloudtest.Tenant) { setVersion(t, tn, "1", kmspb.CryptoKeyVersion_DISABLED) },
			state:  "revoked", problem: "somebody has disabled the key in Cloud KMS", drift: "the versions 1 are not enabled",
		},
		"the owner disables an older version": {
			change: func(t *testing.T, tn *cloudtest.Tenant) {
				do(t, tn, "rotate")
				setVersion(t, tn, "1", kmspb.CryptoKeyVersion_DISABLED)
			},
			state: "test_failed", problem: "what the versions 1 encrypted cannot be read", drift: "the versions 1 are not enabled",
		},
		"a version comes back after disable": {
			change: func(t *testing.T, tn *cloudtest.Tenant) {
				do(t, tn, "disable")
				setVersion(t, tn, "1", kmspb.CryptoKeyVersion_ENABLED)
			},
			state: "revoking", problem: "can still be used", drift: "the versions 1 are enabled although the key was disabled",
		},
		"an apply after disable grants the roles again": {
			change: func(t *testing.T, tn *cloudtest.Tenant) {
				do(t, tn, "disable")
				if _, err := tn.Cloud.AddTenant(t.Context(), tn.ID, tn.Workspace); err != nil {
					t.Fatal(err)
				}
				if encrypts(t, tn, users[0]) {
					t.Error("an apply makes the key usable")
				}
			},
			state: "revoking", problem: "can still be used, or a version or role has come back", drift: "were granted again after it was disabled",
		},
		"disable alone shows which roles Terraform misses": {
			change: func(t *testing.T, tn *cloudtest.Tenant) { do(t, tn, "disable") },
			state:  "revoked", problem: "enable it", drift: "roles that Terraform grants; enable restores them",
		},
		"the platform may not use the key": {
			change: func(t *testing.T, tn *cloudtest.Tenant) { withdrawRights(t, tn) },
			state:  "test_failed", problem: "the platform may not use the key",
		},
		"every version is destroyed": {
			change: func(t *testing.T, tn *cloudtest.Tenant) {
				client, err := tn.Cloud.Operator.KMS(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if _, err := client.DestroyCryptoKeyVersion(t.Context(), &kmspb.DestroyCryptoKeyVersionRequest{Name: tn.KeyName + "/cryptoKeyVersions/1"}); err != nil {
					t.Fatal(err)
				}
				tn.Cloud.Clock.Advance(25 * time.Hour)
			},
			state: "destroyed", problem: "every version is destroyed",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := cloudtest.Shared(t)
			if test.state == "destroyed" {
				c = cloudtest.New(t, suite.Options{})
			}
			tn := c.Tenant(t)
			test.change(t, tn)
			s := show(t, tn)
			if s.Key.State != test.state || !strings.Contains(s.Key.Problem, test.problem) {
				t.Errorf("the state is %s: %s", s.Key.State, s.Key.Problem)
			}
			if got := fmt.Sprint(s.Drift); test.drift == "" != (len(s.Drift) == 0) || !strings.Contains(got, test.drift) {
				t.Errorf("the drift is %s, want %q", got, test.drift)
			}
		})
	}
}

// withdrawRights removes the platform's administration of a key, as its owner can.
func withdrawRights(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	err := tn.Cloud.IAM.Unbind(iam.Binding{
		Member: suite.FunctionAccount("tenants"), Role: "projects/" + suite.ProjectID + "/roles/strongroom.keyAdministrator", Resource: tn.KeyName,
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAKeyOfTheCustomerSaysWhoCanDoWhat(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	withdrawRights(t, tn)
	err := tn.Cloud.IAM.Bind(iam.Binding{Member: suite.FunctionAccount("tenants"), Role: "roles/cloudkms.cryptoKeyEncrypterDecrypter", Resource: tn.KeyName})
	if err != nil {
		t.Fatal(err)
	}
	s := show(t, tn)
	if s.Key.State != "active" || len(s.Key.Versions) != 0 {
		t.Errorf("the key is %+v", s.Key)
	}
	for _, r := range s.Key.Rights {
		if r.Platform != (r.Action == "test") {
			t.Errorf("right %+v", r)
		}
		if !r.Platform && !strings.Contains(r.Who, "whoever administers the key in its project") {
			t.Errorf("right %+v", r)
		}
	}
	for _, action := range []string{"rotate", "disable", "enable"} {
		refuse(t, tn, action, nil, "key-owner")
	}
	if got := entries(t, tn); len(got) != 0 {
		t.Errorf("a refused action is recorded as allowed: %v", got)
	}
	if do(t, tn, "test").Key.State != "active" {
		t.Error("the platform cannot test the key")
	}
}
