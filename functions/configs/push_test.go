package configs_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/findings"
)

func TestGitPushesAndClonesAReviewedConfiguration(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	w := pushed(t, tn)
	first := w.tree(t)
	if got := inEffect(t, tn); got != first.Digest().String() {
		t.Fatalf("in effect is %s, want %s", got, first.Digest())
	}
	for n := range 50 {
		w.write(t, many(n), slx("s"))
	}
	w.write(t, "slxs/api/slx.yaml", slx("api", "  statement: The API answers.\n"))
	review(t, tn, w.commit(t), "builder")
	w.want(t, "push", "origin", "main")
	want := map[string]string{}
	for _, f := range w.tree(t).Files {
		want[f.Path] = string(f.Data)
	}
	for _, persona := range []string{"viewer", "auditor", "admin", "builder"} {
		if diff := cmp.Diff(want, clone(t, tn, persona)); diff != "" {
			t.Errorf("the clone of the %s (-want +got):\n%s", persona, diff)
		}
	}
	for name, args := range map[string][]string{"shallow": {"--depth=1"}, "with protocol 0": {"-c", "protocol.version=0"}} {
		if diff := cmp.Diff(want, clone(t, tn, "viewer", args...)); diff != "" {
			t.Errorf("the %s clone (-want +got):\n%s", name, diff)
		}
	}
}

func TestFetchBringsWhatSomebodyElseHasPushed(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	mine := pushed(t, tn)
	other := newWorkTree(t, tn)
	other.want(t, "pull", "--quiet", "origin", "main")
	other.write(t, "slxs/db/slx.yaml", slx("db"))
	review(t, tn, other.commit(t), "builder")
	other.want(t, "push", "origin", "main")

	mine.write(t, "slxs/web/slx.yaml", slx("web"))
	review(t, tn, mine.commit(t), "builder")
	mine.refused(t, "fetch first", "origin", "main")
	mine.refused(t, "main can only move forward", "--force", "origin", "main")
	mine.want(t, "pull", "--quiet", "--rebase", "origin", "main")
	review(t, tn, mine.tree(t), "builder")
	mine.want(t, "push", "origin", "main")
	if got := inEffect(t, tn); got != mine.tree(t).Digest().String() {
		t.Error("the second push is not in effect")
	}
}

// change makes a commit and returns the arguments of the push; nil: origin main.
type change = func(t *testing.T, tn *cloudtest.Tenant, w workTree) (args []string)

// refusedKey is a text that the rule aws-access-key finds.
var refusedKey = "AKIA" + "ABCDEFGHIJKLMNOP"

// refusals are pushes that git reports as refused, with a text of its output.
var refusals = map[string]struct {
	change change
	want   string
}{
	"nobody has reviewed the tree": {func(t *testing.T, _ *cloudtest.Tenant, w workTree) []string {
		w.write(t, "slxs/api/slx.yaml", slx("other"))
		w.commit(t)
		return nil
	}, "has no review"},
	"only a pipeline has reviewed the tree": {func(t *testing.T, tn *cloudtest.Tenant, w workTree) []string {
		w.write(t, "slxs/api/slx.yaml", slx("other"))
		review(t, tn, w.commit(t), "pipeline")
		return nil
	}, "held for approval"},
	"a reviewed tree has a secret": {func(t *testing.T, tn *cloudtest.Tenant, w workTree) []string {
		w.write(t, "slxs/api/slx.yaml", slx("api", "  note: "+refusedKey+"\n"))
		review(t, tn, w.commit(t), "builder")
		return nil
	}, "slxs/api/slx.yaml:6 spec.note: aws-access-key (AKIA****)"},
	"an earlier commit has a secret": {func(t *testing.T, tn *cloudtest.Tenant, w workTree) []string {
		w.write(t, "slxs/api/slx.yaml", slx("api", "  note: "+refusedKey+"\n"))
		review(t, tn, w.commit(t), "builder")
		w.write(t, "slxs/api/slx.yaml", slx("api", "  note: none\n"))
		review(t, tn, w.commit(t), "builder")
		return nil
	}, "aws-access-key"},
	"the message of a commit has a secret": {func(t *testing.T, tn *cloudtest.Tenant, w workTree) []string {
		w.write(t, "slxs/api/slx.yaml", slx("other"))
		review(t, tn, w.commit(t), "builder")
		w.want(t, "commit", "--quiet", "--amend", "-m", "use "+refusedKey)
		return nil
	}, "the message of the commit has a secret"},
	"a file is no configuration": {func(t *testing.T, _ *cloudtest.Tenant, w workTree) []string {
		w.write(t, "slxs/api/secret.yaml", "apiVersion: v1\nkind: Secret\n")
		w.commit(t)
		return nil
	}, "slxs/api/secret.yaml:1 apiVersion: the apiVersion must be"},
	"a link": {func(t *testing.T, _ *cloudtest.Tenant, w workTree) []string {
		if err := os.Symlink("/etc/passwd", filepath.Join(w.dir, "a.md")); err != nil {
			t.Fatal(err)
		}
		w.commit(t)
		return nil
	}, "only regular files"},
	"a submodule": {func(t *testing.T, _ *cloudtest.Tenant, w workTree) []string {
		w.want(t, "update-index", "--add", "--cacheinfo", "160000,"+strings.Repeat("1", 40)+",sub")
		w.want(t, "commit", "--quiet", "-m", "sub")
		return nil
	}, "only regular files"},
	"names that differ only in case": {func(t *testing.T, _ *cloudtest.Tenant, w workTree) []string {
		w.write(t, "slxs/API/slx.yaml", slx("api"))
		w.commit(t)
		return nil
	}, "differs only in case"},
	"main is deleted": {func(*testing.T, *cloudtest.Tenant, workTree) []string { return []string{"origin", ":main"} }, "main cannot be deleted"},
	"a branch":        {func(*testing.T, *cloudtest.Tenant, workTree) []string { return []string{"origin", "main:other"} }, "only refs/heads/main"},
	"a tag that is named like main": {func(*testing.T, *cloudtest.Tenant, workTree) []string {
		return []string{"origin", "main:refs/tags/main"}
	}, "only refs/heads/main"},
	"two references":                 {func(*testing.T, *cloudtest.Tenant, workTree) []string { return []string{"origin", "main:a", "main:b"} }, "one reference at a time"},
	"another history, without force": {anotherHistory(""), "non-fast-forward"},
	"another history, with force":    {anotherHistory("--force"), "main can only move forward"},
	"12 commits": {func(t *testing.T, tn *cloudtest.Tenant, w workTree) []string {
		for range 12 {
			w.commit(t)
		}
		return nil
	}, "more than 10 new commits"},
}

func TestPushIsRefused(t *testing.T) {
	t.Parallel()
	for name, test := range refusals {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := cloudtest.Shared(t).Tenant(t)
			w := pushed(t, tn)
			before := inEffect(t, tn)
			args := test.change(t, tn, w)
			if args == nil {
				args = []string{"origin", "main"}
			}
			w.refused(t, test.want, args...)
			if got := inEffect(t, tn); got != before {
				t.Errorf("in effect is %s, want %s as before", got, before)
			}
			if files := clone(t, tn, "viewer"); len(files) != 1 || files["slxs/api/slx.yaml"] != slx("api") {
				t.Errorf("a clone has %v", files)
			}
		})
	}
}

// anotherHistory makes a commit that does not follow main.
func anotherHistory(force string) func(*testing.T, *cloudtest.Tenant, workTree) []string {
	return func(t *testing.T, tn *cloudtest.Tenant, w workTree) []string {
		w.want(t, "checkout", "--quiet", "--orphan", "other")
		w.write(t, "slxs/api/slx.yaml", slx("orphan"))
		review(t, tn, w.commit(t), "builder")
		w.want(t, "update-ref", "-d", "refs/remotes/origin/main")
		if force == "" {
			return []string{"origin", "other:main"}
		}
		return []string{force, "origin", "other:main"}
	}
}

func TestWaivedFindingIsPushed(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	w := pushed(t, tn)
	w.write(t, "slxs/api/slx.yaml", slx("api", "  owners: [ann@example.com]\n"))
	tree := w.commit(t)
	review(t, tn, tree, "builder", findings.Waiver{Rule: "email", Reason: "the address of a team"})
	w.want(t, "push", "origin", "main")
	if got := inEffect(t, tn); got != tree.Digest().String() {
		t.Error("the push is not in effect")
	}
}

func TestOnlyOneOfTwoPushesAtOnceTakesEffect(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	first := pushed(t, tn)
	trees := []workTree{first, newWorkTree(t, tn)}
	trees[1].want(t, "pull", "--quiet", "origin", "main")
	digests := make([]string, 2)
	for i, w := range trees {
		w.write(t, many(i), slx("s"))
		tree := w.commit(t)
		digests[i] = tree.Digest().String()
		review(t, tn, tree, "builder")
	}
	var pushes sync.WaitGroup
	errs, outs := make([]error, 2), make([]string, 2)
	for i, w := range trees {
		pushes.Go(func() { outs[i], errs[i] = w.git(t, "builder", "push", "origin", "main") })
	}
	pushes.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Fatalf("the pushes end with %v, want one success", errs)
	}
	winner := 0
	if errs[0] != nil {
		winner = 1
	}
	if got := inEffect(t, tn); got != digests[winner] {
		t.Error("the push that succeeded is not in effect")
	}
	if out := outs[1-winner]; !strings.Contains(out, "git pull") {
		t.Errorf("the push that failed does not say what to do: %s", out)
	}
}

func TestOnlyABuilderPushes(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	w := pushed(t, tn)
	w.write(t, "slxs/api/slx.yaml", slx("other"))
	review(t, tn, w.commit(t), "builder")
	for _, persona := range []string{"viewer", "auditor", "admin", "runner"} {
		if out, err := w.git(t, persona, "push", "origin", "main"); err == nil || !strings.Contains(out, "403") {
			t.Errorf("a push of the %s: %v\n%s", persona, err, out)
		}
	}
	if out, err := w.git(t, "runner", "fetch", "origin", "main"); err == nil || !strings.Contains(out, "403") {
		t.Errorf("a fetch of the runner: %v\n%s", err, out)
	}
}
