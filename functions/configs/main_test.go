package configs_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/configtree"
	"github.com/strongroom-dev/strongroom/shared/findings"
)

func TestMain(m *testing.M) { cloudtest.Main(m) }

// slx is a document in the shape that the public generators write.
func slx(name string, more ...string) string {
	return "apiVersion: runwhen.com/v1\nkind: ServiceLevelX\nmetadata: {name: ws--" + name + "}\nspec:\n  alias: " + name + " health\n" + strings.Join(more, "")
}

// workTree is a directory in which a real git works.
type workTree struct {
	dir    string
	tenant *cloudtest.Tenant
}

// newWorkTree returns a clone without commits. The test is skipped visibly without git.
func newWorkTree(t *testing.T, tn *cloudtest.Tenant) workTree {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	w := workTree{t.TempDir(), tn}
	w.want(t, "init", "--quiet", "--initial-branch=main")
	w.want(t, "remote", "add", "origin", w.url())
	return w
}

func (w workTree) url() string {
	return w.tenant.Cloud.URL + "/v1/workspaces/" + string(w.tenant.Workspace) + "/config.git"
}

// git runs git as a persona and returns its output.
func (w workTree) git(t *testing.T, persona string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = w.dir
	helper := "!f() { echo username=token; echo password=" + w.tenant.Token(t, persona) + "; }; f"
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_TERMINAL_PROMPT=0", "HOME="+w.dir,
		"GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_0=credential.helper", "GIT_CONFIG_VALUE_0="+helper,
		"GIT_CONFIG_KEY_1=http.proxy", "GIT_CONFIG_VALUE_1=",
		"GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=ann@example.com", "GIT_COMMITTER_NAME=Ann", "GIT_COMMITTER_EMAIL=ann@example.com")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

// want runs git as the builder, and fails the test if it fails.
func (w workTree) want(t *testing.T, args ...string) string {
	t.Helper()
	out, err := w.git(t, "builder", args...)
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return out
}

// refused pushes, and fails the test unless git fails with a text.
func (w workTree) refused(t *testing.T, text string, args ...string) {
	t.Helper()
	out, err := w.git(t, "builder", append([]string{"push"}, args...)...)
	if err == nil || !strings.Contains(strings.ReplaceAll(out, "\nremote: ", "\n"), text) {
		t.Errorf("git push %v: %v, want %q in:\n%s", args, err, text, out)
	}
}

// write writes a file of the work tree.
func (w workTree) write(t *testing.T, path, text string) {
	t.Helper()
	path = filepath.Join(w.dir, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// commit commits everything and returns the tree.
func (w workTree) commit(t *testing.T) configtree.Tree {
	t.Helper()
	w.want(t, "add", "-A")
	w.want(t, "commit", "--quiet", "--allow-empty", "-m", "change")
	return w.tree(t)
}

// tree returns the files of the newest commit. A tree that is not valid is zero.
func (w workTree) tree(t *testing.T) configtree.Tree {
	t.Helper()
	var files []configtree.File
	for path := range strings.SplitSeq(strings.TrimSpace(w.want(t, "ls-tree", "-r", "--name-only", "HEAD")), "\n") {
		data, err := os.ReadFile(filepath.Join(w.dir, path))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, configtree.File{Path: path, Data: data})
	}
	tree, _ := configtree.New(files)
	return tree
}

// review records a review of a tree by a persona.
func review(t *testing.T, tn *cloudtest.Tenant, tree configtree.Tree, persona string, waivers ...findings.Waiver) {
	t.Helper()
	body := map[string]any{"files": len(tree.Files), "bytes": tree.Bytes(), "waivers": waivers}
	tn.Do(t, persona, http.MethodPut, configPath(tn)+"/reviews/"+tree.Digest().String(), body).Want(t, http.StatusOK)
}

func configPath(tn *cloudtest.Tenant) string {
	return "/v1/workspaces/" + string(tn.Workspace) + "/config"
}

// pushed returns a work tree whose commit with one SLX is in effect.
func pushed(t *testing.T, tn *cloudtest.Tenant) workTree {
	t.Helper()
	w := newWorkTree(t, tn)
	w.write(t, "slxs/api/slx.yaml", slx("api"))
	review(t, tn, w.commit(t), "builder")
	w.want(t, "push", "origin", "main")
	return w
}

// inEffect returns the digest of the configuration in effect, or "" if none exists.
func inEffect(t *testing.T, tn *cloudtest.Tenant) string {
	t.Helper()
	r := tn.Do(t, "admin", http.MethodGet, configPath(tn), nil)
	if r.Status == http.StatusNotFound {
		return ""
	}
	var out struct{ Digest string }
	r.Want(t, http.StatusOK).JSON(t, &out)
	return out.Digest
}

// clone clones as a persona and returns the files of the clone by path.
func clone(t *testing.T, tn *cloudtest.Tenant, persona string, args ...string) map[string]string {
	t.Helper()
	w := workTree{t.TempDir(), tn}
	if out, err := w.git(t, persona, append(append([]string{"clone", "--quiet"}, args...), w.url(), "c")...); err != nil {
		t.Fatalf("clone: %v\n%s", err, out)
	}
	w.dir = filepath.Join(w.dir, "c")
	if out := w.want(t, "fsck", "--strict", "--full"); strings.Contains(out, "error") || strings.Contains(out, "missing") {
		t.Errorf("git fsck: %s", out)
	}
	files := map[string]string{}
	for path := range strings.SplitSeq(strings.TrimSpace(w.want(t, "ls-files")), "\n") {
		data, err := os.ReadFile(filepath.Join(w.dir, path))
		if err != nil {
			t.Fatal(err)
		}
		files[path] = string(data)
	}
	return files
}

func many(n int) string { return fmt.Sprintf("slxs/s%05d/slx.yaml", n) }
