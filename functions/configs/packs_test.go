package configs_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/records"
)

// packsOf returns the names of the packs that a repository lists, and whether an object may
// be in two of them.
func packsOf(t *testing.T, tn *cloudtest.Tenant) (names []string, repeats bool) {
	t.Helper()
	db, err := tn.Cloud.Directory.Database(t.Context(), tn.Record)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := records.ConfigRef(db, tn.ID, tn.Workspace).Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Packs []struct {
			SHA256 string `firestore:"sha256"`
			Fresh  bool   `firestore:"fresh"`
		} `firestore:"packs"`
	}
	if err := doc.DataTo(&r); err != nil {
		t.Fatal(err)
	}
	for _, p := range r.Packs {
		names = append(names, string(tn.Workspace)+"/"+p.SHA256+".pack")
		repeats = repeats || !p.Fresh
	}
	return names, repeats
}

// pushText pushes one file with a text.
func (b *builder) pushText(t *testing.T, address, path, text string) error {
	t.Helper()
	b.files[path] = text
	b.commit(t, "change\n")
	review(t, b.tenant, treeOf(b.files), "builder")
	err := b.push(t, address)
	if err == nil {
		b.pulled = b.head
	}
	return err
}

func TestManyPushesMakeFewPacks(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	b := newBuilder(t, tn, "ann")
	for n := range 100 { // so that the first pack is large
		b.files[many(n)] = slx(fmt.Sprint(n))
	}
	repeated := false
	for n := range 24 {
		text := slx(fmt.Sprint("n", n))
		if n%5 == 4 {
			text = slx(fmt.Sprint("n", n%3)) // as in an older commit
		}
		if err := b.pushText(t, tn.Cloud.URL, many(n%3), text); err != nil {
			t.Fatal(err)
		}
		names, repeats := packsOf(t, tn)
		if len(names) > 8 {
			t.Fatalf("%d packs after %d pushes", len(names), n+1)
		}
		repeated = repeated || repeats
	}
	if !repeated {
		t.Error("no object was in two packs, so the test does not show that a clone has it once")
	}
	stored := objects(t, tn)
	names, _ := packsOf(t, tn)
	for _, name := range names {
		if !slices.Contains(stored, name) {
			t.Errorf("the pack %s is listed and not stored", name)
		}
	}
	if len(stored) <= len(names) {
		t.Error("the packs that were merged are gone, although a reader may need them")
	}
	newWorkTree(t, tn) // skips without git
	for name, args := range map[string][]string{"2": nil, "0": {"-c", "protocol.version=0"}} {
		if diff := cmp.Diff(b.files, clone(t, tn, "viewer", append(args, "-c", "transfer.fsckObjects=true")...)); diff != "" {
			t.Errorf("the clone with protocol %s (-want +got):\n%s", name, diff)
		}
	}
}

// onePush returns a tenant, a builder who has pushed one file, and what a faulty process of the
// function talks to.
func onePush(t *testing.T, c *cloudtest.Cloud) (*cloudtest.Tenant, *builder, *faults.Target) {
	t.Helper()
	target, err := faults.NewTarget(c.As(suite.FunctionAccount("configs")).FirestoreHost)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = target.Close() })
	tn := c.Tenant(t)
	b := newBuilder(t, tn, "ann")
	if err := b.pushText(t, c.URL, "slxs/a/slx.yaml", slx("a")); err != nil {
		t.Fatal(err)
	}
	return tn, b, target
}

// A clone that has read which packs there are, and then is slow, gets main as it was then.
func TestCloneBeganBeforePacksWereMerged(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn, b, target := onePush(t, c)
	main := b.head
	before, _ := packsOf(t, tn)
	var merge sync.Once
	f := startFaulty(t, c, target, func(_ int64, name string) faults.Fault {
		if name == http.MethodGet { // of the first pack
			merge.Do(func() {
				if err := b.pushText(t, c.URL, "slxs/a/slx.yaml", slx("b")); err != nil {
					t.Error(err)
				}
			})
		}
		return faults.None
	})
	defer f.close()
	slow := newBuilder(t, tn, "slow")
	slow.fetch(t, f.address, main.String())
	if got := slow.filesOf(t, main); got["slxs/a/slx.yaml"] != slx("a") {
		t.Errorf("the clone has %v", got)
	}
	after, _ := packsOf(t, tn)
	if len(after) != 1 || slices.Contains(after, before[0]) {
		t.Errorf("the packs are %v, were %v: they were not merged", after, before)
	}
}

// A crash before a merged pack is listed leaves the repository as it was. The same push again
// merges again.
func TestCrashLeavesAMergedPackThatIsNotListed(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn, b, target := onePush(t, c)
	before, _ := packsOf(t, tn)
	f := startFaulty(t, c, target, func(_ int64, name string) faults.Fault {
		if name == http.MethodPost {
			return faults.KilledIn
		}
		return faults.None
	})
	err := b.pushText(t, f.address, "slxs/a/slx.yaml", slx("b"))
	f.close()
	if err == nil {
		t.Fatal("the process did not crash")
	}
	after, _ := packsOf(t, tn)
	if diff := cmp.Diff(before, after); diff != "" || len(objects(t, tn)) != 2 {
		t.Fatalf("%d objects are stored; the listed packs before (-) and after (+):\n%s", len(objects(t, tn)), diff)
	}
	if err := b.push(t, c.URL); err != nil {
		t.Fatal(err)
	}
	b.pulled = b.head
	if after, _ := packsOf(t, tn); len(after) != 1 || slices.Contains(after, before[0]) || len(objects(t, tn)) != 2 {
		t.Errorf("the packs are %v, and the objects %v", after, objects(t, tn))
	}
	b.pull(t)
	if b.files["slxs/a/slx.yaml"] != slx("b") {
		t.Errorf("the files are %v", b.files)
	}
}
