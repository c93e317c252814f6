package sweep_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/infra"
	"github.com/strongroom-dev/strongroom/shared/grant"
)

// A tenant's own database fails, for example, if its key is disabled. The sweep says so, and
// processes all others.
func TestADatabaseThatFailsDelaysNoOther(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if f.Firestore == nil {
		t.Skip("Google's emulator asks for no role")
	}
	broken, own, shared := f.TenantWithDatabase(t), f.TenantWithDatabase(t), f.Tenant(t)
	runs := map[*cloudtest.Tenant]string{}
	for _, tn := range []*cloudtest.Tenant{broken, own, shared} {
		runs[tn] = cloudtest.NewRun(t)
		tn.Mint(t, runs[tn], parts(1)...)
	}
	f.Clock.Advance(overdue)
	role := iam.Binding{
		Member: suite.FunctionAccount("sweep"), Role: infra.RoleName("strongroom.documentWriter", suite.ProjectID),
		Resource: "projects/" + suite.ProjectID + "/databases/" + broken.DatabaseID,
	}
	if err := f.IAM.Unbind(role); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil))
	if w.Code < 500 {
		t.Errorf("status %d, so nobody notices: %s", w.Code, w.Body)
	}
	f.wantIn(t, broken, runs[broken], grant.Pending)
	f.wantIn(t, own, runs[own], grant.Expired)
	f.wantIn(t, shared, runs[shared], grant.Expired)
	if err := f.IAM.Bind(role); err != nil {
		t.Fatal(err)
	}
	f.sweep(t)
	f.wantIn(t, broken, runs[broken], grant.Expired)
}

// wantIn is like want for the first part, and reads the tenant's own database.
func (f fixture) wantIn(t *testing.T, tn *cloudtest.Tenant, id string, want grant.State) {
	t.Helper()
	db, err := f.Directory.Database(t.Context(), tn.Record)
	if err != nil {
		t.Fatal(err)
	}
	f.db = db
	f.want(t, tn, id, want)
}
