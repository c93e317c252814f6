package command_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
)

func TestAConfigurationIsPulledAsABundleAndVerified(t *testing.T) {
	t.Parallel()
	e := newExporter(t, faults.HTTPConfig{Fault: everyOther(faults.Unavailable)})
	e.tenant.PushConfig(t, e.tenant.Workspace, cloudtest.SLX("before"))
	e.tenant.PushConfig(t, e.tenant.Workspace, cloudtest.SLX("after"))
	id, dir := e.create(t, "--kind", "configuration"), filepath.Join(t.TempDir(), "export")
	e.pull(t, id, dir).want(t)
	if r := e.pull(t, id, dir).want(t); !strings.Contains(r.stderr, "nothing was fetched") {
		t.Errorf("the second pull: %+v", r)
	}
	bundle := filepath.Join("configuration", "prod.bundle")
	content := copied(t, dir)[bundle]
	if !strings.HasPrefix(content, "# v2 git bundle\n"+e.tenant.MainOf(t, e.tenant.Workspace)+" HEAD\n") {
		t.Fatalf("%s is %q", bundle, content)
	}
	e.env = map[string]string{} // offline
	r := e.run(t, "exports", "verify", dir, "--keys", e.keys).want(t)
	if !strings.Contains(r.stdout, "The 1 git bundles of configurations have the commits and the files that the manifest names.") {
		t.Errorf("%+v", r)
	}
	e.wantChangesNamed(t, dir, bundle, content)
	if err := os.Rename(filepath.Join(dir, bundle), filepath.Join(dir, "configuration", "other.bundle")); err != nil {
		t.Fatal(err)
	}
	if r := e.run(t, "exports", "verify", dir, "--keys", e.keys); r.code != 1 || !namesFile(r.stdout, bundle) || !namesFile(r.stdout, "configuration/other.bundle") {
		t.Errorf("the bundle has another name: %+v", r)
	}
}
