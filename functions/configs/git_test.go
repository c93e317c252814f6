package configs_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

// git's user sees that the push failed. The same command again succeeds, and a third time
// there is nothing to do.
func TestGitPushesAgainAfterACrash(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		calls []string // the last of them is that of the crash
		again string   // in the output of the second push
	}{
		"between the pack and the reference":     {[]string{http.MethodPost}, "main -> main"},
		"after the commit, whose answer is lost": {[]string{http.MethodPost, "Commit", "Commit"}, "Everything up-to-date"}, // of the elements, and of main
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := cloudtest.Shared(t)
			tn := c.Tenant(t)
			w := pushed(t, tn)
			target, err := faults.NewTarget(c.As(suite.FunctionAccount("configs")).FirestoreHost)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = target.Close() })
			w.write(t, "slxs/api/slx.yaml", slx("second"))
			tree := w.commit(t)
			review(t, tn, tree, "builder")
			next := 0
			f := startFaulty(t, c, target, func(_ int64, name string) faults.Fault { // the calls are one after another
				if next < len(test.calls) && name == test.calls[next] {
					if next++; next == len(test.calls) {
						return faults.KilledIn
					}
				}
				return faults.None
			})
			out, err := w.git(t, "builder", "push", f.address+configPath(tn)+".git", "main")
			f.close()
			if err == nil {
				t.Fatalf("the process did not crash: %s", out)
			}
			for _, want := range []string{test.again, "Everything up-to-date"} {
				if out := w.want(t, "push", "origin", "main"); !strings.Contains(out, want) {
					t.Errorf("the same push again says %q, want %q", out, want)
				}
			}
			if got := inEffect(t, tn); got != tree.Digest().String() {
				t.Error("the push is not in effect")
			}
			if files := clone(t, tn, "viewer"); files["slxs/api/slx.yaml"] != slx("second") {
				t.Errorf("the clone has %v", files)
			}
		})
	}
}

func TestGitFetchesAfterAReset(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	w := pushed(t, tn)
	w.write(t, "slxs/api/slx.yaml", slx("second"))
	review(t, tn, w.commit(t), "builder")
	w.want(t, "push", "origin", "main")
	tn.Do(t, "admin", http.MethodPost, configPath(tn)+"/reset", map[string]any{"commit": tn.MainOf(t, tn.Workspace)}).Want(t, http.StatusOK)
	if out := w.want(t, "fetch", "origin"); !strings.Contains(out, "forced update") {
		t.Errorf("git fetch says %q", out)
	}
	w.want(t, "reset", "--quiet", "--hard", "origin/main")
	if out := w.want(t, "fsck", "--strict", "--full"); strings.Contains(out, "missing") || strings.Contains(out, "error") {
		t.Errorf("git fsck says %q", out)
	}
	if got := strings.Count(w.want(t, "log", "--oneline"), "\n"); got != 1 {
		t.Errorf("the history has %d commits, want 1", got)
	}
	w.write(t, "slxs/api/slx.yaml", slx("third"))
	tree := w.commit(t)
	review(t, tn, tree, "builder")
	w.want(t, "push", "origin", "main")
	if got := inEffect(t, tn); got != tree.Digest().String() {
		t.Error("the push after the reset is not in effect")
	}
}
