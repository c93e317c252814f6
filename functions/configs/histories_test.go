package configs_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/go-git/go-git/v6/plumbing"
	"github.com/go-git/go-git/v6/plumbing/object"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

// history is a repository to which two builders push, with what it must contain.
type history struct {
	tenant   *cloudtest.Tenant
	target   *faults.Target
	random   *rand.Rand
	builders [2]*builder

	main     plumbing.Hash     // the last commit whose push was accepted
	files    map[string]string // of main
	reviewed map[string]bool   // digests of trees that have a review without open findings
	texts    int               // that were written, so that each is new
}

// Whatever two builders push and whatever crashes, main is the last push that was accepted,
// git can clone it, and everything in it was reviewed.
func TestLaw12HistoriesOfPushesWithCrashes(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	target, err := faults.NewTarget(c.As(suite.FunctionAccount("configs")).FirestoreHost)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = target.Close() })
	count, seed := cloudtest.Histories(t, 12)
	for n := range uint64(count) {
		t.Run(fmt.Sprint("seed ", seed+n), func(t *testing.T) {
			t.Parallel()
			h := &history{tenant: c.Tenant(t), target: target, random: rand.New(rand.NewPCG(seed+n, 0)), files: map[string]string{}, reviewed: map[string]bool{}}
			h.builders = [2]*builder{newBuilder(t, h.tenant, "ann"), newBuilder(t, h.tenant, "bob")}
			h.play(t)
		})
	}
}

// play pushes once without a fault, and then in different ways.
func (h *history) play(t *testing.T) {
	steps := []func(*testing.T){h.accepted, h.accepted, h.race, h.refused, h.refused, h.crash, h.crash, h.crash}
	h.accepted(t)
	for range 3 + h.random.IntN(4) {
		steps[h.random.IntN(len(steps))](t)
		h.check(t)
		if t.Failed() {
			return
		}
	}
	h.checkClone(t)
}

// pull lets a builder fetch main.
func (h *history) pull(t *testing.T, b *builder) {
	t.Helper()
	if h.main.IsZero() {
		return
	}
	b.pull(t)
	if b.head != h.main {
		t.Fatalf("a fetch has main at %s, want %s", b.head, h.main)
	}
	if diff := cmp.Diff(h.files, b.files); diff != "" {
		t.Fatalf("the files of a fetch (-want +got):\n%s", diff)
	}
}

// change adds, changes or removes a file.
func (h *history) change(b *builder) {
	h.texts++
	paths := slices.Sorted(maps.Keys(b.files))
	kind := h.random.IntN(4)
	if len(paths) < 2 {
		kind = 0
	}
	switch kind {
	case 0, 1:
		b.files[fmt.Sprintf("slxs/s%03d/%s.yaml", h.random.IntN(20), []string{"slx", "runbook", "sli"}[h.random.IntN(3)])] = slx(fmt.Sprint("n", h.texts))
	case 2:
		b.files[paths[h.random.IntN(len(paths))]] = slx(fmt.Sprint("n", h.texts), "  statement: It answers.\n")
	case 3:
		delete(b.files, paths[h.random.IntN(len(paths))])
	}
}

// commits makes up to three commits with reviews.
func (h *history) commits(t *testing.T, b *builder) {
	for range 1 + h.random.IntN(3) {
		h.change(b)
		b.commit(t, "change\n")
		h.review(t, b)
	}
}

func (h *history) review(t *testing.T, b *builder) {
	tree := treeOf(b.files)
	review(t, h.tenant, tree, "builder")
	h.reviewed[tree.Digest().String()] = true
}

// accept notes that the newest commit of a builder is main.
func (h *history) accept(b *builder) { h.main, h.files = b.head, maps.Clone(b.files) }

func (h *history) anyBuilder() *builder { return h.builders[h.random.IntN(2)] }

func (h *history) accepted(t *testing.T) {
	b := h.anyBuilder()
	h.pull(t, b)
	h.commits(t, b)
	if err := b.push(t, h.tenant.Cloud.URL); err != nil {
		t.Fatalf("a push is refused: %v", err)
	}
	h.accept(b)
}

// race pushes from both builders at once.
func (h *history) race(t *testing.T) {
	for _, b := range h.builders {
		h.pull(t, b)
		h.commits(t, b)
	}
	var errs [2]error
	var pushes sync.WaitGroup
	for i, b := range h.builders {
		pushes.Go(func() { errs[i] = b.push(t, h.tenant.Cloud.URL) })
	}
	pushes.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Fatalf("two pushes at once end with %v, want one success", errs)
	}
	winner := 0
	if errs[0] != nil {
		winner = 1
	}
	h.accept(h.builders[winner])
}

// refused pushes what may not take effect.
func (h *history) refused(t *testing.T) {
	b := h.anyBuilder()
	h.pull(t, b)
	switch h.random.IntN(3) {
	case 0: // a secret without a waiver, with a clean commit after it
		b.files["slxs/secret/slx.yaml"] = slx("secret", "  note: "+refusedKey+"\n")
		b.commit(t, "change\n")
		review(t, h.tenant, treeOf(b.files), "builder")
		delete(b.files, "slxs/secret/slx.yaml")
		h.change(b)
		b.commit(t, "change\n")
		h.review(t, b)
	case 1: // no review of the last commit
		h.commits(t, b)
		h.texts++
		b.files["slxs/other/slx.yaml"] = slx(fmt.Sprint("n", h.texts))
		b.commit(t, "change\n")
	case 2: // a history that does not have main
		b.head = plumbing.ZeroHash
		h.commits(t, b)
	}
	if err := b.push(t, h.tenant.Cloud.URL); err == nil {
		t.Error("a push is accepted that must be refused")
	}
}

// crash pushes to a process of the function with one fault, and then the same again to a
// healthy one.
func (h *history) crash(t *testing.T) {
	b := h.anyBuilder()
	h.pull(t, b)
	h.commits(t, b)
	f := startFaulty(t, h.tenant.Cloud, h.target, h.plan())
	err := b.push(t, f.address)
	f.close()
	switch got := h.tenant.MainOf(t, h.tenant.Workspace); {
	case got == b.head.String(): // in effect, whatever the client received
	case got != h.main.String() && !(h.main.IsZero()):
		t.Fatalf("main is at %s, which nobody has pushed", got)
	case err == nil:
		t.Fatal("a push was reported as accepted, and is not in effect")
	default:
		// The last call of a process that was killed may take effect later than the same push again begins.
		if err := b.push(t, h.tenant.Cloud.URL); err != nil && h.tenant.MainOf(t, h.tenant.Workspace) != b.head.String() {
			t.Fatalf("the same push again: %v", err)
		}
	}
	h.accept(b)
}

// plan returns a fault at one of the places where a crash could do harm, or anywhere.
func (h *history) plan() plan {
	at := func(method string, nth int64, fault faults.Fault) plan {
		var calls atomic.Int64
		return func(_ int64, name string) faults.Fault {
			if name != method || calls.Add(1) != nth {
				return faults.None
			}
			return fault
		}
	}
	commit := 1 + h.random.Int64N(2) // of the elements, or of main
	call, fault := 1+h.random.Int64N(30), faults.All[h.random.IntN(len(faults.All))]
	anywhere := func(n int64, _ string) faults.Fault {
		if n == call {
			return fault
		}
		return faults.None
	}
	return []plan{
		anywhere,
		at(http.MethodPost, 1, faults.Killed),   // before the pack
		at(http.MethodPost, 1, faults.KilledIn), // between the pack and the reference
		at("Commit", commit, faults.Killed),
		at("Commit", commit, faults.KilledIn), // after the commit, whose answer is lost
		at("Commit", commit, faults.ReplyLost),
	}[h.random.IntN(6)]
}

// check fails the test unless main is what was accepted last, and law 12 holds.
func (h *history) check(t *testing.T) {
	t.Helper()
	if got := h.tenant.MainOf(t, h.tenant.Workspace); got != h.main.String() {
		t.Errorf("main is at %s, want %s", got, h.main)
	}
	digest := inEffect(t, h.tenant)
	if want := treeOf(h.files).Digest().String(); digest != want || !h.reviewed[digest] {
		t.Errorf("in effect is %s, want %s; reviewed: %t", digest, want, h.reviewed[digest])
	}
}

// checkClone fails the test unless a clone has the files of main, and every commit in it was
// reviewed.
func (h *history) checkClone(t *testing.T) {
	t.Helper()
	fresh := newBuilder(t, h.tenant, "fresh")
	h.pull(t, fresh)
	c, err := object.GetCommit(fresh.st, fresh.head)
	if err != nil {
		t.Fatal(err)
	}
	commits := object.NewCommitPreorderIter(c, nil, nil)
	defer commits.Close()
	err = commits.ForEach(func(c *object.Commit) error {
		if digest := treeOf(fresh.filesOf(t, c.Hash)).Digest().String(); !h.reviewed[digest] {
			t.Errorf("commit %s has the tree %s, which nobody has reviewed", c.Hash, digest)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed; only go-git has cloned")
	}
	if diff := cmp.Diff(h.files, clone(t, h.tenant, "viewer")); diff != "" {
		t.Errorf("the clone (-want +got):\n%s", diff)
	}
}
