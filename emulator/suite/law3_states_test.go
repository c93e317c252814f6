package suite_test

import (
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// TestLaw3EachOperationInEachStateOfTheTenant calls every operation while the tenant is
// suspended, and while it is offboarded. It answers as the contract of package tenants says.
// Another tenant is not affected.
func TestLaw3EachOperationInEachStateOfTheTenant(t *testing.T) {
	t.Parallel()
	for state, want := range map[tenant.State][]string{
		tenant.Suspended:   nil, // every operation that the tenant's roles call
		tenant.Offboarding: refusedWhileOffboarding(t),
	} {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			c := cloudtest.New(t, suite.Options{})
			f := newMatrixFixture(t, c)
			requests := append(f.beforeTheChange(t), prepared{
				route: "POST /v1/tenant/key/rotate", role: "admin", method: http.MethodPost, path: "/v1/tenant/key/rotate",
			})
			f.setState(t.Context(), t, state)
			c.Clock.Advance(time.Minute + time.Second)
			var refused, all []string
			for _, r := range requests {
				if r.role != string(tenant.Platform) {
					all = append(all, r.route)
				}
				answer := stateAnswer(c.Do(t, f.token(t, r.role, "", time.Hour), r.method, r.path, r.body))
				if answer == "tenant-"+string(state) {
					refused = append(refused, r.route)
				} else if answer != "" {
					t.Errorf("%s answers %s", r.route, answer)
				}
			}
			if state == tenant.Suspended {
				want = all
			}
			slices.Sort(refused)
			slices.Sort(want)
			if diff := cmp.Diff(want, refused); diff != "" {
				t.Errorf("the operations that are refused differ from the contract: %s", diff)
			}
			f.other.Do(t, "admin", http.MethodGet, runPath(f.places[2].workspace, f.places[2].run)+"/outputs/kept.log", nil).Want(t, http.StatusOK)
		})
	}
}

// stateAnswer returns the code of a problem that the state of a tenant causes, or of an
// internal one.
func stateAnswer(r cloudtest.Response) string {
	var p problem
	if r.Status < http.StatusBadRequest || json.Unmarshal(r.Body, &p) != nil {
		return ""
	}
	if strings.HasPrefix(p.Code, "tenant-") || r.Status >= http.StatusInternalServerError {
		return p.Code
	}
	return ""
}

// refusedWhileOffboarding reads the list in the contract of package tenants.
func refusedWhileOffboarding(t *testing.T) (all []string) {
	t.Helper()
	text, err := os.ReadFile("../../functions/tenants/doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(strings.TrimPrefix(line, "//"))
		if len(words) == 3 && words[2] == "tenant-offboarding" {
			all = append(all, words[0]+" "+words[1])
		}
	}
	return all
}
