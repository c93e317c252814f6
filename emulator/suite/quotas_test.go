package suite_test

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// A tenant that has used up a quota is refused before anything is done, until it renews.
// Repeated requests do not count, and other tenants notice nothing.
func TestATenantOverItsQuotaIsRefused(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	midnight := time.Now().UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
	c.Clock.Advance(time.Until(midnight) + time.Hour) // so that no day ends during the test
	tn, other := c.Tenant(t), c.Tenant(t)
	own := tenant.Quotas{RunsPerDay: 2, PartsPerDay: 8, BytesPerDay: 1000, SightingsPerDay: 3, SamplesPerDay: 1, ExportsPerDay: 1}
	if err := c.SetQuotas(t.Context(), tn.ID, own, tenant.Quotas{}); err != nil {
		t.Fatal(err)
	}
	c.Clock.Advance(directory.MaxAge)
	start := func(tn *cloudtest.Tenant, id string) cloudtest.Response {
		return tn.Do(t, "runner", http.MethodPut, tn.RunPath(id), map[string]any{"task": "dns", "start": c.Clock.Now().UTC()})
	}
	mint := func(id string, first, n, size int) cloudtest.Response {
		var parts []cloudtest.Part
		for i := range n {
			parts = append(parts, cloudtest.PartOf("stdout.log", first+i, make([]byte, size)))
		}
		return tn.Do(t, "runner", http.MethodPost, tn.RunPath(id)+"/uploads", map[string]any{"parts": parts})
	}
	report := func(id string, sightings int) cloudtest.Response {
		body := reportOf(sightings)
		body["end"] = c.Clock.Now().UTC()
		return tn.Do(t, "runner", http.MethodPost, tn.RunPath(id)+"/report", body)
	}
	first, second := cloudtest.NewRun(t), cloudtest.NewRun(t)
	started := map[string]any{"task": "dns", "start": c.Clock.Now().UTC()}
	for range 3 { // a repeated start does not count
		tn.Do(t, "runner", http.MethodPut, tn.RunPath(first), started).Want(t, http.StatusOK)
	}
	start(tn, second).Want(t, http.StatusOK)
	wantQuota(t, "a third run", start(tn, cloudtest.NewRun(t)), 23*time.Hour)
	for range 3 { // URLs of the same parts do not count
		mint(first, 1, 2, 10).Want(t, http.StatusOK)
	}
	wantQuota(t, "too many bytes", mint(first, 3, 1, 990), 23*time.Hour)
	wantQuota(t, "a ninth part", mint(first, 3, 7, 10), 23*time.Hour)
	mint(first, 3, 6, 10).Want(t, http.StatusOK)
	wantQuota(t, "too many sightings", report(first, 4), 23*time.Hour)
	report(first, 3).Want(t, http.StatusOK)
	wantQuota(t, "a fourth sighting", report(second, 1), 23*time.Hour)
	export := func() cloudtest.Response {
		return tn.Do(t, "auditor", http.MethodPut, "/v1/exports/"+cloudtest.NewRun(t), anExport)
	}
	export().Want(t, http.StatusOK)
	wantQuota(t, "a second export", export(), 23*time.Hour)
	start(other, cloudtest.NewRun(t)).Want(t, http.StatusOK)

	type count struct{ Used, Leased int64 }
	var usage struct {
		Days []struct{ Runs, Parts, Exports count }
	}
	day := c.Clock.Now().UTC().Format(time.DateOnly)
	tn.Do(t, "auditor", http.MethodGet, "/v1/tenant/usage?from="+day, nil).Want(t, http.StatusOK).JSON(t, &usage)
	if d := usage.Days; len(d) != 1 || d[0].Runs.Used != 2 || d[0].Exports.Used != 1 || d[0].Parts.Leased < 8 {
		t.Errorf("the usage is %+v", d)
	}
	c.Clock.Advance(24 * time.Hour)
	start(tn, cloudtest.NewRun(t)).Want(t, http.StatusOK)
}

// wantQuota wants a refusal that names the quota, and says when it renews.
func wantQuota(t *testing.T, what string, r cloudtest.Response, renews time.Duration) {
	t.Helper()
	var problem struct{ Code, Detail string }
	r.Want(t, http.StatusTooManyRequests).JSON(t, &problem)
	seconds, err := strconv.Atoi(r.Header.Get("Retry-After"))
	if wait := time.Duration(seconds) * time.Second; err != nil || wait > renews || wait < renews-time.Hour {
		t.Errorf("%s: Retry-After is %q, want about %s", what, r.Header.Get("Retry-After"), renews)
	}
	if problem.Code != "quota-exceeded" {
		t.Errorf("%s: %+v", what, problem)
	}
}
