package suite_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	kmsapi "cloud.google.com/go/kms/apiv1"
	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

// keyAdmin is the administrator of a tenant's key in Cloud KMS.
type keyAdmin struct {
	*kmsapi.KeyManagementClient
	version string
}

func keyAdminOf(t *testing.T, tn *cloudtest.Tenant) keyAdmin {
	t.Helper()
	client, err := tn.Cloud.Operator.KMS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return keyAdmin{client, tn.KeyName + "/cryptoKeyVersions/1"}
}

func (k keyAdmin) set(t *testing.T, state kmspb.CryptoKeyVersion_CryptoKeyVersionState) {
	t.Helper()
	_, err := k.UpdateCryptoKeyVersion(t.Context(), &kmspb.UpdateCryptoKeyVersionRequest{
		CryptoKeyVersion: &kmspb.CryptoKeyVersion{Name: k.version, State: state},
		UpdateMask:       &fieldmaskpb.FieldMask{Paths: []string{"state"}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestLaw3OneTenantOneKey disables, enables and destroys one tenant's key. Another
// tenant is not affected.
func TestLaw3OneTenantOneKey(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	a, b := newKeyedTenant(t, c), newKeyedTenant(t, c)
	holder := keyAdminOf(t, a.Tenant)
	late := a.Mint(t, cloudtest.NewRun(t), cloudtest.PartOf("late.log", 1, []byte("late")))[0]

	holder.set(t, kmspb.CryptoKeyVersion_DISABLED)
	a.wantUnreadable(t)
	b.wantReadable(t)
	refused := late.Put(t, []byte("late"))
	if refused.Status/100 != 4 || !strings.Contains(string(refused.Body), "CloudKms") {
		t.Errorf("the bucket accepts an upload without its key: %d %s", refused.Status, refused.Body)
	}

	holder.set(t, kmspb.CryptoKeyVersion_ENABLED)
	a.wantReadable(t)
	late.Put(t, []byte("late")).Want(t, http.StatusOK)

	if _, err := holder.DestroyCryptoKeyVersion(t.Context(), &kmspb.DestroyCryptoKeyVersionRequest{Name: holder.version}); err != nil {
		t.Fatal(err)
	}
	a.wantUnreadable(t)
	c.Clock.Advance(25 * time.Hour)
	if _, err := holder.RestoreCryptoKeyVersion(t.Context(), &kmspb.RestoreCryptoKeyVersionRequest{Name: holder.version}); err == nil {
		t.Error("a destroyed key can be restored")
	}
	a.wantUnreadable(t)
	b.wantReadable(t)
}

// keyedTenant is a tenant with one output.
type keyedTenant struct {
	*cloudtest.Tenant
	run string
}

const plaintext = "only this tenant's key decrypts this\n"

func newKeyedTenant(t *testing.T, c *cloudtest.Cloud) keyedTenant {
	t.Helper()
	v := keyedTenant{c.Tenant(t), cloudtest.NewRun(t)}
	v.Store(t, v.run, "stdout.log", []byte(plaintext))
	return v
}

func (v keyedTenant) wantReadable(t *testing.T) {
	t.Helper()
	for _, query := range []string{"", "?lines=1-"} {
		got := v.Do(t, "viewer", http.MethodGet, v.RunPath(v.run)+"/outputs/stdout.log"+query, nil).Want(t, http.StatusOK)
		if string(got.Body) != plaintext {
			t.Errorf("read %q", got.Body)
		}
	}
}

// wantUnreadable checks that every kind of read returns the same fixed text.
func (v keyedTenant) wantUnreadable(t *testing.T) {
	t.Helper()
	for _, query := range []string{"", "?lines=1-", "?lines=1-1"} {
		got := v.Do(t, "viewer", http.MethodGet, v.RunPath(v.run)+"/outputs/stdout.log"+query, nil)
		p := wantProblem(t, got, http.StatusForbidden)
		if p.Detail != "the tenant's key is disabled or destroyed; ask the tenant's administrator" || len(p.Errors) > 0 {
			t.Errorf("the response is %s", got.Body)
		}
		for _, internal := range []string{"CloudKms", v.OutputsBucket, "cryptoKeys", "gserviceaccount", "googleapi"} {
			if strings.Contains(string(got.Body), internal) {
				t.Errorf("the response contains %s: %s", internal, got.Body)
			}
		}
	}
	v.Do(t, "viewer", http.MethodGet, v.RunPath(v.run)+"/outputs", nil).Want(t, http.StatusOK) // a list contains no output
}
