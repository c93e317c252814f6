package gitbundle_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v6/plumbing"
	"github.com/go-git/go-git/v6/plumbing/filemode"
	"github.com/go-git/go-git/v6/plumbing/object"
	"github.com/go-git/go-git/v6/storage/memory"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/shared/configtree"
	"github.com/strongroom-dev/strongroom/shared/gitbundle"
)

func store(t testing.TB, st *memory.Storage, kind plumbing.ObjectType, encode func(plumbing.EncodedObject) error) plumbing.Hash {
	t.Helper()
	o := st.NewEncodedObject()
	o.SetType(kind)
	if err := encode(o); err != nil {
		t.Fatal(err)
	}
	hash, err := st.SetEncodedObject(o)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

// add adds a commit whose files are slxs/NAME.yaml and one in the root.
func add(t testing.TB, st *memory.Storage, files []configtree.File, parents ...plumbing.Hash) plumbing.Hash {
	t.Helper()
	root, below := &object.Tree{}, &object.Tree{}
	for _, f := range files {
		hash := store(t, st, plumbing.BlobObject, func(o plumbing.EncodedObject) error {
			w, err := o.Writer()
			if err == nil {
				_, err = w.Write(f.Data)
			}
			return err
		})
		into, name := root, f.Path
		if after, ok := strings.CutPrefix(f.Path, "slxs/"); ok {
			into, name = below, after
		}
		into.Entries = append(into.Entries, object.TreeEntry{Name: name, Mode: filemode.Regular, Hash: hash})
	}
	root.Entries = append(root.Entries, object.TreeEntry{Name: "slxs", Mode: filemode.Dir, Hash: store(t, st, plumbing.TreeObject, below.Encode)})
	by := object.Signature{Name: "Ann", Email: "ann@example.com", When: time.Unix(1_800_000_000, 0).UTC()}
	c := &object.Commit{TreeHash: store(t, st, plumbing.TreeObject, root.Encode), ParentHashes: parents, Message: "change\n", Author: by, Committer: by}
	return store(t, st, plumbing.CommitObject, c.Encode)
}

func files(n int) (all []configtree.File) {
	all = append(all, configtree.File{Path: "README.md", Data: []byte("what this is\n")})
	for i := range n {
		all = append(all, configtree.File{Path: fmt.Sprintf("slxs/s%d.yaml", i), Data: fmt.Appendf(nil, "name: s%d\n", i)})
	}
	return all
}

// history returns a repository with three commits, of which the last one has what the first
// one had, and a commit that main does not reach.
func history(t testing.TB) (st *memory.Storage, main plumbing.Hash, want gitbundle.Content) {
	t.Helper()
	st = memory.NewStorage()
	first := add(t, st, files(3))
	second := add(t, st, files(5), first)
	main = add(t, st, files(3), second)
	add(t, st, files(9), main)
	var sums []configtree.FileSum
	for _, f := range files(3) {
		sums = append(sums, configtree.SumOf(f))
	}
	return st, main, gitbundle.Content{Commit: main.String(), Digest: configtree.DigestOf(sums), Commits: 3, Files: 4}
}

func written(t testing.TB, st *memory.Storage, main plumbing.Hash) []byte {
	t.Helper()
	var out bytes.Buffer
	if _, err := gitbundle.Write(&out, st, main.String()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestABundleIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	st, main, want := history(t)
	var out bytes.Buffer
	wrote, err := gitbundle.Write(&out, st, main.String())
	if err != nil {
		t.Fatal(err)
	}
	got, err := gitbundle.Read(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []gitbundle.Content{wrote, got} {
		if diff := cmp.Diff(want, c); diff != "" {
			t.Errorf("the content: %s", diff)
		}
	}
	if again := written(t, st, main); !bytes.Equal(again, out.Bytes()) {
		t.Error("the same commit is not the same bytes")
	}
}

func TestARepositoryWithoutAnObjectHasNoBundle(t *testing.T) {
	t.Parallel()
	st, main, _ := history(t)
	needed := 0
	for hash := range st.Objects {
		damaged, _, _ := history(t)
		delete(damaged.Objects, hash)
		delete(damaged.Commits, hash)
		delete(damaged.Trees, hash)
		delete(damaged.Blobs, hash)
		_, err := gitbundle.Write(&bytes.Buffer{}, damaged, main.String())
		if err != nil && !errors.Is(err, gitbundle.ErrIncomplete) {
			t.Errorf("the error is %v", err)
		}
		if err != nil {
			needed++
		}
	}
	if want := 3 + 2*2 + 6; needed != want { // commits, directories of two trees, files
		t.Errorf("%d objects are needed, want %d", needed, want)
	}
}

func TestADamagedBundleIsRefused(t *testing.T) {
	t.Parallel()
	st, main, _ := history(t)
	whole := written(t, st, main)
	for at := range whole {
		flipped := slices.Clone(whole)
		flipped[at] ^= 1 << (at % 8)
		if got, err := gitbundle.Read(bytes.NewReader(flipped)); err == nil {
			t.Errorf("byte %d is changed, and the bundle is read as %+v", at, got)
		}
		if _, err := gitbundle.Read(bytes.NewReader(whole[:at])); err == nil {
			t.Errorf("the bundle ends at byte %d, and is read", at)
		}
	}
}

// git runs a real git. The test is skipped visibly without it.
func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "HOME="+dir, "LC_ALL=C",
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=transfer.fsckObjects", "GIT_CONFIG_VALUE_0=true")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func TestGitVerifiesAndClonesABundle(t *testing.T) {
	t.Parallel()
	st, main, _ := history(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "prod.bundle"), written(t, st, main), 0o600); err != nil {
		t.Fatal(err)
	}
	git(t, dir, "init", "--quiet")
	if out := git(t, dir, "bundle", "verify", "prod.bundle"); !strings.Contains(out, "records a complete history") {
		t.Errorf("git bundle verify: %s", out)
	}
	git(t, dir, "clone", "--quiet", "prod.bundle", "clone")
	clone := filepath.Join(dir, "clone")
	if out := git(t, clone, "fsck", "--strict", "--full"); strings.Contains(out, "error") || strings.Contains(out, "missing") {
		t.Errorf("git fsck: %s", out)
	}
	if out := strings.TrimSpace(git(t, clone, "rev-parse", "main")); out != main.String() {
		t.Errorf("main is %s, want %s", out, main)
	}
	if out := git(t, clone, "status", "--porcelain", "--branch"); strings.TrimSpace(out) != "## main...origin/main" {
		t.Errorf("git status: %s", out)
	}
	for _, f := range files(3) {
		if data, err := os.ReadFile(filepath.Join(clone, f.Path)); err != nil || !bytes.Equal(data, f.Data) {
			t.Errorf("%s is %q: %v", f.Path, data, err)
		}
	}
}

// FuzzRead looks for a bundle that is read and says something else than the bundle of the
// same commit that is written from it.
func FuzzRead(f *testing.F) {
	st, main, _ := history(f)
	whole := written(f, st, main)
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte("# v2 git bundle\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := gitbundle.Read(bytes.NewReader(data))
		if err == nil && (c.Commits == 0 || len(c.Commit) != 40) {
			t.Errorf("%q is read as %+v", data, c)
		}
	})
}
