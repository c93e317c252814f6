package tenants_test

import (
	"net/http"
	"testing"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/kms"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
)

func TestMain(m *testing.M) { cloudtest.Main(m) }

// shown is what a response says about a tenant.
type shown struct {
	ID, State, Location, OutputsBucket string
	Key                                shownKey
	Owners                             []struct{ Field, Owner string }
	Drift                              []struct{ Field, Message string }
}

type shownKey struct {
	Name, State, Problem string
	Encrypts, Decrypts   bool
	Versions             []struct {
		Version, State  string
		Primary, Failed bool
	}
	Roles  int
	Change *struct {
		Action, Entry                  string
		Requested, Effective, CachedTo time.Time
	}
	Rights []struct {
		Action, Who string
		Platform    bool
	}
}

func show(t *testing.T, tn *cloudtest.Tenant) (s shown) {
	t.Helper()
	tn.Do(t, "auditor", http.MethodGet, "/v1/tenant", nil).Want(t, http.StatusOK).JSON(t, &s)
	return s
}

// do performs an action on the key, as an admin.
func do(t *testing.T, tn *cloudtest.Tenant, action string) (s shown) {
	t.Helper()
	tn.Do(t, "admin", http.MethodPost, "/v1/tenant/key/"+action, nil).Want(t, http.StatusOK).JSON(t, &s)
	return s
}

// refuse expects that an action is refused with a code, and that the key stays as it was.
func refuse(t *testing.T, tn *cloudtest.Tenant, action string, body any, code string) {
	t.Helper()
	before := states(show(t, tn))
	var p struct{ Code, Detail string }
	tn.Do(t, "admin", http.MethodPost, "/v1/tenant/key/"+action, body).Want(t, http.StatusConflict).JSON(t, &p)
	if p.Code != code {
		t.Errorf("%s: the code is %s (%s), want %s", action, p.Code, p.Detail, code)
	}
	if after := states(show(t, tn)); after != before {
		t.Errorf("%s: the versions were %s and are %s", action, before, after)
	}
}

// states lists the versions, with a star after the primary one.
func states(s shown) string {
	var text string
	for _, v := range s.Key.Versions {
		text += v.Version + ":" + v.State
		if v.Primary {
			text += "*"
		}
		text += " "
	}
	return text
}

// setVersion sets the state of a version as the owner of the key can, in Cloud KMS.
func setVersion(t *testing.T, tn *cloudtest.Tenant, version string, to kmspb.CryptoKeyVersion_CryptoKeyVersionState) {
	t.Helper()
	tn.Cloud.SetVersionState(t, tn.KeyName+"/cryptoKeyVersions/"+version, to)
}

// entries returns the entries of the audit log about the key.
func entries(t *testing.T, tn *cloudtest.Tenant) (all []auditlog.Entry) {
	t.Helper()
	for _, e := range allEntries(t, tn) {
		if e.Resource == "tenants/"+string(tn.ID)+"/key" {
			all = append(all, e)
		}
	}
	return all
}

// allEntries returns the entries of the tenant's audit log.
func allEntries(t *testing.T, tn *cloudtest.Tenant) (all []auditlog.Entry) {
	t.Helper()
	c := tn.Cloud
	log, err := auditlog.OpenReader(t.Context(), auditlog.Config{AuditKeyName: c.PlatformKey("audit")}, c.Operator, c.Clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	db, err := c.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range log.Entries(t.Context(), db, tn.ID) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// encrypts reports whether an account can encrypt with the tenant's key.
func encrypts(t *testing.T, tn *cloudtest.Tenant, account string) bool {
	t.Helper()
	_, err := tn.Cloud.KMS.Encrypt(kms.As(t.Context(), account), &kmspb.EncryptRequest{Name: tn.KeyName, Plaintext: []byte("x")})
	return err == nil
}

var users = []string{suite.FunctionAccount("runs"), suite.FunctionAccount("assistant-update")}
