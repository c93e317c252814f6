// Package tilelog builds and reads a Merkle tree that is stored as tiles in the
// C2SP format tlog-tiles (c2sp.org/tlog-tiles). Hashes follow RFC 6962.
//
// A tile has 256 hashes. A tile of level 0 holds the hashes of 256 entries, and
// an entry bundle holds the entries themselves. A tile of level L+1 holds the
// roots of 256 tiles of level L. For a tree of 70,000 entries:
//
//	level 0: 273 full tiles, and one partial tile of 112 hashes
//	level 1: 1 full tile, and one partial tile of 17 hashes
//	level 2: one partial tile of 1 hash
//
// The full tiles never change. The partial tiles are the tree's right edge:
// they are all that is needed to append to the tree and to compute its root.
// The package reads and writes no storage; it hands out bytes and takes bytes.
package tilelog

import (
	"errors"
	"fmt"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/tlog"
)

// Sizes of c2sp.org/tlog-tiles.
const (
	TileWidth    = 256       // hashes of a full tile, and entries of a full bundle
	MaxEntrySize = 1<<16 - 1 // bytes of an entry
	hashSize     = tlog.HashSize
	tileHeight   = 8 // levels of the Merkle tree that a tile spans; 1<<tileHeight == TileWidth
)

// ErrEdge is the error of an edge that does not belong to a tree of its size.
var ErrEdge = errors.New("the partial tiles do not belong to a tree of this size")

var ranges = &compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}

// Tile is a full tile.
type Tile struct {
	Level uint64
	Index uint64
	Data  []byte // TileWidth hashes
}

// Tree is a tree that can grow. The zero Tree is empty. It is not safe for
// concurrent use.
type Tree struct {
	size uint64
	edge [][]byte // by level: the hashes of its partial tile
	full []Tile   // completed since the last Completed
}

// Restore returns the tree of a size from its right edge: the partial tiles by
// level, as Edge returned them. It returns ErrEdge if they do not fit the size.
func Restore(size uint64, edge [][]byte) (*Tree, error) {
	t := &Tree{size: size}
	for level, count := 0, size; count > 0 || level < len(edge); level, count = level+1, count/TileWidth {
		if level >= len(edge) || len(edge[level]) != int(count%TileWidth)*hashSize {
			return nil, ErrEdge
		}
		t.edge = append(t.edge, append([]byte(nil), edge[level]...))
	}
	return t, nil
}

// Size returns the number of entries.
func (t *Tree) Size() uint64 { return t.size }

// Edge returns the partial tiles by level. A level whose tiles are all full has
// an empty one. The caller must not change them.
func (t *Tree) Edge() [][]byte { return t.edge }

// Append appends an entry to the tree.
func (t *Tree) Append(entry []byte) error {
	if len(entry) > MaxEntrySize {
		return fmt.Errorf("append entry %d: it has %d bytes, more than %d", t.size, len(entry), MaxEntrySize)
	}
	t.AppendHash(tlog.RecordHash(entry))
	return nil
}

// AppendHash appends an entry by its hash, which tlog.RecordHash computes.
func (t *Tree) AppendHash(hash tlog.Hash) {
	t.push(0, hash[:])
	t.size++
}

// push adds a hash to the partial tile of a level, and the tile's root to the
// level above once it is full.
func (t *Tree) push(level int, hash []byte) {
	if level == len(t.edge) {
		t.edge = append(t.edge, nil)
	}
	t.edge[level] = append(t.edge[level], hash...)
	if len(t.edge[level]) < TileWidth*hashSize {
		return
	}
	data := t.edge[level]
	t.edge[level] = nil
	index := (t.size + 1) >> (tileHeight * (level + 1))
	t.full = append(t.full, Tile{uint64(level), index - 1, data})
	root := tileRoot(data)
	t.push(level+1, root[:])
}

// tileRoot returns the root of a full tile, whose hashes are the leaves of a perfect
// tree.
func tileRoot(data []byte) tlog.Hash {
	var row [TileWidth]tlog.Hash
	for i := range row {
		row[i] = tlog.Hash(data[i*hashSize:])
	}
	for width := TileWidth / 2; width > 0; width /= 2 {
		for i := range width {
			row[i] = tlog.NodeHash(row[2*i], row[2*i+1])
		}
	}
	return row[0]
}

// rowRange returns the compact range of a row of hashes, of which the first has
// the index begin.
func rowRange(begin uint64, row []byte) *compact.Range {
	r := ranges.NewEmptyRange(begin)
	for ; len(row) > 0; row = row[hashSize:] {
		// Append fails for a range that does not end where the hash begins;
		// this one always does.
		_ = r.Append(row[:hashSize], nil)
	}
	return r
}

// Completed returns the tiles that became full since the last call.
func (t *Tree) Completed() []Tile {
	full := t.full
	t.full = nil
	return full
}

// Root returns the tree's root hash. The root of the empty tree is the SHA-256
// of nothing (RFC 6962, section 2.1).
func (t *Tree) Root() tlog.Hash {
	if t.size == 0 {
		return tlog.Hash(rfc6962.DefaultHasher.EmptyRoot())
	}
	var subtrees [][]byte // roots of perfect subtrees, from the highest level down
	for level := len(t.edge) - 1; level >= 0; level-- {
		subtrees = append(subtrees, rowRange(0, t.edge[level]).Hashes()...)
	}
	root := subtrees[len(subtrees)-1]
	for i := len(subtrees) - 2; i >= 0; i-- {
		root = rfc6962.DefaultHasher.HashChildren(subtrees[i], root)
	}
	return tlog.Hash(root)
}
