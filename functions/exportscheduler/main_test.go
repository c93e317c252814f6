package exportscheduler_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/manifest"
)

func TestMain(m *testing.M) { cloudtest.Main(m) }

const name = "export-scheduler"

type exportInfo struct {
	ID, State, Reason, Schedule string
	From, To                    time.Time
}

// exports returns the exports of schedules, oldest window first.
func exports(t *testing.T, tn *cloudtest.Tenant) []exportInfo {
	t.Helper()
	var page struct{ Exports []exportInfo }
	tn.Do(t, "auditor", http.MethodGet, "/v1/exports?pageSize=200", nil).Want(t, http.StatusOK).JSON(t, &page)
	slices.SortFunc(page.Exports, func(a, b exportInfo) int { return a.To.Compare(b.To) })
	return page.Exports
}

func schedule(t *testing.T, tn *cloudtest.Tenant, every string) {
	t.Helper()
	tn.Do(t, "admin", http.MethodPut, "/v1/export-schedules/s", map[string]any{"kinds": []string{"audit", "metadata"}, "every": every}).Want(t, http.StatusOK)
}

// begin moves the clock to the minute after the full hour, so that a test does not
// depend on the time of day.
func begin(c *cloudtest.Cloud) {
	now := c.Clock.Now()
	c.Clock.Advance(now.Truncate(time.Hour).Add(time.Hour + time.Minute).Sub(now))
}

func TestEachWindowIsExportedOnce(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	begin(c)
	tn := c.Tenant(t)
	schedule(t, tn, "hourly")
	for range 4 {
		c.RunScheduled(t, name)
		c.RunScheduled(t, name) // again, in the same window
		c.RunScheduled(t, "audit-integrator")
		c.Drain(t)
		c.Clock.Advance(30 * time.Minute)
	}
	got := exports(t, tn)
	if len(got) != 1 && len(got) != 2 {
		t.Fatalf("%d windows are exported in 90 minutes", len(got))
	}
	for i, e := range got {
		if e.State != "done" || e.Schedule != "s" || e.To.Sub(e.From) != time.Hour {
			t.Errorf("the export of a window is %+v\n%s", e, c.Log)
		}
		if i > 0 && !got[i-1].To.Equal(e.From) {
			t.Errorf("a window begins at %s, the one before ends at %s", e.From, got[i-1].To)
		}
	}
	pulled := tn.PullExport(t, got[0].ID)
	if report, err := manifest.Verify(pulled, tn.ExportKeys(t)); err != nil || len(report.Problems) > 0 {
		t.Errorf("verified with %v, %v", err, report.Problems)
	}
}

func TestMissedWindowsAreExportedLater(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	begin(c)
	tn := c.Tenant(t)
	schedule(t, tn, "hourly")
	c.RunScheduled(t, "audit-integrator")
	c.Clock.Advance(3 * time.Hour)
	c.RunScheduled(t, name)
	got := exports(t, tn)
	if len(got) != 3 {
		t.Fatalf("%d windows of 3 are exported: %+v", len(got), got)
	}
	c.Clock.Advance(5 * time.Hour)
	c.RunScheduled(t, name) // at most 5 exports are active
	if n := len(exports(t, tn)); n != 5 && n != 8 {
		t.Errorf("%d windows are exported", n)
	}
}

func TestALongMissedWindowBecomesPartOfTheNext(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	begin(c)
	tn := c.Tenant(t)
	schedule(t, tn, "weekly")
	c.Clock.Advance(20 * 24 * time.Hour)
	c.RunScheduled(t, name)
	for _, e := range exports(t, tn) {
		if age := c.Clock.Now().Sub(e.To); age > 6*24*time.Hour {
			t.Errorf("a window that ended %s ago is exported", age)
		}
		if length := e.To.Sub(e.From); length < 14*24*time.Hour {
			t.Errorf("the window has %s, want at least two weeks", length)
		}
	}
}

func TestWindowsWaitForALockedKey(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	begin(c)
	tn := c.Tenant(t)
	schedule(t, tn, "hourly")
	c.SetKeyState(t, tn.KeyName, kmspb.CryptoKeyVersion_DISABLED)
	c.Clock.Advance(2 * time.Hour)
	locked := func() bool {
		var s struct{ KeyLocked bool }
		tn.Do(t, "auditor", http.MethodGet, "/v1/export-schedules/s", nil).Want(t, http.StatusOK).JSON(t, &s)
		return s.KeyLocked
	}
	c.RunScheduled(t, name)
	if n := len(exports(t, tn)); n != 0 || !locked() {
		t.Errorf("%d windows are exported under a disabled key, and the schedule says locked: %t", n, locked())
	}
	c.SetKeyState(t, tn.KeyName, kmspb.CryptoKeyVersion_ENABLED)
	c.RunScheduled(t, name)
	if n := len(exports(t, tn)); n != 2 || locked() {
		t.Errorf("%d windows are exported, want 2, and the schedule says locked: %t", n, locked())
	}
}

func TestAPausedExportContinuesOrFailsAfterADay(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	run := cloudtest.NewRun(t)
	tn.Do(t, "runner", http.MethodPut, tn.RunPath(run), map[string]any{"task": "t", "start": c.Clock.Now()}).Want(t, http.StatusOK)
	pause := func() string {
		e := tn.CreateExport(t, map[string]any{"kinds": []string{"metadata"}})
		c.SetKeyState(t, tn.KeyName, kmspb.CryptoKeyVersion_DISABLED)
		c.FinishExports(t)
		if got := tn.Export(t, e.ID); got.State != "paused" || got.Reason != "key-locked" {
			t.Fatalf("under a disabled key, the export is %+v\n%s", got, c.Log)
		}
		return e.ID
	}
	id := pause()
	c.Clock.Advance(15 * time.Minute)
	c.RunScheduled(t, name)
	c.Drain(t)
	if got := tn.Export(t, id); got.State != "paused" {
		t.Fatalf("while the key is disabled, the export is %+v", got)
	}
	c.SetKeyState(t, tn.KeyName, kmspb.CryptoKeyVersion_ENABLED)
	c.Clock.Advance(15 * time.Minute)
	c.RunScheduled(t, name)
	c.Drain(t)
	if got := tn.Export(t, id); got.State != "done" {
		t.Errorf("after the key is enabled, the export is %+v\n%s", got, c.Log)
	}
	id = pause()
	c.Clock.Advance(24*time.Hour + time.Minute)
	c.RunScheduled(t, name)
	if got := tn.Export(t, id); got.State != "failed" || got.Reason != "key-locked" {
		t.Errorf("after a day, the export is %+v", got)
	}
}

func TestAnExportThatMakesNoProgressIsLogged(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{Undelivered: []string{"export-worker"}})
	tn := c.Tenant(t)
	e := tn.CreateExport(t, map[string]any{"kinds": []string{"metadata"}})
	logged := func(line string) bool { return strings.Contains(c.Log.String(), line) }
	c.Clock.Advance(15 * time.Minute)
	c.RunScheduled(t, name)
	if logged("export makes no progress") {
		t.Errorf("an export is reported that nobody has seen before\n%s", c.Log)
	}
	c.Clock.Advance(2 * time.Hour)
	c.RunScheduled(t, name)
	if !logged(`"export makes no progress"`) || !logged(`"seconds":7200`) || !logged(e.ID) {
		t.Errorf("an export that makes no progress for two hours is not reported\n%s", c.Log)
	}
	c.Clock.Advance(8 * 24 * time.Hour)
	c.RunScheduled(t, name)
	if got := tn.Export(t, e.ID); got.State != "failed" || !logged(`"export failed"`) {
		t.Errorf("after eight days, the export is %+v\n%s", got, c.Log)
	}
}
