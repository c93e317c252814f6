package tenants_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

type retentionShown struct {
	Settings []struct {
		Class, Deletes, Owner string
		Days, LockedDays      int64
	}
	Marked       *time.Time
	Due, Deleted []struct {
		Day                            string
		Runs, Samples, Issues, Exports int64
	}
	Runs []struct {
		Run          string
		DeletedAfter time.Time
	}
	NextPageToken string
}

func TestTheTenantSeesWhatIsDeleted(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t, "prod")
	show := func(query string) (s retentionShown) {
		t.Helper()
		tn.Do(t, "auditor", http.MethodGet, "/v1/tenant/retention"+query, nil).Want(t, http.StatusOK).JSON(t, &s)
		return s
	}
	if s := show(""); s.Marked != nil || len(s.Due)+len(s.Deleted)+len(s.Runs) != 0 || s.Settings[0].Deletes != "none" || s.Settings[0].Days != 0 {
		t.Errorf("without a retention: %+v", s)
	}
	var runs []string
	for range 3 {
		id := cloudtest.NewRun(t)
		runs = append(runs, id)
		now := c.Clock.Now().UTC()
		tn.Do(t, "runner", http.MethodPut, tn.RunPath(id), map[string]any{"task": "dns", "start": now}).Want(t, http.StatusOK)
		tn.Do(t, "runner", http.MethodPost, tn.RunPath(id)+"/report", map[string]any{"end": now, "outcome": "success", "exitCode": 0}).Want(t, http.StatusOK)
		c.Drain(t)
		c.Clock.Advance(time.Minute)
	}
	c.RunScheduled(t, "sweep")
	settings := tenant.Retention{RunDays: 60, OutputDays: 50, LockedOutputDays: 30, ExportFileDays: 30, LockedAuditDays: 400}
	if err := c.SetRetention(t.Context(), tn.ID, settings); err != nil {
		t.Fatal(err)
	}
	c.Clock.Advance(55 * 24 * time.Hour)
	c.RunScheduled(t, "legal-holds")
	s := show("?workspace=prod&pageSize=2")
	if s.Marked == nil || len(s.Due) != 1 || s.Due[0].Runs != 3 || len(s.Deleted) != 0 {
		t.Errorf("in the notice: %+v", s)
	}
	if len(s.Runs) != 2 || s.NextPageToken == "" {
		t.Fatalf("the first page is %+v", s)
	}
	next := show("?workspace=prod&pageSize=2&pageToken=" + s.NextPageToken)
	got := []string{}
	for _, r := range append(s.Runs, next.Runs...) {
		got = append(got, r.Run)
		if left := r.DeletedAfter.Sub(c.Clock.Now()); left < 6*24*time.Hour || left > 8*24*time.Hour {
			t.Errorf("the run %s is deleted in %s", r.Run, left)
		}
	}
	if diff := cmp.Diff(runs, got); diff != "" || next.NextPageToken != "" {
		t.Errorf("the runs that are due: %s; next %q", diff, next.NextPageToken)
	}
	c.Clock.Advance(9 * 24 * time.Hour)
	if n := c.DeleteExpired(t); n < 3 {
		t.Errorf("%d documents have expired", n)
	}
	s = show("?workspace=prod")
	if len(s.Due) != 0 || len(s.Deleted) != 1 || s.Deleted[0].Runs != 3 || len(s.Runs) != 0 {
		t.Errorf("after the deletion: %+v", s)
	}
	for _, row := range s.Settings {
		if row.Class == "outputs" && (row.Days != 50 || row.LockedDays != 30 || row.Deletes != "lifecycle" || row.Owner != "terraform") {
			t.Errorf("outputs: %+v", row)
		}
	}
	for name, query := range map[string]string{
		"an invalid workspace":            "?workspace=A",
		"a page of no workspace":          "?pageToken=" + next.NextPageToken + "x",
		"a token of another workspace":    "?workspace=dev&pageToken=x",
		"more runs than a page has":       "?workspace=prod&pageSize=201",
		"a parameter that does not exist": "?class=runs",
	} {
		if r := tn.Do(t, "auditor", http.MethodGet, "/v1/tenant/retention"+query, nil); r.Status != http.StatusUnprocessableEntity && r.Status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, r.Status, r.Body)
		}
	}
}
