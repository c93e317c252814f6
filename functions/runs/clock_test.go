package runs_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
)

// The runner of the clean runs is 4 minutes ahead, which the platform accepts.
func TestACleanRunWithAFastClockHidesNoIssue(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cleanFirst bool
		want       string
	}{
		"a clean run before the sighting": {cleanFirst: true, want: "detected"},
		"a clean run after the sighting":  {want: "resolved"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := cloudtest.Shared(t)
			tn := cloud.Tenant(t)
			now := cloud.Clock.Now()
			clean := func() {
				ahead := now.Add(4 * time.Minute)
				recorded(t, tn, with(aStart, fields{"start": ahead}), fields{"end": ahead, "outcome": "success", "exitCode": 0})
			}
			if c.cleanFirst {
				clean()
			}
			recorded(t, tn, with(aStart, fields{"start": now.Add(time.Minute)}), fields{
				"end": now.Add(time.Minute), "outcome": "failure", "exitCode": 1,
				"issues": []fields{{"line": `{"severity":1,"title":"Disk full"}`}},
			})
			if !c.cleanFirst {
				clean()
			}
			cloud.Drain(t)
			var page struct{ Issues []struct{ State string } }
			tn.Search(t, "viewer", "/v1/workspaces/"+string(tn.Workspace)+"/issues", "").Want(t, http.StatusOK).JSON(t, &page)
			if len(page.Issues) != 1 || page.Issues[0].State != c.want {
				t.Errorf("the issues are %+v, want one that is %s", page.Issues, c.want)
			}
		})
	}
}
