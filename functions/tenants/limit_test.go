package tenants_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

type lowered = []map[string]any

// lower lowers quotas of a tenant, as the platform's staff.
func lower(t *testing.T, tn *cloudtest.Tenant, quotas lowered) cloudtest.Response {
	t.Helper()
	return tn.Do(t, "platform", http.MethodPut, "/v1/tenants/"+string(tn.ID)+"/quotas", map[string]any{"quotas": quotas})
}

type staffQuotas struct {
	Quotas []struct {
		Quota                     string
		Limit, Terraform, Lowered int64
	}
}

func (s staffQuotas) of(name string) (all [3]int64) {
	for _, q := range s.Quotas {
		if q.Quota == name {
			all = [3]int64{q.Limit, q.Terraform, q.Lowered}
		}
	}
	return all
}

func TestStaffLowersAQuotaAtOnce(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn, other := c.Tenant(t), c.Tenant(t)
	var s staffQuotas
	lower(t, tn, lowered{{"quota": "runs", "limit": 1}}).Want(t, http.StatusOK).JSON(t, &s)
	if diff := cmp.Diff([3]int64{1, 200_000, 1}, s.of("runs")); diff != "" {
		t.Error(diff)
	}
	c.Clock.Advance(time.Minute) // of the cache

	start := func(tn *cloudtest.Tenant) cloudtest.Response {
		return tn.Do(t, "runner", http.MethodPut, tn.RunPath(uuid.Must(uuid.NewV7()).String()), map[string]any{"task": "t", "start": c.Clock.Now().UTC()})
	}
	start(tn).Want(t, http.StatusOK)
	wantCode(t, start(tn), http.StatusTooManyRequests, "quota-exceeded")
	start(other).Want(t, http.StatusOK)

	var seen struct {
		Drift  []struct{ Field, Message string }
		Quotas []struct {
			Quota string
			Limit int64
		}
	}
	tn.Do(t, "admin", http.MethodGet, "/v1/tenant", nil).Want(t, http.StatusOK).JSON(t, &seen)
	if len(seen.Drift) != 1 || seen.Drift[0].Field != "quotas.runs" || seen.Quotas[2].Limit != 1 {
		t.Errorf("the tenant sees %+v", seen)
	}

	if err := c.Directory.Put(t.Context(), tn.Record); err != nil { // as an apply overwrites the record
		t.Fatal(err)
	}
	c.Clock.Advance(time.Minute)
	wantCode(t, start(tn), http.StatusTooManyRequests, "quota-exceeded")
	var ended staffQuotas
	lower(t, tn, lowered{}).Want(t, http.StatusOK).JSON(t, &ended)
	if diff := cmp.Diff([3]int64{200_000, 200_000, 0}, ended.of("runs")); diff != "" {
		t.Error(diff)
	}
	c.Clock.Advance(time.Minute)
	start(tn).Want(t, http.StatusOK)
}

func TestAStateStaysWhenQuotasAreLowered(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	setState(t, tn, "suspend")
	var s tenantStatus
	lower(t, tn, lowered{{"quota": "exports", "limit": 3}}).Want(t, http.StatusOK).JSON(t, &s)
	if s.State != "suspended" {
		t.Errorf("the state is %s", s.State)
	}
	setState(t, tn, "resume")
	var q staffQuotas
	asStaff(t, tn, http.MethodGet, "").Want(t, http.StatusOK).JSON(t, &q)
	if diff := cmp.Diff([3]int64{3, 200, 3}, q.of("exports")); diff != "" {
		t.Error(diff)
	}
}

func TestAQuotaThatIsNotLoweredIsRejected(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	for name, row := range map[string]struct {
		quotas lowered
		want   string
	}{
		"the same value":        {lowered{{"quota": "runs", "limit": 200_000}}, "the quota of runs is 200000"},
		"a higher value":        {lowered{{"quota": "requests", "limit": 1_000_000}}, "only lowers quotas"},
		"a quota that is twice": {lowered{{"quota": "runs", "limit": 1}, {"quota": "runs", "limit": 2}}, "runs is there twice"},
		"nothing at all":        {lowered{{"quota": "runs", "limit": 0}}, "expected number >= 1"},
		"an unknown quota":      {lowered{{"quota": "files", "limit": 1}}, "quota"},
	} {
		r := lower(t, tn, row.quotas).Want(t, http.StatusUnprocessableEntity)
		if !strings.Contains(string(r.Body), row.want) {
			t.Errorf("%s: %s", name, r.Body)
		}
	}
	var q staffQuotas
	asStaff(t, tn, http.MethodGet, "").Want(t, http.StatusOK).JSON(t, &q)
	if got := q.of("runs"); got[2] != 0 {
		t.Errorf("afterward, the quota of runs is %v", got)
	}
}
