package exportworker_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cloud.google.com/go/storage"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/configtree"
	"github.com/strongroom-dev/strongroom/shared/gitbundle"
	"github.com/strongroom-dev/strongroom/shared/manifest"
)

var configurations = map[string]any{"kinds": []string{"configuration"}}

// asPulled returns an export as pull stores it: with the bundles under their paths.
func asPulled(t *testing.T, files fstest.MapFS) fstest.MapFS {
	t.Helper()
	stored := fstest.MapFS{}
	for name, f := range files {
		stored[name] = &fstest.MapFile{Data: slices.Clone(f.Data)}
	}
	for _, list := range filesIn(files, manifest.Lists) {
		err := manifest.ReadList(unzip(t, files[list].Data), func(f manifest.File) error {
			if f.Bundle != nil {
				stored[f.Bundle.Path] = stored[f.Name]
				delete(stored, f.Name)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return stored
}

func digestOf(files []configtree.File) string {
	tree, _ := configtree.New(files)
	return tree.Digest().String()
}

// exportConfigs exports configurations, and returns the copy and its report.
func exportConfigs(t *testing.T, tn *cloudtest.Tenant, request map[string]any) (fstest.MapFS, manifest.Report) {
	t.Helper()
	e := tn.CreateExport(t, request)
	tn.Cloud.FinishExports(t)
	pulled, _ := verified(t, tn, e.ID)
	stored := asPulled(t, pulled)
	report, err := manifest.Verify(stored, tn.ExportKeys(t), checkBundles)
	if err != nil || len(report.Problems) > 0 {
		t.Fatalf("verified with %v, %+v", err, report.Problems)
	}
	return stored, report
}

func TestAConfigurationIsExportedWithItsHistoryAndItsReviews(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t, "prod", "empty", "other")
	for _, name := range []string{"a", "b", "a"} { // the third commit has what the first one had
		tn.PushConfig(t, "prod", cloudtest.SLX(name))
	}
	tn.PushConfig(t, "other", cloudtest.SLX("other"))
	waived := digestOf(cloudtest.SLX("waived"))
	tn.Do(t, "admin", http.MethodPut, cloudtest.ConfigPath("prod")+"/reviews/"+waived, map[string]any{
		"files": 1, "bytes": 90, "waivers": []map[string]any{{"rule": "email", "reason": "the address of a team"}},
	}).Want(t, http.StatusOK)
	main := tn.MainOf(t, "prod")
	stored, report := exportConfigs(t, tn, configurations)
	if report.Bundles != 2 {
		t.Errorf("%d bundles are checked, want 2", report.Bundles)
	}
	got := map[string]string{}
	for _, row := range rowsOf(t, stored, "configs") {
		got[fmt.Sprint(row["workspace"])] = fmt.Sprint(row["state"], " ", row["commits"], " commits, ", row["files"], " file ", row["digest"])
		if row["workspace"] == "prod" && row["commit"] != main {
			t.Errorf("the commit is %v, want %s", row["commit"], main)
		}
	}
	if diff := cmp.Diff(map[string]string{
		"prod":  "exported 3 commits, 1 file " + digestOf(cloudtest.SLX("a")),
		"other": "exported 1 commits, 1 file " + digestOf(cloudtest.SLX("other")),
	}, got); diff != "" {
		t.Errorf("the configurations: %s", diff)
	}
	reviews := map[string]string{}
	for _, row := range rowsOf(t, stored, "configreviews") {
		reviews[fmt.Sprint(row["workspace"], " ", row["digest"])] = fmt.Sprint(row["pipeline"], " ", row["waivers"])
	}
	if diff := cmp.Diff(map[string]string{
		"prod " + digestOf(cloudtest.SLX("a")): "false []", "prod " + digestOf(cloudtest.SLX("b")): "false []", "other " + digestOf(cloudtest.SLX("other")): "false []",
		"prod " + waived: "false [map[reason:the address of a team rule:email]]",
	}, reviews); diff != "" {
		t.Errorf("the reviews: %s", diff)
	}
	wantGitAccepts(t, stored["configuration/prod.bundle"].Data, main, cloudtest.SLX("a"))
}

// wantGitAccepts verifies and clones a bundle with a real git.
func wantGitAccepts(t *testing.T, bundle []byte, main string, files []configtree.File) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	dir := t.TempDir()
	git := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "HOME="+dir,
			"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=transfer.fsckObjects", "GIT_CONFIG_VALUE_0=true")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	if err := os.WriteFile(filepath.Join(dir, "prod.bundle"), bundle, 0o600); err != nil {
		t.Fatal(err)
	}
	git("init", "--quiet")
	git("bundle", "verify", "prod.bundle")
	git("clone", "--quiet", "prod.bundle", "clone")
	if got := git("-C", "clone", "rev-parse", "main"); got != main {
		t.Errorf("main is %s, want %s", got, main)
	}
	if out := git("-C", "clone", "fsck", "--strict", "--full"); strings.Contains(out, "error") || strings.Contains(out, "missing") {
		t.Errorf("git fsck: %s", out)
	}
	for _, f := range files {
		if data, err := os.ReadFile(filepath.Join(dir, "clone", f.Path)); err != nil || string(data) != string(f.Data) {
			t.Errorf("%s is %q: %v", f.Path, data, err)
		}
	}
}

// A push between the request and the work of an export changes nothing of it, and neither
// does a workspace that the request does not name. A later range has what came into effect
// in it, with its whole history.
func TestABundleHasTheCommitOfTheReadTime(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t, "prod", "prod-2")
	tn.PushConfig(t, "prod", cloudtest.SLX("before"))
	tn.PushConfig(t, "prod-2", cloudtest.SLX("before"))
	before := tn.MainOf(t, "prod")
	c.Drain(t) // the graphs are built: building one writes to the configuration
	e := tn.CreateExport(t, map[string]any{"kinds": []string{"configuration"}, "workspaces": []string{"prod"}})
	c.RunScheduled(t, "audit-integrator")
	c.Clock.Advance(time.Until(e.ReadTime) + time.Second)
	tn.PushConfig(t, "prod", cloudtest.SLX("after")) // after the read time
	c.Drain(t)
	pulled, _ := verified(t, tn, e.ID)
	rows := rowsOf(t, pulled, "configs")
	if len(rows) != 1 || rows[0]["commit"] != before {
		t.Errorf("the export has %v, want %s", rows, before)
	}
	stored, _ := exportConfigs(t, tn, map[string]any{"kinds": []string{"configuration"}, "from": e.ReadTime})
	rows = rowsOf(t, stored, "configs")
	if len(rows) != 1 || rows[0]["commit"] != tn.MainOf(t, "prod") || rows[0]["commits"] != 2.0 {
		t.Errorf("the next range has %v, want prod with two commits", rows)
	}
}

// A configuration of which a pack was deleted is missing. The export says so, and is
// complete otherwise.
func TestAConfigurationWithoutAPackIsMissing(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t, "prod", "other")
	tn.PushConfig(t, "prod", cloudtest.SLX("a"))
	tn.PushConfig(t, "other", cloudtest.SLX("b"))
	client := storageAs(t, c, suite.OperatorAccount)
	objects := client.Bucket(tn.ConfigsBucket).Objects(t.Context(), &storage.Query{Prefix: "prod/"})
	o, err := objects.Next()
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Bucket(tn.ConfigsBucket).Object(o.Name).Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	stored, report := exportConfigs(t, tn, configurations)
	states := map[string]string{}
	for _, row := range rowsOf(t, stored, "configs") {
		states[fmt.Sprint(row["workspace"])] = fmt.Sprint(row["state"], " ", row["file"] != nil)
	}
	if diff := cmp.Diff(map[string]string{"prod": "missing false", "other": "exported true"}, states); diff != "" || report.Bundles != 1 {
		t.Errorf("%d bundles; the configurations: %s", report.Bundles, diff)
	}
}

// Verify names a bundle that is not what the export says, although its bytes are.
func TestABundleThatIsNotTheConfigurationIsNamed(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	tn.PushConfig(t, tn.Workspace, cloudtest.SLX("a"))
	stored, _ := exportConfigs(t, tn, configurations)
	for what, change := range map[string]func(*manifest.Bundle){
		"its main is ":                     func(b *manifest.Bundle) { b.Commit = strings.Repeat("0", 40) },
		"the files of its main have the d": func(b *manifest.Bundle) { b.Digest = strings.Repeat("0", 64) },
	} {
		report, err := manifest.Verify(stored, tn.ExportKeys(t), manifest.WithBundles(func(r io.Reader, of manifest.Bundle) error {
			change(&of)
			return gitbundle.Check(r, of.Commit, of.Digest)
		}))
		if err != nil || len(report.Problems) != 1 || report.Problems[0].Name != "configuration/prod.bundle" || !strings.HasPrefix(report.Problems[0].What, what) {
			t.Errorf("%s: %v, %+v", what, err, report.Problems)
		}
	}
}

func storageAs(t *testing.T, c *cloudtest.Cloud, account string) *storage.Client {
	t.Helper()
	client, err := bucket.NewClient(t.Context(), c.As(account))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// The worker reads packs whose names it knows. It lists, writes and deletes none.
func TestTheWorkerOnlyReadsTheConfigsBucket(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	tn.PushConfig(t, tn.Workspace, cloudtest.SLX("a"))
	o, err := storageAs(t, c, suite.OperatorAccount).Bucket(tn.ConfigsBucket).Objects(t.Context(), nil).Next()
	if err != nil {
		t.Fatal(err)
	}
	configs := storageAs(t, c, suite.FunctionAccount("export-worker")).Bucket(tn.ConfigsBucket)
	if _, err := bucket.Read(t.Context(), configs.Object(o.Name), 1<<20); err != nil {
		t.Errorf("read a pack: %v", err)
	}
	for what, try := range map[string]func(context.Context) error{
		"list": func(ctx context.Context) error { _, err := configs.Objects(ctx, nil).Next(); return err },
		"create": func(ctx context.Context) error {
			return bucket.Create(ctx, configs.Object("prod/x.pack"), "text/plain", nil)
		},
		"overwrite": func(ctx context.Context) error { w := configs.Object(o.Name).NewWriter(ctx); return w.Close() },
		"delete":    func(ctx context.Context) error { return configs.Object(o.Name).Delete(ctx) },
	} {
		if err := try(t.Context()); err == nil || !strings.Contains(err.Error(), "403") {
			t.Errorf("%s: %v, want a refusal", what, err)
		}
	}
}
