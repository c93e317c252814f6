package exportscheduler_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

// endActive cancels the exports that are active, so that there is room for others.
func endActive(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	for _, e := range exports(t, tn) {
		if e.State == "queued" {
			tn.Do(t, "admin", http.MethodPost, "/v1/exports/"+e.ID+"/cancel", nil).Want(t, http.StatusOK)
		}
	}
}

// Windows of two schedules overlap: each schedule exports each of its own windows once. A
// schedule that is requested again, or deleted and created again, exports no window that it
// has exported before.
func TestWindowsThatOverlapOrAreRequestedAgainAreExportedOnce(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{Undelivered: []string{"export-worker"}})
	begin(c)
	tn := c.Tenant(t)
	set := func(name, every string, kinds ...string) {
		tn.Do(t, "admin", http.MethodPut, "/v1/export-schedules/"+name, map[string]any{"kinds": kinds, "every": every}).Want(t, http.StatusOK)
	}
	set("hours", "hourly", "inventory")
	set("same-hours", "hourly", "inventory")
	set("days", "daily", "inventory")
	hours := c.Clock.Now().Truncate(time.Hour)
	for hour := range 26 {
		c.Clock.Advance(time.Hour)
		c.RunScheduled(t, name)
		endActive(t, tn)
		switch hour % 3 {
		case 0:
			set("hours", "hourly", "inventory") // the same request
		case 1:
			tn.Do(t, "admin", http.MethodDelete, "/v1/export-schedules/hours", nil).Want(t, http.StatusOK)
			set("hours", "hourly", "inventory", "audit")
		}
		c.RunScheduled(t, name)
	}
	windows := map[string][]string{}
	for _, e := range exports(t, tn) {
		windows[e.Schedule] = append(windows[e.Schedule], e.From.Format(time.RFC3339)+" "+e.To.Format(time.RFC3339))
	}
	var want []string
	for hour := range 26 {
		from := hours.Add(time.Duration(hour) * time.Hour).UTC()
		want = append(want, from.Format(time.RFC3339)+" "+from.Add(time.Hour).Format(time.RFC3339))
	}
	for _, schedule := range []string{"hours", "same-hours"} {
		slices.Sort(windows[schedule])
		if diff := cmp.Diff(want, windows[schedule]); diff != "" {
			t.Errorf("the windows of %s: %s", schedule, diff)
		}
	}
	if n := len(windows["days"]); n != 1 && n != 2 {
		t.Errorf("%d days are exported in 26 hours", n)
	}
}
