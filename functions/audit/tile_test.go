package audit_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/tilelog"
)

// leaves returns all entries of the published tree.
func (f fixture) leaves(t *testing.T) [][]byte {
	t.Helper()
	tree, err := auditlog.ReadTree(t.Context(), f.db, f.ID)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := f.reader.ReadEntries(t.Context(), f.db, f.ID, 0, tree.Size)
	if err != nil {
		t.Fatal(err)
	}
	leaves := make([][]byte, len(entries))
	for i, e := range entries {
		leaves[i] = e.Leaf
	}
	return leaves
}

// wantTile checks a tile of level 0 and the bundle of the same entries.
func (f fixture) wantTile(t *testing.T, leaves [][]byte, index, width int) {
	t.Helper()
	var hashes, bundle []byte
	var err error
	for _, leaf := range leaves[index*tilelog.TileWidth:][:width] {
		hash := tlog.RecordHash(leaf)
		hashes = append(hashes, hash[:]...)
		if bundle, err = tilelog.AppendEntry(bundle, leaf); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		entries bool
		want    []byte
	}{{false, hashes}, {true, bundle}} {
		path := tilelog.Resource{Entries: c.entries, Index: uint64(index), Width: width}.Path()
		r := f.get(t, path).Want(t, http.StatusOK)
		if diff := cmp.Diff(c.want, r.Body); diff != "" {
			t.Errorf("%s of %d entries: %s", path, len(leaves), diff)
		}
		wantImmutable(t, path, r)
	}
}

func wantImmutable(t *testing.T, path string, r cloudtest.Response) {
	t.Helper()
	want := http.Header{"Content-Type": {"application/octet-stream"}, "Cache-Control": {"private, max-age=31536000, immutable"}, "Vary": {"Authorization"}}
	for name := range want {
		if diff := cmp.Diff(want[name], r.Header[name]); diff != "" {
			t.Errorf("%s of %s: %s", name, path, diff)
		}
	}
}

// The tiles of every smaller tree are served from the present one: cut from full
// tiles in the bucket, from the partial tiles of the tree, and from the database.
func TestATileIsServedInEveryWidthThatItHad(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, more := range []int{3, 252, 1, 256, 30} {
		f.append(t, more)
		f.integrate(t)
		leaves := f.leaves(t)
		for index := 0; index*tilelog.TileWidth < len(leaves); index++ {
			most := min(tilelog.TileWidth, len(leaves)-index*tilelog.TileWidth)
			for _, width := range []int{1, 2, most - 1, most} {
				if width >= 1 && width <= most {
					f.wantTile(t, leaves, index, width)
				}
			}
		}
	}
	leaves := f.leaves(t)
	tree := &tilelog.Tree{}
	for _, leaf := range leaves {
		if err := tree.Append(leaf); err != nil {
			t.Fatal(err)
		}
	}
	for width := 1; width <= len(leaves)/tilelog.TileWidth; width++ {
		path := tilelog.Resource{Level: 1, Width: width}.Path()
		if diff := cmp.Diff(tree.Edge()[1][:width*tlog.HashSize], f.get(t, path).Want(t, http.StatusOK).Body); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
}

func TestPathsThatAreNoTileAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.append(t, 258)
	f.integrate(t)
	const malformed, missing = http.StatusBadRequest, http.StatusNotFound
	for name, c := range map[string]struct {
		path string
		want int
	}{
		"the width 0":                            {"0/000.p/0", malformed},
		"the width 256":                          {"0/001.p/256", malformed},
		"a width with a leading zero":            {"0/001.p/01", malformed},
		"a width that is no number":              {"0/001.p/x", malformed},
		"a negative width":                       {"0/001.p/-1", malformed},
		"no width after .p":                      {"0/001.p", malformed},
		"an index of one digit":                  {"0/0", malformed},
		"an index of four digits":                {"0/0000", malformed},
		"an index with a leading element of 0":   {"0/x000/001", malformed},
		"an index whose last element has an x":   {"0/x001", malformed},
		"an index whose first element has no x":  {"0/001/000", malformed},
		"an index beyond 64 bits":                {"0/x999/x999/x999/x999/x999/x999/x999/999", malformed},
		"a negative index":                       {"0/-01", malformed},
		"no index":                               {"0", malformed},
		"level 64":                               {"64/000.p/1", malformed},
		"a level with a leading zero":            {"00/000.p/1", malformed},
		"a level that is no number":              {"data/000", malformed},
		"more after the width":                   {"0/001.p/1/1", malformed},
		"level 63, which no tree has":            {"63/000.p/1", missing},
		"a level that is still empty":            {"2/000.p/1", missing},
		"a tile beyond the tree":                 {"0/002.p/1", missing},
		"a full tile that is partial":            {"0/001", missing},
		"a width that the tree does not have":    {"0/001.p/200", missing},
		"a bundle beyond the tree":               {"entries/002", missing},
		"a bundle wider than the tree":           {"entries/001.p/200", missing},
		"a full tile of level 1 that is partial": {"1/000", missing},
	} {
		r := f.get(t, "tile/"+c.path).Want(t, c.want)
		if r.Header.Get("Content-Type") != "application/problem+json" || r.Header.Get(access.ReceiptHeader) != "" {
			t.Errorf("%s: %v", name, r.Header)
		}
	}
}
