package exportworker_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/go-git/go-git/v6/plumbing"
	"github.com/go-git/go-git/v6/plumbing/filemode"
	"github.com/go-git/go-git/v6/plumbing/format/packfile"
	"github.com/go-git/go-git/v6/plumbing/object"
	"github.com/go-git/go-git/v6/storage/memory"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/configtree"
	"github.com/strongroom-dev/strongroom/shared/gitbundle"
	"github.com/strongroom-dev/strongroom/shared/manifest"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// checkBundles makes Verify look into bundles, as the command line does.
var checkBundles = manifest.WithBundles(func(r io.Reader, of manifest.Bundle) error { return gitbundle.Check(r, of.Commit, of.Digest) })

// gitHistory returns two packs: the first commit of a configuration, and a second one whose
// only file has a number.
func gitHistory(t testing.TB, number int) (packs [2][]byte, of gitbundle.Content) {
	t.Helper()
	st, before := memory.NewStorage(), map[plumbing.Hash]bool{}
	var main plumbing.Hash
	for i, text := range []string{"first\n", fmt.Sprintf("number %d\n", number)} {
		main = addCommit(t, st, text, main)
		after := map[plumbing.Hash]bool{}
		for hash := range st.Objects {
			if !before[hash] {
				after[hash] = true
			}
		}
		maps.Copy(before, after)
		var out bytes.Buffer
		hashes := slices.SortedFunc(maps.Keys(after), func(a, b plumbing.Hash) int { return a.Compare(b.Bytes()) })
		if _, err := packfile.NewEncoder(&out, st, false).Encode(hashes, 0); err != nil {
			t.Fatal(err)
		}
		packs[i] = out.Bytes()
		of = gitbundle.Content{Commit: main.String(), Commits: int64(i + 1), Files: 1}
		of.Digest = configtree.DigestOf([]configtree.FileSum{configtree.SumOf(configtree.File{Path: "README.md", Data: []byte(text)})})
	}
	return packs, of
}

// addCommit adds a commit with one file.
func addCommit(t testing.TB, st *memory.Storage, text string, parent plumbing.Hash) plumbing.Hash {
	t.Helper()
	put := func(kind plumbing.ObjectType, encode func(plumbing.EncodedObject) error) plumbing.Hash {
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
	blob := put(plumbing.BlobObject, func(o plumbing.EncodedObject) error {
		w, err := o.Writer()
		if err == nil {
			_, err = w.Write([]byte(text))
		}
		return err
	})
	tree := &object.Tree{Entries: []object.TreeEntry{{Name: "README.md", Mode: filemode.Regular, Hash: blob}}}
	by := object.Signature{Name: "Ann", Email: "ann@example.com", When: time.Unix(1_800_000_000, 0).UTC()}
	c := &object.Commit{TreeHash: put(plumbing.TreeObject, tree.Encode), Message: "change\n", Author: by, Committer: by}
	if !parent.IsZero() {
		c.ParentHashes = []plumbing.Hash{parent}
	}
	return put(plumbing.CommitObject, c.Encode)
}

// configuration returns the document of a configuration with a number, and stores its packs.
func (h *history) configuration(t *testing.T, w tenant.WorkspaceID, number int) map[string]any {
	t.Helper()
	data, of := gitHistory(t, number)
	var packs []map[string]any
	for _, p := range data {
		sum := cloudtest.SHA256(p)
		at := h.storage.Bucket(h.ConfigsBucket).Object(records.ConfigPack(w, sum))
		if err := bucket.Create(t.Context(), at, "application/x-git-packed-objects", p); err != nil {
			t.Fatal(err)
		}
		packs = append(packs, map[string]any{"sha256": sum, "size": len(p)})
	}
	return map[string]any{"commit": of.Commit, "digest": of.Digest.String(), "packs": packs, "updated": time.Unix(int64(number), 0)}
}
