package suite_test

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"testing"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/certificate"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/legalhold"
	"github.com/strongroom-dev/strongroom/shared/offboard"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// keyState returns a request that does something with the key of the tenant, after the
// opposite. Afterward, the key is enabled. Other roles than an admin are refused, whatever
// the state is.
func keyState(first, then string) ask {
	return func(t *testing.T, f *matrixFixture, p place) (string, any) {
		t.Helper()
		if p.caller == tenant.Admin {
			f.tenant.Do(t, "admin", http.MethodPost, "/v1/tenant/key/"+first, nil).Want(t, http.StatusOK)
			ctx := context.WithoutCancel(t.Context())
			t.Cleanup(func() { f.enableKey(ctx, t) })
		}
		return "/v1/tenant/key/" + then, nil
	}
}

// enableKey enables the key at the end of a test, whose context is canceled.
func (f *matrixFixture) enableKey(ctx context.Context, t *testing.T) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, f.cloud.URL+"/v1/tenant/key/enable", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+f.tenant.Token(t, "admin"))
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := reply.Body.Close(); err != nil || reply.StatusCode != http.StatusOK {
		t.Fatalf("enable the key: %d, %v", reply.StatusCode, err)
	}
}

// rotation returns a request that rotates the key, while no export is active.
func rotation(t *testing.T, f *matrixFixture, _ place) (string, any) {
	t.Helper()
	withoutExports(t, f.tenant)
	return "/v1/tenant/key/rotate", everything
}

// destruction returns a request to destroy the key, which is disabled. It does not confirm
// the request.
func destruction(t *testing.T, f *matrixFixture, p place) (string, any) {
	t.Helper()
	path, _ := keyState("disable", "destroy")(t, f, p)
	return path, map[string]any{"tenant": f.tenant.ID}
}

// stateOfTenant returns a request of the staff that changes the state of the tenant, after the
// opposite. Afterward, the tenant is active. Other roles are refused, whatever the state is.
func stateOfTenant(first, then string) ask {
	return func(t *testing.T, f *matrixFixture, p place) (string, any) {
		t.Helper()
		path := "/v1/tenants/" + string(f.tenant.ID) + "/"
		if p.caller == tenant.Platform {
			f.tenant.Do(t, "platform", http.MethodPost, path+first, nil).Want(t, http.StatusOK)
			ctx := context.WithoutCancel(t.Context())
			t.Cleanup(func() { f.setState(ctx, t, "") })
		}
		return path + then, nil
	}
}

// setState sets the state of the tenant in its settings, without a request: also at the end of
// a test, whose context is canceled.
func (f *matrixFixture) setState(ctx context.Context, t *testing.T, state tenant.State) {
	t.Helper()
	db, err := f.cloud.Directory.Client(ctx)
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]any{"state": state, "entry": "test", "leaving": nil}
	if state == tenant.Offboarding {
		settings["leaving"] = tenant.Leaving{ID: "test", Start: "test"}
	}
	if _, err := directory.Settings(db, f.tenant.ID).Set(ctx, settings, firestore.MergeAll); err != nil {
		t.Fatal(err)
	}
}

// newLegalHold returns a request for a hold on a workspace that no other operation is about. It
// does not exist any more at the end of the test.
func newLegalHold(t *testing.T, f *matrixFixture, _ place) (string, any) {
	t.Helper()
	id := cloudtest.NewRun(t)
	ctx := context.WithoutCancel(t.Context())
	t.Cleanup(func() {
		db, err := f.cloud.Directory.Client(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := legalhold.Collection(db, f.tenant.ID).Doc(id).Delete(ctx); err != nil {
			t.Fatal(err)
		}
	})
	return "/v1/tenant/holds/" + id, map[string]any{"workspace": f.places[1].workspace}
}

// placedHold returns a request to lift a hold.
func placedHold(t *testing.T, f *matrixFixture, p place) (string, any) {
	t.Helper()
	path, body := newLegalHold(t, f, p)
	f.tenant.Do(t, "admin", http.MethodPut, path, body).Want(t, http.StatusOK)
	return path + "/lift", map[string]any{}
}

// liftingOfHold returns a request of the staff to lift a hold, as an admin has requested.
func liftingOfHold(t *testing.T, f *matrixFixture, p place) (string, any) {
	t.Helper()
	path, _ := placedHold(t, f, p)
	var asked struct{ Lifting struct{ ID string } }
	f.tenant.Do(t, "admin", http.MethodPost, path, nil).Want(t, http.StatusOK).JSON(t, &asked)
	return strings.Replace(path, "/tenant/", "/tenants/"+string(f.tenant.ID)+"/", 1), map[string]any{"lifting": asked.Lifting.ID}
}

// requestToLeave returns a request for the offboarding, which nobody starts.
func requestToLeave(_ *testing.T, f *matrixFixture, _ place) (string, any) {
	return "/v1/tenant/offboarding", map[string]any{"tenant": f.tenant.ID}
}

// leavingTenant returns a request about the offboarding of the tenant that its admin has asked
// for. Afterward, the tenant is active.
func leavingTenant(path string, start bool) ask {
	return func(t *testing.T, f *matrixFixture, p place) (string, any) {
		t.Helper()
		path := path
		if !strings.HasPrefix(path, "/v1/") {
			path = "/v1/tenants/" + string(f.tenant.ID) + path
		}
		if p.caller != tenant.Platform && p.caller != tenant.Admin {
			return path, nil // it is refused, whatever the state is
		}
		var asked struct{ ID string }
		own, body := requestToLeave(t, f, p)
		f.tenant.Do(t, "admin", http.MethodPost, own, body).Want(t, http.StatusOK).JSON(t, &asked)
		ctx := context.WithoutCancel(t.Context())
		t.Cleanup(func() { f.setState(ctx, t, "") })
		if start {
			return path, map[string]any{"request": asked.ID}
		}
		return path, nil
	}
}

// certified stores a certificate of the tenant, and returns a request for it.
func certified(path string) ask {
	return func(t *testing.T, f *matrixFixture, _ place) (string, any) {
		t.Helper()
		path := cmp.Or(path, "/v1/tenants/"+string(f.tenant.ID)+"/certificate")
		ref := offboard.CertificateRef(operatorDB(t, f.cloud), f.tenant.ID, certificate.Interim)
		if _, err := ref.Set(t.Context(), offboard.Certificate{Start: "test", Note: []byte("a note"), Keys: []string{"a key"}}); err != nil {
			t.Fatal(err)
		}
		return path, nil
	}
}
