package auditverify_test

import (
	"bytes"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/strongroom-dev/strongroom/emulator/logtest"
	"github.com/strongroom-dev/strongroom/shared/auditverify"
	"github.com/strongroom-dev/strongroom/shared/tilelog"
)

// published is a log of which an auditor holds a copy, a policy and receipts.
type published struct {
	log      *logtest.Log
	size     int
	files    fstest.MapFS
	receipts string
	auditor  auditverify.Options
}

// publish makes a log whose first entries a witness has signed.
func publish(t testing.TB, size, cosigned int) published {
	t.Helper()
	l := withQuorum(logtest.New(t, size))
	p := published{log: l, size: size, files: l.Copy(t, size)}
	p.auditor = auditverify.Options{Policy: policyOf(t, l.Policy())}.WithNoteCache()
	p.files["cosigned-checkpoint"] = &fstest.MapFile{Data: l.Checkpoint(t, cosigned, l.Witness), Mode: 0o600}
	for i := range size {
		p.receipts += logtest.ID(i) + "\n"
	}
	return p
}

// verify verifies files as the auditor does.
func (p published) verify(t testing.TB, files fstest.MapFS) *auditverify.Report {
	t.Helper()
	return verify(t, files, p.auditor)
}

// TestLaw10RecordCannotBeRewritten changes copies of a log in every way, without
// the log's key.
func TestLaw10RecordCannotBeRewritten(t *testing.T) {
	t.Parallel()
	t.Run("every bit of a log of 16 KiB is flipped", testEveryBit)
	t.Run("every file is removed, truncated, extended, swapped and added", testEveryFile)
	t.Run("every entry is removed, repeated, moved and changed, and all tiles are recomputed", testEveryEntry)
	t.Run("the newest entries are removed, and an older checkpoint is shown", testEveryTruncation)
}

func testEveryBit(t *testing.T) {
	t.Parallel()
	p := publish(t, 46, 46)
	// The platform serves the same bytes twice once a witness has signed the newest
	// checkpoint. They are verified once.
	p.files["checkpoint"].Data = bytes.Clone(p.files["cosigned-checkpoint"].Data)
	total := 0
	for _, file := range p.files {
		total += len(file.Data)
	}
	if r := p.verify(t, p.files); !r.OK() || total < 16<<10 {
		t.Fatalf("%d bytes: %v", total, r.Faults)
	}
	type flip struct {
		path string
		bit  int
	}
	flips := make(chan flip)
	var unnoticed, count atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			files := cloneFiles(p.files)
			for f := range flips {
				data := files[f.path].Data
				data[f.bit/8] ^= 1 << (f.bit % 8)
				if r := p.verify(t, files); r.OK() && unnoticed.Add(1) < 10 {
					t.Errorf("bit %d of byte %d of %s is not noticed", f.bit%8, f.bit/8, f.path)
				}
				data[f.bit/8] ^= 1 << (f.bit % 8)
				count.Add(1)
			}
		})
	}
	for _, path := range slices.Sorted(maps.Keys(p.files)) {
		for bit := 0; bit < 8*len(p.files[path].Data); bit += flipStep {
			flips <- flip{path, bit}
		}
	}
	close(flips)
	workers.Wait()
	t.Logf("%d bits of %d bytes were flipped, %d not noticed", count.Load(), total, unnoticed.Load())
}

func cloneFiles(files fstest.MapFS) fstest.MapFS {
	clone := fstest.MapFS{}
	for path, file := range files {
		clone[path] = &fstest.MapFile{Data: bytes.Clone(file.Data), Mode: file.Mode}
	}
	return clone
}

func testEveryFile(t *testing.T) {
	t.Parallel()
	p := publish(t, 700, 690)
	notice := func(what string, change func(fstest.MapFS)) {
		files := cloneFiles(p.files)
		change(files)
		if p.verify(t, files).OK() {
			t.Errorf("not noticed: %s", what)
		}
	}
	for path, file := range p.files {
		notice(path+" is removed", func(f fstest.MapFS) { delete(f, path) })
		notice(path+" is empty", func(f fstest.MapFS) { f[path].Data = nil })
		notice(path+" lacks its last byte", func(f fstest.MapFS) { f[path].Data = file.Data[:len(file.Data)-1] })
		notice(path+" has a byte more", func(f fstest.MapFS) { f[path].Data = append(f[path].Data, 0) })
		notice(path+" is added under another name", func(f fstest.MapFS) { f[path+"0"] = file })
		for other := range p.files {
			if !bytes.Equal(p.files[other].Data, file.Data) {
				notice(path+" and "+other+" are swapped", func(f fstest.MapFS) { f[path], f[other] = f[other], f[path] })
			}
		}
	}
}

// testEveryEntry acts as somebody who holds the database and the bucket, but not
// the signing key: all tiles are consistent with the changed entries.
func testEveryEntry(t *testing.T) {
	t.Parallel()
	p := publish(t, 300, 300)
	notice := func(what string, index int, entries [][]byte) {
		fork := p.log.Fork(p.size)
		fork.Entries = entries
		files := cloneFiles(p.files)
		for path := range p.files {
			if strings.HasPrefix(path, "tile/") {
				delete(files, path)
			}
		}
		recompute(t, files, fork, len(entries))
		if p.verify(t, files).OK() {
			t.Errorf("entry %d %s: not noticed", index, what)
		}
	}
	all := p.log.Entries
	for i := range p.size {
		next := (i + 1) % p.size
		notice("is removed", i, slices.Delete(slices.Clone(all), i, i+1))
		notice("is repeated", i, slices.Insert(slices.Clone(all), i, all[i]))
		swapped := slices.Clone(all)
		swapped[i], swapped[next] = swapped[next], swapped[i]
		notice("is swapped with the next one", i, swapped)
		replaced := slices.Clone(all)
		replaced[i] = logtest.Entry(p.size + i)
		notice("is replaced by another one", i, replaced)
	}
}

// testEveryTruncation shows genuine older states of the log.
func testEveryTruncation(t *testing.T) {
	t.Parallel()
	p := publish(t, 300, 300)
	for size := range p.size {
		files := p.log.Copy(t, size)
		if r := verify(t, files, auditverify.Options{Receipts: strings.NewReader(p.receipts)}); r.OK() {
			t.Errorf("%d entries: receipts do not show it", size)
		}
		if r := verify(t, files, auditverify.Options{Since: p.files["checkpoint"].Data}); r.OK() {
			t.Errorf("%d entries: an older checkpoint does not show it", size)
		}
		files["cosigned-checkpoint"] = p.files["cosigned-checkpoint"]
		if r := p.verify(t, files); r.OK() {
			t.Errorf("%d entries: a witness's signature does not show it", size)
		}
	}
}

// TestBitsOfEveryKindOfTileAreNoticed flips bits of a log
// that has every kind of tile.
func TestBitsOfEveryKindOfTileAreNoticed(t *testing.T) {
	t.Parallel()
	p := publish(t, 66_000, 66_000)
	for i, r := range []tilelog.Resource{
		{Width: 256}, {Index: 257, Width: 208}, {Level: 1, Width: 256}, {Level: 1, Index: 1, Width: 1}, {Level: 2, Width: 1},
		{Entries: true, Index: 255, Width: 256}, {Entries: true, Index: 257, Width: 208},
	} {
		if flipStep > 1 && i > 1 {
			break // with the race detector, two of them are enough
		}
		data := p.files[r.Path()].Data
		data[len(data)/2] ^= 1
		if p.verify(t, p.files).OK() {
			t.Errorf("a flipped bit of %s is not noticed", r.Path())
		}
		data[len(data)/2] ^= 1
	}
}
