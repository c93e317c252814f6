package tilelog_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/strongroom-dev/strongroom/shared/tilelog"
)

// grown is a tree with all that it handed out while it grew.
type grown struct {
	tree    *tilelog.Tree
	tiles   map[string][]byte
	entries [][]byte
}

func grow(t *testing.T, size int) grown {
	t.Helper()
	g := grown{tree: &tilelog.Tree{}, tiles: map[string][]byte{}}
	for i := range size {
		g.append(t, fmt.Appendf(nil, "entry %d", i))
	}
	return g
}

func (g *grown) append(t *testing.T, entry []byte) {
	t.Helper()
	if err := g.tree.Append(entry); err != nil {
		t.Fatal(err)
	}
	g.entries = append(g.entries, entry)
	for _, tile := range g.tree.Completed() {
		g.tiles[tilelog.Resource{Level: tile.Level, Index: tile.Index, Width: tilelog.TileWidth}.Path()] = tile.Data
	}
}

// fetch returns full tiles, or the edge.
func (g *grown) fetch(r tilelog.Resource) ([]byte, error) {
	if data, ok := g.tiles[r.Full().Path()]; ok {
		return data, nil
	}
	if r.Level < uint64(len(g.tree.Edge())) {
		return g.tree.Edge()[r.Level], nil
	}
	return nil, fmt.Errorf("no tile %s", r.Path())
}

// reference computes what x/mod's tlog says about the same entries, by storing
// every hash.
func reference(t *testing.T, entries [][]byte) tlog.Hash {
	t.Helper()
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			hashes[i] = stored[index]
		}
		return hashes, nil
	})
	for i, entry := range entries {
		hashes, err := tlog.StoredHashes(int64(i), entry, reader)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, hashes...)
	}
	root, err := tlog.TreeHash(int64(len(entries)), reader)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func TestRootIsThatOfAnIndependentImplementation(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 2, 3, 255, 256, 257, 511, 512, 513, 65535, 65536, 65537, 70_000} {
		g := grow(t, size)
		if got, want := g.tree.Root(), reference(t, g.entries); size > 0 && got != want {
			t.Errorf("size %d: root %s, want %s", size, got, want)
		}
	}
	if got := (&tilelog.Tree{}).Root().String(); got != "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" {
		t.Errorf("the empty tree has the root %s", got)
	}
}

func TestProofsFromTilesVerify(t *testing.T) {
	t.Parallel()
	g := grow(t, 66_000)
	tree := tlog.Tree{N: int64(g.tree.Size()), Hash: g.tree.Root()}
	hashes := tilelog.Hashes(tree, g.fetch)
	for range 20 {
		index := rand.Int64N(tree.N)
		proof, err := tlog.ProveRecord(tree.N, index, hashes)
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(g.entries[index])); err != nil {
			t.Errorf("entry %d: %v", index, err)
		}
		older := 1 + rand.Int64N(tree.N-1)
		consistency, err := tlog.ProveTree(tree.N, older, hashes)
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.CheckTree(consistency, tree.N, tree.Hash, older, grow(t, int(older)).tree.Root()); err != nil {
			t.Errorf("from %d: %v", older, err)
		}
	}
}

func TestAFlippedBitOfATileIsNoticed(t *testing.T) {
	t.Parallel()
	g := grow(t, 600)
	tree := tlog.Tree{N: 600, Hash: g.tree.Root()}
	first := tilelog.Resource{Width: tilelog.TileWidth}.Path()
	g.tiles[first] = append([]byte(nil), g.tiles[first]...)
	g.tiles[first][17] ^= 1
	if _, err := tlog.ProveRecord(600, 3, tilelog.Hashes(tree, g.fetch)); err == nil {
		t.Error("a changed tile made a proof")
	}
}

func TestARestoredTreeGrowsAsTheOriginal(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 255, 256, 300, 65_536, 65_800} {
		g := grow(t, size)
		restored, err := tilelog.Restore(g.tree.Size(), g.tree.Edge())
		if err != nil {
			t.Fatalf("size %d: %v", size, err)
		}
		want := grow(t, size+300)
		for _, entry := range want.entries[size:] {
			if err := restored.Append(entry); err != nil {
				t.Fatal(err)
			}
		}
		for _, tile := range restored.Completed() {
			g.tiles[tilelog.Resource{Level: tile.Level, Index: tile.Index, Width: tilelog.TileWidth}.Path()] = tile.Data
		}
		if restored.Root() != want.tree.Root() {
			t.Errorf("size %d: it grew into another tree", size)
		}
		if diff := cmp.Diff(want.tiles, g.tiles); diff != "" {
			t.Errorf("size %d: tiles: %s", size, diff)
		}
	}
}

func TestAnEdgeOfAnotherSizeIsRefused(t *testing.T) {
	t.Parallel()
	edge := grow(t, 300).tree.Edge()
	for name, size := range map[string]uint64{"one more": 301, "one fewer": 299, "empty": 0, "another level": 70_000} {
		if _, err := tilelog.Restore(size, edge); !errors.Is(err, tilelog.ErrEdge) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnEntryOverTheLimitIsRefused(t *testing.T) {
	t.Parallel()
	tree := &tilelog.Tree{}
	if err := tree.Append(make([]byte, tilelog.MaxEntrySize)); err != nil {
		t.Error(err)
	}
	if err := tree.Append(make([]byte, tilelog.MaxEntrySize+1)); err == nil || tree.Size() != 1 {
		t.Errorf("size %d, %v", tree.Size(), err)
	}
	if _, err := tilelog.AppendEntry(nil, make([]byte, tilelog.MaxEntrySize+1)); err == nil {
		t.Error("a bundle took it")
	}
}

func TestABundleIsCutWhereAnOlderTreeEnded(t *testing.T) {
	t.Parallel()
	var bundle, want []byte
	for i := range 5 {
		var err error
		if bundle, err = tilelog.AppendEntry(bundle, fmt.Appendf(nil, "e%d", i)); err != nil {
			t.Fatal(err)
		}
		if i == 2 {
			want = append([]byte(nil), bundle...)
		}
	}
	got, err := tilelog.CutBundle(bundle, 3)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v: %s", err, diff)
	}
	if _, err := tilelog.CutBundle(bundle, 6); err == nil {
		t.Error("more entries were cut than there are")
	}
}

func TestPathsOfTheStandardAreRead(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]tilelog.Resource{
		"tile/0/x001/x234/067":       {Index: 1_234_067, Width: 256},
		"tile/3/000.p/8":             {Level: 3, Width: 8},
		"tile/63/000":                {Level: 63, Width: 256},
		"tile/entries/x001/x234/067": {Entries: true, Index: 1_234_067, Width: 256},
		"tile/entries/255.p/255":     {Entries: true, Index: 255, Width: 255},
	} {
		got, err := tilelog.ParsePath(path)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", path, err, diff)
		}
	}
}

func TestPathsThatAreNotOfTheStandardAreRefused(t *testing.T) {
	t.Parallel()
	for _, path := range []string{
		"", "tile", "tile/", "tile/0", "tile/0/", "tile/64/000", "tile/00/000", "tile/-1/000", "tile/0/0", "tile/0/0000", "tile/0/x000/001",
		"tile/0/001/002", "tile/0/x001", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/08", "tile/0/000.p/", "tile/0/000.p", "tile/0/000.p/1/2",
		"tile/entries", "tile/entries/0", "tile/entries/000.p/x", "/tile/0/000", "tile//000", "tile/0/../0/000", "checkpoint", "tile/0/%30%30%30",
		"tile/0/x999/x999/x999/x999/x999/x999/x999/999",
	} {
		if r, err := tilelog.ParsePath(path); !errors.Is(err, tilelog.ErrPath) {
			t.Errorf("%q is read as %+v, %v", path, r, err)
		}
	}
}

func TestResourcesExistWithinTheTreeOnly(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		r    tilelog.Resource
		size uint64
		want bool
	}{
		"a full tile of a tree that has just filled it": {tilelog.Resource{Width: 256}, 256, true},
		"a full tile of a tree with one entry fewer":    {tilelog.Resource{Width: 256}, 255, false},
		"a partial tile of exactly the tree's width":    {tilelog.Resource{Index: 1, Width: 44}, 300, true},
		"a wider one than the tree has":                 {tilelog.Resource{Index: 1, Width: 45}, 300, false},
		"the beginning of a full tile":                  {tilelog.Resource{Width: 7}, 300, true},
		"a tile beyond the tree":                        {tilelog.Resource{Index: 2, Width: 1}, 300, false},
		"the first hash of level 1":                     {tilelog.Resource{Level: 1, Width: 1}, 256, true},
		"level 1 before its first hash":                 {tilelog.Resource{Level: 1, Width: 1}, 255, false},
		"anything of the empty tree":                    {tilelog.Resource{Width: 1}, 0, false},
		"a level that no tree has":                      {tilelog.Resource{Level: 63, Width: 1}, 1 << 62, false},
	} {
		if got := c.r.Exists(c.size); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func FuzzParsePath(f *testing.F) {
	for _, seed := range []string{"tile/0/x001/x234/067", "tile/entries/000.p/8", "tile/0/000.p/0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		r, err := tilelog.ParsePath(path)
		if err == nil && r.Path() != path {
			t.Errorf("%q is read as %q", path, r.Path())
		}
	})
}

func FuzzEntries(f *testing.F) {
	f.Add([]byte{0, 1, 'a', 0, 0})
	f.Add(binary.BigEndian.AppendUint16(nil, 9))
	f.Fuzz(func(t *testing.T, bundle []byte) {
		entries, err := tilelog.Entries(bundle)
		if err != nil {
			return
		}
		var again []byte
		for _, entry := range entries {
			if again, err = tilelog.AppendEntry(again, entry); err != nil {
				t.Fatal(err)
			}
		}
		if string(again) != string(bundle) {
			t.Errorf("%x is read as %x", bundle, again)
		}
	})
}

func TestACopyOfEntriesIsTheCutBundle(t *testing.T) {
	t.Parallel()
	var bundle []byte
	var err error
	for i := range 5 {
		if bundle, err = tilelog.AppendEntry(bundle, bytes.Repeat([]byte{byte(i)}, 10_000*i)); err != nil {
			t.Fatal(err)
		}
	}
	for count := range 6 {
		want, err := tilelog.CutBundle(bundle, count)
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if err := tilelog.CopyEntries(&got, bytes.NewReader(bundle), count); err != nil || !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%d entries: %d bytes, want %d: %v", count, got.Len(), len(want), err)
		}
	}
	for name, c := range map[string]struct {
		bundle []byte
		count  int
	}{
		"more entries than there are":   {bundle, 6},
		"an entry that is cut":          {bundle[:len(bundle)-1], 5},
		"a length that is cut":          {bundle[:1], 1},
		"an entry without its contents": {[]byte{0, 1}, 1},
	} {
		if err := tilelog.CopyEntries(io.Discard, bytes.NewReader(c.bundle), c.count); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
