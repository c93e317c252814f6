package tilelog

import (
	"golang.org/x/mod/sumdb/tlog"
)

// Fetch returns the bytes of a tile: at least its Width hashes.
type Fetch func(Resource) ([]byte, error)

// Hashes returns a reader of the hashes of a tree. The reader checks every tile
// that it fetches against the tree's root, so what it returns can be trusted as
// far as the root can. Use it with tlog.ProveRecord and tlog.ProveTree.
func Hashes(tree tlog.Tree, fetch Fetch) tlog.HashReader {
	return tlog.TileHashReader(tree, tileReader{fetch})
}

// tileReader is a tlog.TileReader of tiles in memory or in a bucket.
type tileReader struct{ fetch Fetch }

func (tileReader) Height() int { return tileHeight }

func (r tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, t := range tiles {
		got, err := r.fetch(Resource{Level: uint64(t.L), Index: uint64(t.N), Width: t.W})
		if err != nil {
			return nil, err
		}
		data[i] = got[:min(len(got), t.W*hashSize)]
	}
	return data, nil
}

// SaveTiles does nothing: whoever fetches decides what is cached.
func (tileReader) SaveTiles([]tlog.Tile, [][]byte) {}
