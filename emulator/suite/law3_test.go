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

// keyHolder is the tenant's administrator at Cloud KMS.
type keyHolder struct {
	*kmsapi.KeyManagementClient
	version string
}

func holderOf(t *testing.T, tn *cloudtest.Tenant) keyHolder {
	t.Helper()
	client, err := tn.Cloud.Operator.KMS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return keyHolder{client, tn.KeyName + "/cryptoKeyVersions/1"}
}

func (k keyHolder) set(t *testing.T, state kmspb.CryptoKeyVersion_CryptoKeyVersionState) {
	t.Helper()
	_, err := k.UpdateCryptoKeyVersion(t.Context(), &kmspb.UpdateCryptoKeyVersionRequest{
		CryptoKeyVersion: &kmspb.CryptoKeyVersion{Name: k.version, State: state},
		UpdateMask:       &fieldmaskpb.FieldMask{Paths: []string{"state"}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestLaw3OneTenantOneKey has one tenant's key switched off, on and destroyed,
// and another tenant notice nothing.
func TestLaw3OneTenantOneKey(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	a, b := newVault(t, c), newVault(t, c)
	holder := holderOf(t, a.Tenant)
	late := a.Mint(t, a.run, cloudtest.PartOf("late.log", 1, []byte("late")))[0]

	holder.set(t, kmspb.CryptoKeyVersion_DISABLED)
	a.wantClosed(t)
	b.wantOpen(t)
	refused := late.Put(t, []byte("late"))
	if refused.Status/100 != 4 || !strings.Contains(string(refused.Body), "CloudKms") {
		t.Errorf("the bucket takes an upload without its key: %d %s", refused.Status, refused.Body)
	}

	holder.set(t, kmspb.CryptoKeyVersion_ENABLED)
	a.wantOpen(t)
	late.Put(t, []byte("late")).Want(t, http.StatusOK)

	if _, err := holder.DestroyCryptoKeyVersion(t.Context(), &kmspb.DestroyCryptoKeyVersionRequest{Name: holder.version}); err != nil {
		t.Fatal(err)
	}
	a.wantClosed(t)
	c.Clock.Advance(25 * time.Hour)
	if _, err := holder.RestoreCryptoKeyVersion(t.Context(), &kmspb.RestoreCryptoKeyVersionRequest{Name: holder.version}); err == nil {
		t.Error("a destroyed key is restored")
	}
	a.wantClosed(t)
	b.wantOpen(t)
}

// vault is a tenant with one output.
type vault struct {
	*cloudtest.Tenant
	run string
}

const kept = "what only this tenant's key opens\n"

func newVault(t *testing.T, c *cloudtest.Cloud) vault {
	t.Helper()
	v := vault{c.Tenant(t), cloudtest.NewRun(t)}
	v.Store(t, v.run, "stdout.log", []byte(kept))
	return v
}

func (v vault) wantOpen(t *testing.T) {
	t.Helper()
	for _, query := range []string{"", "?lines=1-"} {
		got := v.Do(t, "viewer", http.MethodGet, v.RunPath(v.run)+"/outputs/stdout.log"+query, nil).Want(t, http.StatusOK)
		if string(got.Body) != kept {
			t.Errorf("read %q", got.Body)
		}
	}
}

// wantClosed wants the same fixed text however the output is asked for.
func (v vault) wantClosed(t *testing.T) {
	t.Helper()
	for _, query := range []string{"", "?lines=1-", "?lines=1-1"} {
		got := v.Do(t, "viewer", http.MethodGet, v.RunPath(v.run)+"/outputs/stdout.log"+query, nil)
		p := wantProblem(t, got, http.StatusForbidden)
		if p.Detail != "the tenant's key is disabled or destroyed; ask the tenant's administrator" || len(p.Errors) > 0 {
			t.Errorf("the client learns %s", got.Body)
		}
		for _, internal := range []string{"CloudKms", v.OutputsBucket, "cryptoKeys", "gserviceaccount", "googleapi"} {
			if strings.Contains(string(got.Body), internal) {
				t.Errorf("the client learns of %s: %s", internal, got.Body)
			}
		}
	}
	v.Do(t, "viewer", http.MethodGet, v.RunPath(v.run)+"/outputs", nil).Want(t, http.StatusOK) // the listing is no output
}
