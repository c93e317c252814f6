package kms_test

import (
	"testing"

	"cloud.google.com/go/iam/apiv1/iampb"
	"cloud.google.com/go/kms/apiv1/kmspb"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"

	"github.com/strongroom-dev/strongroom/emulator/kms"
)

const encrypter = "roles/cloudkms.cryptoKeyEncrypter"

func TestAPolicyDecidesWhoMayUseTheKey(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	key, other := f.key("acme"), f.key("other")
	may := func(name string) error {
		_, err := f.kms.Encrypt(kms.As(t.Context(), nobody), &kmspb.EncryptRequest{Name: name})
		return err
	}
	wantCode(t, may(key), codes.PermissionDenied)

	read, err := f.admin.GetIamPolicy(t.Context(), &iampb.GetIamPolicyRequest{Resource: key})
	if err != nil {
		t.Fatal(err)
	}
	granted := f.setPolicy(key, &iampb.Policy{Etag: read.GetEtag(), Bindings: []*iampb.Binding{{Role: encrypter, Members: []string{"serviceAccount:" + nobody}}}})
	if err := may(key); err != nil {
		t.Errorf("the role has no effect: %v", err)
	}
	wantCode(t, may(other), codes.PermissionDenied)

	f.setPolicy(key, &iampb.Policy{Etag: granted.GetEtag()})
	wantCode(t, may(key), codes.PermissionDenied)
	if _, err := f.user.Encrypt(t.Context(), &kmspb.EncryptRequest{Name: key}); err != nil {
		t.Errorf("a binding on the ring is not part of the key's policy, and is gone: %v", err)
	}
}

func TestAPolicyThatHasChangedIsNotReplaced(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	key := f.key("acme")
	read, err := f.admin.GetIamPolicy(t.Context(), &iampb.GetIamPolicyRequest{Resource: key})
	if err != nil {
		t.Fatal(err)
	}
	f.setPolicy(key, &iampb.Policy{Bindings: []*iampb.Binding{{Role: encrypter, Members: []string{"serviceAccount:" + nobody}}}})
	_, err = f.admin.SetIamPolicy(t.Context(), &iampb.SetIamPolicyRequest{Resource: key, Policy: &iampb.Policy{Etag: read.GetEtag()}})
	wantCode(t, err, codes.Aborted)
	after, err := f.admin.GetIamPolicy(t.Context(), &iampb.GetIamPolicyRequest{Resource: key})
	if err != nil || len(after.GetBindings()) != 1 {
		t.Errorf("the policy is %v, %v", after, err)
	}
}

func TestPoliciesAreForAdministrators(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	key := f.key("acme")
	_, err := f.user.GetIamPolicy(t.Context(), &iampb.GetIamPolicyRequest{Resource: key})
	wantCode(t, err, codes.PermissionDenied)
	_, err = f.user.SetIamPolicy(t.Context(), &iampb.SetIamPolicyRequest{Resource: ring})
	wantCode(t, err, codes.PermissionDenied)
	_, err = f.admin.GetIamPolicy(t.Context(), &iampb.GetIamPolicyRequest{Resource: ring + "/cryptoKeys/missing"})
	wantCode(t, err, codes.NotFound)
	_, err = f.admin.GetIamPolicy(t.Context(), &iampb.GetIamPolicyRequest{Resource: "cryptoKeys"})
	wantCode(t, err, codes.InvalidArgument)
	for name, binding := range map[string]*iampb.Binding{
		"a user":                     {Role: encrypter, Members: []string{"user:jane@example.com"}},
		"a role that does not exist": {Role: "roles/cloudkms.wizard", Members: []string{"serviceAccount:" + nobody}},
	} {
		_, err = f.admin.SetIamPolicy(t.Context(), &iampb.SetIamPolicyRequest{Resource: key, Policy: &iampb.Policy{Bindings: []*iampb.Binding{binding}}})
		if err == nil {
			t.Errorf("%s is granted", name)
		}
	}
}

func TestACallerLearnsItsOwnPermissions(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	r, err := f.user.TestIamPermissions(t.Context(), &iampb.TestIamPermissionsRequest{
		Resource: f.key("acme"), Permissions: []string{"cloudkms.cryptoKeys.setIamPolicy", "cloudkms.cryptoKeyVersions.useToDecrypt"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"cloudkms.cryptoKeyVersions.useToDecrypt"}, r.GetPermissions()); diff != "" {
		t.Error(diff)
	}
}

func (f *fixture) setPolicy(key string, policy *iampb.Policy) *iampb.Policy {
	f.t.Helper()
	set, err := f.admin.SetIamPolicy(f.t.Context(), &iampb.SetIamPolicyRequest{Resource: key, Policy: policy})
	if err != nil {
		f.t.Fatal(err)
	}
	return set
}
