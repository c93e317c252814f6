package command_test

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/configreview"
)

// testKey is a text that the rule aws-access-key finds.
var testKey = "AKIA" + "ABCDEFGHIJKLMNOP"

func slxFile(name string, more ...string) string {
	return "apiVersion: runwhen.com/v1\nkind: ServiceLevelX\nmetadata: {name: ws--" + name + "}\nspec:\n  alias: " + name + "\n" + strings.Join(more, "")
}

// writeFiles writes files below a new directory and returns it.
func writeFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func readFiles(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		files[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// reviewed is what a test reads of config review --json.
type reviewed struct {
	Digest   string
	Files    int
	Ignored  int
	Recorded bool
	Changes  struct{ New, Changed, Removed, Unchanged int }
	Kinds    []configreview.Kind
	Findings []struct{ Path, Field, Rule, Excerpt, Waived string }
}

func TestReviewNeedsNoOpenFinding(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		files map[string]string
		code  int
		want  string // in stderr
	}{
		"a clean directory":                  {map[string]string{"a.yaml": slxFile("a")}, 0, "the review is recorded"},
		"a secret":                           {map[string]string{"a.yaml": slxFile("a", "  note: "+testKey+"\n")}, 1, "open findings: 1;"},
		"a secret with its waiver":           {map[string]string{"a.yaml": slxFile("a", "  note: "+testKey+"\n"), ".strongroomwaivers": "- {rule: aws-access-key, path: a.yaml, line: 6, reason: an example}\n"}, 0, "is recorded"},
		"a waiver of a secret in all files":  {map[string]string{"a.yaml": slxFile("a", "  note: "+testKey+"\n"), ".strongroomwaivers": "- {rule: aws-access-key, reason: an example}\n"}, 1, "names the path and the line"},
		"a waiver with an unknown field":     {map[string]string{"a.yaml": slxFile("a"), ".strongroomwaivers": "- {rule: email, why: an example}\n"}, 1, "is not a list of waivers"},
		"an address that is waived":          {map[string]string{"a.yaml": slxFile("a", "  owners: [ann@example.com]\n"), ".strongroomwaivers": "- {rule: email, reason: a team}\n"}, 0, "is recorded"},
		"a secret in an excluded file":       {map[string]string{"a.yaml": slxFile("a"), "b/b.yaml": slxFile("b", "  note: "+testKey+"\n"), ".strongroomignore": "# no\nb/*\n"}, 0, "is recorded"},
		"a secret in a file that git leaves": {map[string]string{"a.yaml": slxFile("a"), "b/notes.txt": testKey, "b/.gitignore": "*.txt\n"}, 0, "is recorded"},
		"a secret that is included again":    {map[string]string{"b.yaml": slxFile("b", "  note: "+testKey+"\n"), ".strongroomignore": "*\n!b.yaml\n!.strongroomignore\n"}, 1, "open findings: 1;"},
		"a file that is no configuration":    {map[string]string{"a.txt": "text"}, 1, "would refuse the configuration (faults: 1)"},
		"an empty directory":                 {map[string]string{".git/config": "[core]\n"}, 1, "no files"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := programOf(t, cloudtest.Shared(t).Tenant(t), "builder")
			r := p.run(t, "config", "review", writeFiles(t, test.files), "--fail-on", "finding")
			if r.code != test.code || !strings.Contains(r.stderr, test.want) {
				t.Errorf("got %+v", r)
			}
			if strings.Contains(r.stdout+r.stderr, testKey) {
				t.Error("the output shows the secret")
			}
		})
	}
}

func TestReviewFollowsNoLinks(t *testing.T) {
	t.Parallel()
	p := programOf(t, cloudtest.Shared(t).Tenant(t), "builder")
	dir := writeFiles(t, map[string]string{"a.yaml": slxFile("a")})
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "b.md")); err != nil {
		t.Skip(err)
	}
	if r := p.run(t, "config", "review", dir, "--dry-run"); r.code != 1 || !strings.Contains(r.stdout, "b.md: only regular files") {
		t.Errorf("got %+v", r)
	}
}

func TestReviewComparesWithWhatIsInEffect(t *testing.T) {
	t.Parallel()
	p := programOf(t, cloudtest.Shared(t).Tenant(t), "builder")
	first := map[string]string{"slxs/a/slx.yaml": slxFile("a"), "slxs/b/slx.yaml": slxFile("b"), "slxs/c/slx.yaml": slxFile("c"), "README.md": "# SLXs\n"}
	p.pushFiles(t, first)
	second := maps.Clone(first)
	second["slxs/b/slx.yaml"] = slxFile("b", "  owners: [ann@example.com]\n  tags: [{name: a, value: b}]\n")
	second["slxs/d/slx.yaml"] = slxFile("d")
	delete(second, "slxs/c/slx.yaml")
	var got reviewed
	r := p.run(t, "config", "review", writeFiles(t, second), "--dry-run", "--json")
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || r.code != 1 || got.Recorded {
		t.Fatalf("%v: %+v", err, r)
	}
	if got.Changes.New != 1 || got.Changes.Changed != 1 || got.Changes.Removed != 1 || got.Changes.Unchanged != 2 {
		t.Errorf("the changes are %+v", got.Changes)
	}
	if len(got.Findings) != 1 || got.Findings[0].Rule != "email" || got.Findings[0].Field != "spec.owners[0]" {
		t.Errorf("the findings are %+v", got.Findings)
	}
	at := slices.IndexFunc(got.Kinds, func(k configreview.Kind) bool { return k.Kind == "ServiceLevelX" })
	want := []string{"apiVersion", "kind", "metadata.name", "spec.alias", "spec.owners[]", "spec.tags[].name", "spec.tags[].value"}
	if diff := cmp.Diff(want, got.Kinds[at].Fields); diff != "" || got.Kinds[at].Documents != 3 {
		t.Errorf("%d documents (-want +got):\n%s", got.Kinds[at].Documents, diff)
	}
}

// pushFiles reviews and pushes files and returns their directory.
func (p *program) pushFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := writeFiles(t, files)
	p.run(t, "config", "review", dir, "--fail-on", "finding").want(t)
	p.run(t, "config", "push", dir).want(t)
	return dir
}

func TestPushedConfigurationIsPulledAndCloned(t *testing.T) {
	t.Parallel()
	p := programOf(t, cloudtest.Shared(t).Tenant(t), "builder")
	files := map[string]string{"workspace.yaml": "apiVersion: runwhen.com/v1\nkind: Workspace\nmetadata: {name: ws}\nspec: {}\n", ".strongroomignore": "draft\n"}
	for _, name := range []string{"a", "b", "b.c", "b-d", "B2"} { // git sorts a directory as if its name ended with a slash
		files["slxs/"+name+"/slx.yaml"] = slxFile(name)
		files["slxs/"+name+".yaml"] = slxFile(name)
	}
	p.pushFiles(t, files)
	files["slxs/a/slx.yaml"] = slxFile("a", "  statement: It works.\n")
	delete(files, "slxs/b/slx.yaml")
	dir := p.pushFiles(t, files)
	if r := p.run(t, "config", "push", dir).want(t); !strings.Contains(r.stdout, "in effect already") {
		t.Errorf("got %+v", r)
	}
	viewer := p.as(t, "viewer")
	pulled := filepath.Join(t.TempDir(), "copy")
	viewer.run(t, "config", "pull", pulled).want(t)
	if diff := cmp.Diff(files, readFiles(t, pulled)); diff != "" {
		t.Errorf("the copy (-want +got):\n%s", diff)
	}
	if r := viewer.run(t, "config", "pull", pulled); r.code != 2 || !strings.Contains(r.stderr, "has files") {
		t.Errorf("got %+v", r)
	}
	if r := viewer.run(t, "config", "reviews").want(t); strings.Count(r.stdout, "\n") != 3 {
		t.Errorf("got %+v", r)
	}
	clonedByGit(t, viewer, files)
}

// clonedByGit clones with a real git, if there is one.
func clonedByGit(t *testing.T, p *program, want map[string]string) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Log("git is not installed")
		return
	}
	dir := filepath.Join(t.TempDir(), "clone")
	url := p.tenant.Cloud.URL + "/v1/workspaces/" + string(p.tenant.Workspace) + "/config.git"
	clone := exec.CommandContext(t.Context(), "git", "clone", "--quiet", url, dir)
	clone.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_COUNT=1",
		"GIT_CONFIG_KEY_0=credential.helper", "GIT_CONFIG_VALUE_0=!f() { echo username=token; echo password=$STRONGROOM_TOKEN; }; f", "STRONGROOM_TOKEN="+p.env["STRONGROOM_TOKEN"])
	if out, err := clone.CombinedOutput(); err != nil {
		t.Fatalf("git clone: %v\n%s", err, out)
	}
	if out, err := exec.CommandContext(t.Context(), "git", "-C", dir, "fsck", "--strict", "--full").CombinedOutput(); err != nil {
		t.Errorf("git fsck: %v\n%s", err, out)
	}
	if err := os.RemoveAll(filepath.Join(dir, ".git")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, readFiles(t, dir)); diff != "" {
		t.Errorf("the clone (-want +got):\n%s", diff)
	}
}

func TestPushRefusesWhatIsNotReviewed(t *testing.T) {
	t.Parallel()
	p := programOf(t, cloudtest.Shared(t).Tenant(t), "builder")
	dir := writeFiles(t, map[string]string{"a.yaml": slxFile("a")})
	r := p.run(t, "config", "push", dir)
	if r.code != 1 || !strings.Contains(r.stderr, "has no review") || !strings.Contains(r.stderr, "strongroom config review") {
		t.Errorf("got %+v", r)
	}
	p.run(t, "config", "review", dir, "--fail-on", "finding").want(t)
	if err := os.WriteFile(filepath.Join(dir, "a.yaml"), []byte(slxFile("a", " \n")), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := p.run(t, "config", "push", dir); r.code != 1 || !strings.Contains(r.stderr, "has no review") {
		t.Errorf("one byte more: %+v", r)
	}
	if r := p.as(t, "viewer").run(t, "config", "push", dir); r.code == 0 || !strings.Contains(r.stderr, "403") {
		t.Errorf("as the viewer: %+v", r)
	}
}

func TestReviewWithoutATerminalAsksNothing(t *testing.T) {
	t.Parallel()
	p := programOf(t, cloudtest.Shared(t).Tenant(t), "builder")
	r := p.run(t, "config", "review", writeFiles(t, map[string]string{"a.yaml": slxFile("a")}))
	if r.code != 2 || !strings.Contains(r.stderr, "--fail-on finding") {
		t.Errorf("got %+v", r)
	}
}

func TestGitGetsTheTokenForThePlatformOnly(t *testing.T) {
	t.Parallel()
	p := stubbed(t, newStub(t, "{}"))
	p.env["STRONGROOM_URL"] = "https://Strongroom.example.com"
	for name, test := range map[string]struct {
		ask  string
		want string
	}{
		"the platform":               {"protocol=https\nhost=strongroom.example.com\n\n", "username=token\npassword=a-token\n"},
		"the platform with its port": {"protocol=https\nhost=strongroom.example.com:443\n\n", "username=token\npassword=a-token\n"},
		"another host":               {"protocol=https\nhost=strongroom.example.com.evil.example\n\n", ""},
		"another port":               {"protocol=https\nhost=strongroom.example.com:8443\n\n", ""},
		"another scheme":             {"protocol=http\nhost=strongroom.example.com\n\n", ""},
		"a host after the end":       {"protocol=https\n\nhost=strongroom.example.com\n", ""},
		"nothing":                    {"", ""},
	} {
		r := p.runWith(t, strings.NewReader(test.ask), "git-credential", "get")
		if r.code != 0 || r.stdout != test.want {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if r := p.runWith(t, strings.NewReader("protocol=https\nhost=strongroom.example.com\n\n"), "git-credential", "store"); r.code != 0 || r.stdout != "" {
		t.Errorf("store: %+v", r)
	}
	p.env["STRONGROOM_URL"] = "http://strongroom.example.com"
	if r := p.runWith(t, strings.NewReader("protocol=http\nhost=strongroom.example.com\n\n"), "git-credential", "get"); r.code != 2 || r.stdout != "" {
		t.Errorf("without encryption: %+v", r)
	}
}

func TestAdminDecidesAboutAPushThatWaits(t *testing.T) {
	t.Parallel()
	p := programOf(t, cloudtest.Shared(t).Tenant(t), "pipeline")
	admin := p.as(t, "admin")
	digests := map[string]string{}
	for decision, name := range map[string]string{"approve": "approved", "reject": "rejected"} {
		dir := writeFiles(t, map[string]string{"a.yaml": slxFile(name)})
		p.run(t, "config", "review", dir, "--fail-on", "finding").want(t)
		r := p.run(t, "config", "push", dir)
		if r.code != 1 || !strings.Contains(r.stderr, "held for approval") || !strings.Contains(r.stderr, "strongroom config approve") {
			t.Fatalf("got %+v", r)
		}
		_, digest, _ := strings.Cut(strings.TrimSpace(r.stderr), "config approve ")
		digests[decision] = digest
		if r := admin.run(t, "config", "changes", digest).want(t); !strings.Contains(r.stdout, "alias: "+name) {
			t.Errorf("got %+v", r)
		}
		waiting := decode[struct{ Reviews []api.ConfigReview }](t, admin, "config", "reviews", "--waiting", "--json").Reviews
		if len(waiting) != 1 || waiting[0].Digest != digest || len(waiting[0].Push.Decisions) != 2 {
			t.Errorf("the pushes that wait are %+v", waiting)
		}
		if r := p.run(t, "config", "approve", digest); r.code == 0 || !strings.Contains(r.stderr, "your role") {
			t.Errorf("got %+v", r)
		}
		admin.run(t, "config", decision, digest).want(t)
		if r := admin.run(t, "config", "show", digest).want(t); !strings.Contains(r.stdout, name) || !strings.Contains(r.stdout, "pipeline") {
			t.Errorf("got %+v", r)
		}
	}
	log := decode[struct {
		Commits []struct{ Commit, Digest string }
	}](t, admin, "config", "log", "--json")
	if len(log.Commits) != 1 || log.Commits[0].Digest != digests["approve"] {
		t.Errorf("the log is %+v", log)
	}
	if r := admin.run(t, "config", "reset", "--commit", log.Commits[0].Commit).want(t); !strings.Contains(r.stdout, ".pack") {
		t.Errorf("got %+v", r)
	}
	if r := admin.run(t, "config", "approve", "9f"); r.code != 2 || !strings.Contains(r.stderr, "is not a digest") {
		t.Errorf("got %+v", r)
	}
}
