package auditverify

import (
	"context"
	"fmt"
	"iter"
	"runtime"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/strongroom-dev/strongroom/shared/tilelog"
)

// bundle is what reading one bundle of entries found.
type bundle struct {
	first  uint64      // index of its first entry
	hashes []tlog.Hash // of its entries; nil: unknown
	leaves []leaf      // those that are well-formed
	index  []uint64    // of leaves
	faults []Fault
}

// readEntries reads all bundles and builds the tree. Bundles are read and hashed
// concurrently, and added to the tree in their order.
func (v *verification) readEntries(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for next := range v.bundles(ctx) {
		if err := v.addBundle(<-next); err != nil {
			return err
		}
		if v.report.FaultsHidden > 0 { // the copy is not of this log; more of the same says nothing new
			v.broken = true
			return nil
		}
	}
	return ctx.Err()
}

// bundles returns the bundles in their order. At most GOMAXPROCS of them are in
// memory.
func (v *verification) bundles(ctx context.Context) <-chan chan bundle {
	queue := make(chan chan bundle, runtime.GOMAXPROCS(0))
	go func() {
		defer close(queue)
		for first := uint64(0); first < v.checkpoint.Size; first += tilelog.TileWidth {
			next := make(chan bundle, 1)
			select {
			case queue <- next:
			case <-ctx.Done():
				return
			}
			go func() { next <- v.readBundle(first) }()
		}
	}()
	return queue
}

// readBundle reads the entries from first on, and compares them with their tile.
func (v *verification) readBundle(first uint64) bundle {
	b := bundle{first: first}
	r := v.current(tilelog.Resource{Index: first / tilelog.TileWidth})
	tile, fault := v.read(r.Path(), tilelog.TileWidth*tlog.HashSize)
	if fault == nil && len(tile) != r.Width*tlog.HashSize {
		fault = &Fault{Code: MalformedFile, Path: r.Path(), Detail: fmt.Sprintf("the tile has %d bytes, not %d", len(tile), r.Width*tlog.HashSize)}
	}
	if fault != nil {
		b.faults, tile = append(b.faults, *fault), nil
	}
	r.Entries = true
	entries, fault := v.readBundleFile(r)
	if fault != nil {
		b.faults = append(b.faults, *fault)
		b.hashes = hashesOf(tile) // so that one bad bundle does not hide what is wrong with the others
		return b
	}
	v.addEntries(&b, r.Path(), entries, tile)
	return b
}

func (v *verification) readBundleFile(r tilelog.Resource) ([][]byte, *Fault) {
	data, fault := v.read(r.Path(), MaxBundle)
	if fault != nil {
		return nil, fault
	}
	entries, err := tilelog.Entries(data)
	switch {
	case err != nil:
		return nil, &Fault{Code: MalformedFile, Path: r.Path(), Detail: err.Error()}
	case len(entries) != r.Width:
		return nil, &Fault{Code: MalformedFile, Path: r.Path(), Detail: fmt.Sprintf("the bundle has %d entries, not %d", len(entries), r.Width)}
	}
	return entries, nil
}

// addEntries checks each entry, alone and with its hash in the tile. If they
// differ, the tree is built from the tile, and the root shows whether the tile
// was changed too.
func (v *verification) addEntries(b *bundle, path string, entries [][]byte, tile []byte) {
	b.hashes = make([]tlog.Hash, len(entries))
	for i, data := range entries {
		index := b.first + uint64(i)
		hash := tlog.RecordHash(data)
		b.hashes[i] = hash
		if tile != nil && string(tile[i*tlog.HashSize:(i+1)*tlog.HashSize]) != string(hash[:]) {
			b.hashes[i] = tlog.Hash(tile[i*tlog.HashSize:])
			b.faults = append(b.faults, Fault{Code: ChangedEntry, Path: path, Entry: &index, Detail: "the entry does not have its hash in the tile: one of the two was changed"})
		}
		l, err := parseLeaf(data)
		switch {
		case err != nil:
			b.faults = append(b.faults, Fault{Code: MalformedEntry, Path: path, Entry: &index, Detail: err.Error()})
			continue
		case string(l.tenant) != v.tenant:
			b.faults = append(b.faults, Fault{Code: WrongTenant, Path: path, Entry: &index, Detail: "the entry is from the log of another tenant"})
		}
		l.tenant = nil // so that the bundle's memory can be reused
		b.leaves, b.index = append(b.leaves, l), append(b.index, index)
	}
}

func hashesOf(tile []byte) []tlog.Hash {
	var hashes []tlog.Hash
	for ; len(tile) >= tlog.HashSize; tile = tile[tlog.HashSize:] {
		hashes = append(hashes, tlog.Hash(tile))
	}
	return hashes
}

// addBundle adds the next bundle to the tree.
func (v *verification) addBundle(b bundle) error {
	for _, fault := range b.faults {
		v.report.add(fault)
	}
	for i, l := range b.leaves {
		if err := v.addMarks(l, b.index[i]); err != nil {
			return err
		}
	}
	v.broken = v.broken || b.hashes == nil
	if v.broken {
		return nil
	}
	for _, hash := range b.hashes {
		v.tree.AppendHash(hash)
	}
	for _, tile := range v.tree.Completed() {
		if tile.Level > 0 { // level 0 is compared with the entries
			v.compareTile(tilelog.Resource{Level: tile.Level, Index: tile.Index, Width: tilelog.TileWidth}, tile.Data)
		}
	}
	return nil
}

// addMarks records what an entry says about IDs.
func (v *verification) addMarks(l leaf, index uint64) error {
	err := v.marks.add(mark{id: l.id, kind: markEntry, index: index})
	if err == nil && l.read {
		err = v.marks.add(mark{id: l.id, kind: markRead, index: index})
	}
	if err == nil && l.ends {
		err = v.marks.add(mark{id: l.of, kind: markEnd, index: index})
	}
	if err == nil && l.final {
		err = v.marks.add(mark{id: l.run, kind: markFinal, index: index})
	}
	if err == nil && l.mints {
		err = v.marks.add(mark{id: l.run, kind: markMint, index: index})
	}
	return err
}

func (v *verification) current(r tilelog.Resource) tilelog.Resource {
	return Current(r, v.checkpoint.Size)
}

// Current returns a tile or bundle with the width that it has in a log of a size.
func Current(r tilelog.Resource, size uint64) tilelog.Resource {
	if full := r.Full(); full.Exists(size) {
		return full
	}
	for range r.Level {
		size /= tilelog.TileWidth
	}
	r.Width = int(size % tilelog.TileWidth)
	return r
}

// Resources iterates over the tiles and bundles of a log of a size.
func Resources(size uint64) iter.Seq[tilelog.Resource] {
	return func(yield func(tilelog.Resource) bool) {
		for level, count := uint64(0), size; count > 0; level, count = level+1, count/tilelog.TileWidth {
			for index := uint64(0); index*tilelog.TileWidth < count; index++ {
				r := Current(tilelog.Resource{Level: level, Index: index}, size)
				bundle := r
				bundle.Entries = true
				if !yield(r) || level == 0 && !yield(bundle) {
					return
				}
			}
		}
	}
}
