package suite_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

// floodRuns and floodIssues are how many runs report how many issues each, all of one
// check.
const floodRuns, floodIssues = 100, 200

// BenchmarkIssueBehindAFlood reports 20,000 issues of one check, and then an issue of
// severity 1 of another check and one of another tenant. It measures how long each
// takes to become visible.
func BenchmarkIssueBehindAFlood(b *testing.B) {
	var otherCheck, otherTenant time.Duration
	for b.Loop() {
		c := cloudtest.New(b, suite.Options{})
		flooded, other := c.Tenant(b), c.Tenant(b)
		var group errgroup.Group
		group.SetLimit(8)
		for r := range floodRuns {
			group.Go(func() error {
				lines := make([]string, floodIssues)
				for i := range lines {
					lines[i] = fmt.Sprintf(`{"severity":3,"title":"the volume %s is full"}`, words(r*floodIssues+i))
				}
				report(b, flooded, "flood", lines...)
				return nil
			})
		}
		_ = group.Wait()
		began := time.Now()
		report(b, flooded, "dns-check", `{"severity":1,"title":"DNS is down"}`)
		report(b, other, "dns-check", `{"severity":1,"title":"DNS is down"}`)
		group.Go(func() error {
			otherTenant += waitForIssue(b, other, began)
			return nil
		})
		otherCheck += waitForIssue(b, flooded, began)
		_ = group.Wait()
	}
	b.ReportMetric(otherCheck.Seconds()/float64(b.N), "s-other-check")
	b.ReportMetric(otherTenant.Seconds()/float64(b.N), "s-other-tenant")
}

// words returns a name of letters for a number, which differs from the others after the
// numbers in a title are left out.
func words(n int) string {
	name := ""
	for range 4 {
		name += string(rune('a' + n%20))
		n /= 20
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

func report(b *testing.B, tn *cloudtest.Tenant, task string, lines ...string) {
	b.Helper()
	path, now := tn.RunPath(cloudtest.NewRun(b)), time.Now().UTC()
	issues := make([]map[string]string, len(lines))
	for i, line := range lines {
		issues[i] = map[string]string{"line": line}
	}
	tn.Do(b, "runner", http.MethodPut, path, map[string]any{"task": task, "start": now.Add(-time.Second)}).Want(b, http.StatusOK)
	tn.Do(b, "runner", http.MethodPost, path+"/report", map[string]any{
		"end": now, "outcome": "failure", "exitCode": 1, "issues": issues,
	}).Want(b, http.StatusOK)
}

// waitForIssue waits until an issue of severity 1 is visible, and returns for how long.
func waitForIssue(b *testing.B, tn *cloudtest.Tenant, began time.Time) time.Duration {
	b.Helper()
	for range time.Tick(20 * time.Millisecond) { // within the rate limit
		var page struct{ Issues []struct{ Severity int } }
		tn.Search(b, "viewer", "/v1/workspaces/"+string(tn.Workspace)+"/issues", "severity=1").Want(b, http.StatusOK).JSON(b, &page)
		if len(page.Issues) > 0 {
			return time.Since(began)
		}
	}
	return 0
}
