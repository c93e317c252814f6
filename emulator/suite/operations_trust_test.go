package suite_test

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// newTrustRule returns a request that adds a rule for a subject that has no role. The rule does
// not exist any more at the end of the test.
func newTrustRule(t *testing.T, f *matrixFixture, _ place) (string, any) {
	t.Helper()
	subject := cloudtest.NewRun(t)
	token, err := f.cloud.Issuer.Token(map[string]any{"sub": subject, "aud": suite.Audience + "/tenants/" + string(f.tenant.ID)}, 12*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	issuer := f.cloud.Issuer.URL()
	ctx := context.WithoutCancel(t.Context())
	t.Cleanup(func() { f.removeTrustRule(ctx, t, tenant.AddedRuleID(issuer, map[string]string{"sub": subject})) })
	claims := []map[string]any{{"name": "sub", "value": subject}}
	return "/v1/tenant/trust/rules", map[string]any{"token": token, "rule": map[string]any{"issuer": issuer, "claims": claims, "role": "viewer"}}
}

// addedTrustRule returns a request about a rule, which exists if the caller is an admin: others
// are refused, whether it exists or not.
func addedTrustRule(t *testing.T, f *matrixFixture, p place) (string, any) {
	t.Helper()
	path, body := newTrustRule(t, f, p)
	added := struct{ ID string }{tenant.AddedRuleID("https://issuer.example", nil)}
	if p.caller == tenant.Admin {
		f.tenant.Do(t, "admin", http.MethodPost, path, body).Want(t, http.StatusOK).JSON(t, &added)
	}
	return path + "/" + added.ID, nil
}

// removeTrustRule removes a rule without a request: also at the end of a test.
func (f *matrixFixture) removeTrustRule(ctx context.Context, t *testing.T, id string) {
	t.Helper()
	db, err := f.cloud.Directory.Client(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ref := directory.Settings(db, f.tenant.ID)
	err = gcp.Transact(ctx, db, func(_ context.Context, tx *firestore.Transaction) error {
		docs, err := tx.GetAll([]*firestore.DocumentRef{ref})
		if err != nil {
			return err
		}
		settings, err := directory.DecodeSettings(docs[0])
		if err != nil {
			return err
		}
		settings.Rules = slices.DeleteFunc(settings.Rules, func(r tenant.AddedRule) bool { return r.ID == id })
		return tx.Set(ref, settings)
	})
	if err != nil {
		t.Fatal(err)
	}
}
