package console_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
)

// reportSamples records runs with one sample a minute of an SLI, the newest now.
func reportSamples(t *testing.T, tn *cloudtest.Tenant, sli string, newest time.Time, values ...float64) {
	t.Helper()
	run := cloudtest.NewRun(t)
	tn.Do(t, "runner", http.MethodPut, tn.RunPath(run), map[string]any{"task": "measure", "slx": "web", "start": newest.Add(-time.Second)}).Want(t, http.StatusOK)
	samples := []map[string]any{}
	for n, value := range values {
		samples = append(samples, map[string]any{"sli": sli, "time": newest.Add(-time.Duration(len(values)-1-n) * time.Minute), "value": value})
	}
	tn.Do(t, "runner", http.MethodPost, tn.RunPath(run)+"/report", map[string]any{"end": newest, "outcome": "success", "exitCode": 0, "samples": samples}).Want(t, http.StatusOK)
	tn.Cloud.Drain(t)
}

func TestSLIsShowTheirBudget(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	now := c.Clock.Now().UTC().Truncate(time.Second)
	slis := "/v1/workspaces/" + string(tn.Workspace) + "/slis/"
	for _, name := range []string{"spent", "healthy", "stale", "no-objective"} {
		newest := now
		if name == "stale" {
			newest = now.Add(-25 * time.Hour)
		}
		value := 1.0
		if name == "spent" {
			value = 9
		}
		reportSamples(t, tn, name, newest, value)
		if name != "no-objective" {
			tn.Do(t, "admin", http.MethodPut, slis+name, map[string]any{"objective": map[string]any{"max": 5, "target": 0.99}}).Want(t, http.StatusOK)
		}
		reportSamples(t, tn, name, newest.Add(-time.Minute), value, value, value, value, value)
	}
	b := newTab(t, c)
	b.signIn(t, tn, "admin")
	b.open(t, tn, "slis", "document.querySelectorAll('main tbody tr').length === 4")
	for name, want := range map[string]string{"spent": "✕ spent", "healthy": "✓ healthy", "stale": "… stale", "no-objective": "– no objective"} {
		row := eval[string](t, b, fmt.Sprintf("[...document.querySelectorAll('main tbody tr')].find((r) => r.querySelector('a').innerText === %q).innerText", name))
		if !strings.Contains(row, want) || strings.Contains(row, "NaN") || strings.Contains(row, "Infinity") || strings.Contains(row, "undefined") {
			t.Errorf("%s is shown as %q, want %q", name, row, want)
		}
	}
	b.wantAccessible(t, "slis")

	b.open(t, tn, "slis/no-objective", "!!document.querySelector('.chart canvas')")
	b.wantAccessible(t, "sli")
	b.refusals = append(b.refusals, 422)
	b.fill(t, "max", "5")
	b.fill(t, "target", "100")
	b.click(t, "Set")
	b.wait(t, "!!document.querySelector('.fault') && "+has("invalid"))
	b.fill(t, "target", "99.9")
	b.click(t, "Set")
	b.wait(t, has("at most 5 in 99.9 % of samples")+" && "+has("a page needs 14.4 in both"))
	eval[bool](t, b, "document.querySelectorAll('details').forEach((d) => { d.open = true; }), true")
	if got := eval[int](t, b, "document.querySelectorAll('details tbody tr').length"); got != 6 {
		t.Errorf("the table has %d samples, want 6", got)
	}
	b.wantNoFaults(t)
}
