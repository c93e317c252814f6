package tenants_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/keys"
)

func TestTheTenantShowsWhenEachFunctionSawTheKey(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	seen := func() map[string]time.Time {
		var s struct {
			Key struct {
				Seen []struct {
					Function     string
					At, CachedTo time.Time
				}
			}
		}
		tn.Do(t, "auditor", http.MethodGet, "/v1/tenant", nil).Want(t, http.StatusOK).JSON(t, &s)
		all := map[string]time.Time{}
		for _, f := range s.Key.Seen {
			all[f.Function] = f.At
			if got := f.CachedTo.Sub(f.At); got != keys.SeenEvery+keys.MaxAge {
				t.Errorf("%s can have the key in memory for %s", f.Function, got)
			}
		}
		return all
	}
	if got := seen(); len(got) != 0 {
		t.Errorf("before anything is sealed, the key was seen by %v", got)
	}
	run := cloudtest.NewRun(t)
	tn.Do(t, "runner", http.MethodPut, tn.RunPath(run), map[string]any{"task": "dns-check", "start": time.Now()}).Want(t, http.StatusOK)
	tn.Do(t, "runner", http.MethodPost, tn.RunPath(run)+"/report", map[string]any{
		"end": time.Now(), "outcome": "failure", "exitCode": 1, "issues": []any{map[string]any{"line": `{"severity":2,"title":"the disk is full"}`}},
	}).Want(t, http.StatusOK)
	if got := seen(); got["Runs"].IsZero() {
		t.Errorf("after a report, the key was seen by %v", got)
	}
}
