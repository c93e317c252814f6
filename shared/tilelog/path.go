package tilelog

import (
	"errors"
	"fmt"
	"strings"

	"github.com/transparency-dev/tessera/api/layout"
)

// ErrPath is the error of a path that names no tile and no bundle.
var ErrPath = errors.New("not a path of c2sp.org/tlog-tiles, such as tile/0/x001/067.p/8 or tile/entries/x001/067")

// Resource is a tile or a bundle of a log.
type Resource struct {
	Entries bool   // a bundle; Level is 0
	Level   uint64 // of a tile, 0 to 63
	Index   uint64
	Width   int // hashes or entries, 1 to TileWidth
}

// Path returns the resource's path below the log's prefix.
func (r Resource) Path() string {
	width := uint8(r.Width % TileWidth) // layout: 0 is full
	if r.Entries {
		return layout.EntriesPath(r.Index, width)
	}
	return layout.TilePath(r.Level, r.Index, width)
}

// Full returns the full resource that this one is the beginning of.
func (r Resource) Full() Resource {
	r.Width = TileWidth
	return r
}

// Exists reports whether a tree of a size has the resource. The entries of a
// level L tile's hashes are 256^L each.
func (r Resource) Exists(size uint64) bool {
	for range r.Level {
		size /= TileWidth
	}
	return size >= uint64(r.Width) && r.Index <= (size-uint64(r.Width))/TileWidth
}

// ParsePath reads a path below the log's prefix. Only the one way in which Path
// writes it is accepted.
func ParsePath(path string) (Resource, error) {
	rest, ok := strings.CutPrefix(path, "tile/")
	if !ok {
		return Resource{}, ErrPath
	}
	level, index, ok := strings.Cut(rest, "/")
	if !ok {
		return Resource{}, ErrPath
	}
	r := Resource{Entries: level == "entries", Width: TileWidth}
	parsedLevel := "0"
	if !r.Entries {
		parsedLevel = level
	}
	l, i, partial, err := layout.ParseTileLevelIndexPartial(parsedLevel, index)
	if err != nil {
		return Resource{}, fmt.Errorf("%w: %w", ErrPath, err)
	}
	r.Level, r.Index = l, i
	if partial > 0 {
		r.Width = int(partial)
	}
	if r.Level > 63 || r.Path() != path {
		return Resource{}, ErrPath
	}
	return r, nil
}
