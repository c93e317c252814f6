package tenants_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
)

func TestUsageOfDays(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	tn.Mint(t, cloudtest.NewRun(t), cloudtest.PartOf("stdout.log", 1, []byte("hello\n")))
	for name, c := range map[string]struct {
		query string
		want  int // status
		days  int
	}{
		"the default is 30 days":       {"", http.StatusOK, 30},
		"one day":                      {"?from=2026-01-31&to=2026-01-31", http.StatusOK, 1},
		"30 days up to a day":          {"?to=2026-01-31", http.StatusOK, 30},
		"92 days":                      {"?from=2026-01-01&to=2026-04-02", http.StatusOK, 92},
		"93 days":                      {"?from=2026-01-01&to=2026-04-03", http.StatusUnprocessableEntity, 0},
		"to before from":               {"?from=2026-01-02&to=2026-01-01", http.StatusUnprocessableEntity, 0},
		"a day that does not exist":    {"?from=2026-02-30", http.StatusUnprocessableEntity, 0},
		"a time in the place of a day": {"?from=2026-01-01T00:00:00Z", http.StatusUnprocessableEntity, 0},
	} {
		var got struct{ Days []struct{ Day string } }
		r := tn.Do(t, "auditor", http.MethodGet, "/v1/tenant/usage"+c.query, nil)
		if r.Status != c.want {
			t.Errorf("%s: status %d: %s", name, r.Status, r.Body)
			continue
		}
		if r.JSON(t, &got); len(got.Days) != c.days {
			t.Errorf("%s: %d days, want %d", name, len(got.Days), c.days)
		}
	}
}

func TestTheTenantShowsItsQuotas(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	tn.Mint(t, cloudtest.NewRun(t), cloudtest.PartOf("stdout.log", 1, []byte("hello\n")))
	var got struct {
		Quotas []struct {
			Quota, Period string
			Limit         int64
			Today         struct{ Used, Leased int64 }
		}
	}
	tn.Do(t, "admin", http.MethodGet, "/v1/tenant", nil).Want(t, http.StatusOK).JSON(t, &got)
	names := []string{}
	for _, q := range got.Quotas {
		names = append(names, q.Quota)
		switch {
		case q.Limit <= 0, (q.Period == "minute") != (q.Quota == "requests"):
			t.Errorf("the quota %+v", q)
		case q.Quota == "parts" && (q.Today.Used != 1 || q.Today.Leased < 1), q.Quota == "bytes" && q.Today.Used != 6:
			t.Errorf("today has used %+v", q)
		}
	}
	if got := strings.Join(names, " "); got != "bytes parts runs samples sightings exports modelSends requests" {
		t.Errorf("the quotas are %s", got)
	}
}
