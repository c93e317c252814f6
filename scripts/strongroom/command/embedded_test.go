package command_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
)

// TestKilledRunnerOfTheEmbeddedCloud kills uploads at random points against the
// functions and the bucket themselves, and resumes them, until all is there.
func TestKilledRunnerOfTheEmbeddedCloud(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	tenant := cloudtest.Shared(t).Tenant(t)
	for killed := 0; killed < kills; {
		killed += killedUpload(t, random, tenant, kills-killed)
	}
}

// killedUpload uploads one run's files, killed at most budget times, and gives
// how often it was.
func killedUpload(t *testing.T, random *rand.Rand, tenant *cloudtest.Tenant, budget int) (killed int) {
	t.Helper()
	run, dir, want := cloudtest.NewRun(t), t.TempDir(), map[string]string{}
	for i, size := range []int{0, 1, 40_000, 90_000} {
		name := fmt.Sprintf("file%d.bin", i)
		want[name] = noise(random, size)
		writeFile(t, filepath.Join(dir, name), want[name])
	}
	writeFile(t, filepath.Join(dir, "issues.jsonl"), oddLine+"\n\n"+plainLine)
	p := &place{spool: filepath.Join(t.TempDir(), "spool")}
	p.env = map[string]string{
		"STRONGROOM_URL": tenant.Cloud.URL, "STRONGROOM_WORKSPACE": string(tenant.Workspace),
		"STRONGROOM_TOKEN": tenant.Token(t, "runner"), "STRONGROOM_SPOOL": p.spool,
	}
	common := []string{"--part-size", "8000", "--backoff", "5ms", "--quiet"}
	args := append([]string{"upload", dir, "--task", "t", "--run", run}, common...)
	for {
		delay := time.Hour
		if killed < budget {
			delay = time.Duration(random.Int64N(int64(3 * maxDelay)))
		}
		died := runAndKill(t, p.program(t, args...), delay)
		if died {
			killed++
		}
		if len(p.runsSpooled(t)) > 0 {
			args = append([]string{"resume"}, common...)
			continue
		}
		if !died || args[0] == "resume" || isThere(t, tenant, run) {
			compareEmbedded(t, tenant, run, want)
			return killed
		}
	}
}

// isThere reports whether the platform knows the run: an upload that was killed
// and left nothing in the spool had either not begun, or been over.
func isThere(t *testing.T, tenant *cloudtest.Tenant, run string) bool {
	t.Helper()
	return tenant.Do(t, "viewer", http.MethodGet, tenant.RunPath(run), nil).Status == http.StatusOK
}

// compareEmbedded reads the outputs as a viewer. Each part can only be there
// once: the bucket's objects are never replaced.
func compareEmbedded(t *testing.T, tenant *cloudtest.Tenant, run string, want map[string]string) {
	t.Helper()
	tenant.Cloud.Drain(t)
	issues := tenant.Do(t, "viewer", http.MethodGet, tenant.RunPath(run)+"/issues", nil).Want(t, http.StatusOK).Body
	if got, want := string(issues), oddLine+"\n"+plainLine+"\n"; got != want {
		t.Errorf("the issues are %q, not %q", got, want)
	}
	var list struct {
		Outputs []struct{ Name, State string }
	}
	tenant.Do(t, "viewer", http.MethodGet, tenant.RunPath(run)+"/outputs", nil).Want(t, http.StatusOK).JSON(t, &list)
	if len(list.Outputs) != len(want) {
		t.Fatalf("the run has the outputs %v, not %d", list.Outputs, len(want))
	}
	for _, o := range list.Outputs {
		got := tenant.Do(t, "viewer", http.MethodGet, tenant.RunPath(run)+"/outputs/"+o.Name, nil).Want(t, http.StatusOK)
		if o.State != "complete" || !bytes.Equal(got.Body, []byte(want[o.Name])) {
			t.Errorf("%s is %s with %d bytes, not the %d that were sent", o.Name, o.State, len(got.Body), len(want[o.Name]))
		}
	}
}
