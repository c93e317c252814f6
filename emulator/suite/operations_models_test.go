package suite_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/ledger"
)

// ofTenant returns a request of staff for the tenant of the matrix.
func ofTenant(path string, body any) ask {
	return func(_ *testing.T, f *matrixFixture, _ place) (string, any) {
		return "/v1/tenants/" + string(f.tenant.ID) + path, body
	}
}

// halfLives makes the end date of each half another one, so that there is something to
// record.
var halfLives = make(chan time.Duration, 1)

func init() { halfLives <- 24 * time.Hour }

// newHalf returns a request for a half that does not exist yet.
func newHalf(path string) ask {
	return func(_ *testing.T, f *matrixFixture, _ place) (string, any) {
		life := <-halfLives
		halfLives <- life + time.Second
		return strings.ReplaceAll(path, "TENANT", string(f.tenant.ID)), map[string]any{"expires": f.cloud.Clock.Now().Add(life).UTC().Truncate(time.Second)}
	}
}

// givenHalf returns a request that withdraws a half that is given.
func givenHalf(persona string) ask {
	return func(t *testing.T, f *matrixFixture, _ place) (string, any) {
		f.tenant.GiveHalf(t, persona, consent.SummariseWorkspace, consent.Shared).Want(t, http.StatusOK)
		return f.tenant.ConsentPath(persona, consent.SummariseWorkspace, consent.Shared), nil
	}
}

// agreedText returns a request for a text that was agreed to.
func agreedText(t *testing.T, f *matrixFixture, _ place) (string, any) {
	t.Helper()
	var given struct{ Text string }
	f.tenant.GiveHalf(t, "admin", consent.RankNextTasks, consent.Shared).Want(t, http.StatusOK).JSON(t, &given)
	return "/v1/consent-texts/" + given.Text, nil
}

// storedModelRequest returns a request for a stored request to a model.
func storedModelRequest(t *testing.T, f *matrixFixture, _ place) (string, any) {
	t.Helper()
	db, id := operatorDB(t, f.cloud), cloudtest.NewRun(t)
	owner, err := keys.NewTenants(f.cloud.Operator, f.cloud.Clock.Now).Of(t.Context(), f.tenant.Record, db)
	if err != nil {
		t.Fatal(err)
	}
	e := ledger.Entry{ID: id, Home: ledger.Home{DB: db, Tenant: f.tenant.ID}}
	sealed, err := owner.Seal(t.Context(), []byte("{}"), e.RequestPath())
	if err != nil {
		t.Fatal(err)
	}
	until := f.cloud.Clock.Now().Add(48 * time.Hour)
	for path, fields := range map[string]map[string]any{
		"modelSends":    {"time": f.cloud.Clock.Now(), "feature": "explain-issue", "storedUntil": until},
		"modelRequests": {"request": sealed, "until": until},
	} {
		if _, err := db.Doc("tenants/"+string(f.tenant.ID)+"/"+path+"/"+id).Set(t.Context(), fields); err != nil {
			t.Fatal(err)
		}
	}
	return "/v1/model-sends/" + id + "/request", nil
}
