package exportworker_test

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/manifest"
)

// pulled is an export on a disk.
type pulled struct {
	files fstest.MapFS
	keys  manifest.Keys
}

func (p pulled) problems(t *testing.T) []manifest.Problem {
	t.Helper()
	report, err := manifest.Verify(p.files, p.keys, checkBundles)
	if err != nil {
		t.Fatal(err)
	}
	return report.Problems
}

// detected reports an error unless a change of a file is detected. undo restores the
// file.
func (p pulled) detected(t *testing.T, what, name string, change, undo func()) {
	t.Helper()
	change()
	if len(p.problems(t)) == 0 {
		t.Errorf("%s: %s, and nothing shows it", name, what)
	}
	undo()
}

// pull exports a few rows through the API, and pulls them.
func pull(t *testing.T, kind export.Kind) pulled {
	t.Helper()
	h := newSmallHistory(t, newWorld(t, smallLimits))
	h.exportAgain(t, kind, nil)
	exports, err := h.home.Exports().Documents(t.Context()).GetAll()
	if err != nil || len(exports) != 1 {
		t.Fatalf("%d exports: %v", len(exports), err)
	}
	return pulled{h.PullExport(t, exports[0].Ref.ID), h.verifiers}
}

// Law 11: every changed bit of the files that authenticate the others and of a file
// with rows, a changed bit of each byte of the other files, and every missing, added,
// exchanged and shortened file of a pulled export is detected offline.
func TestLaw11ExportIsWholeOrItShows(t *testing.T) {
	t.Parallel()
	wantChangesShown(t, pull(t, export.Inventory), allBits)
}

// Law 11: the same of an export of configurations, with one changed bit of each byte. The
// bundles are under the names that pull writes, and under their own.
func TestLaw11ExportOfConfigurationsIsWholeOrItShows(t *testing.T) {
	t.Parallel()
	own := pull(t, export.Configuration)
	stored := pulled{asPulled(t, own.files), own.keys}
	if bundles := filesIn(stored.files, manifest.Configs); len(bundles) != 2 {
		t.Fatalf("the copy has the bundles %v, want 2", bundles)
	}
	for _, p := range []pulled{own, stored} {
		wantChangesShown(t, p, oneBit)
	}
}

// allBits are the changed bits of a byte of a file.
func allBits(name string) []int {
	if strings.HasPrefix(name, manifest.Schemas) || cloudtest.RaceDetector {
		return oneBit(name)
	}
	return []int{0, 1, 2, 3, 4, 5, 6, 7}
}

func oneBit(string) []int { return []int{rand.IntN(8)} }

// filesIn returns the names of the files in a directory, sorted.
func filesIn(files fstest.MapFS, directory string) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.HasPrefix(name, directory) {
			names = append(names, name)
		}
	}
	return names
}

// wantChangesShown changes an export in each way, with the bits of each byte that bits
// returns.
func wantChangesShown(t *testing.T, p pulled, bits func(name string) []int) {
	t.Helper()
	names := slices.Sorted(maps.Keys(p.files))
	for i, name := range names {
		file := p.files[name]
		for at := range file.Data {
			for _, bit := range bits(name) {
				flip := func() { file.Data[at] ^= 1 << bit }
				p.detected(t, "a bit is changed", name, flip, flip)
			}
		}
		restore := func() { p.files[name] = file }
		p.detected(t, "it is missing", name, func() { delete(p.files, name) }, restore)
		for _, shorter := range []int{0, len(file.Data) / 2, len(file.Data) - 1} {
			p.detected(t, "it is shortened", name, func() { p.files[name] = &fstest.MapFile{Data: file.Data[:shorter]} }, restore)
		}
		p.detected(t, "it is longer", name, func() { p.files[name] = &fstest.MapFile{Data: append(slices.Clone(file.Data), '\n')} }, restore)
		p.detected(t, "a copy is added", name, func() { p.files[name+".copy"] = file }, func() { delete(p.files, name+".copy") })
		other := names[(i+1)%len(names)]
		next := p.files[other]
		p.detected(t, "it is exchanged with "+other, name, func() { p.files[name], p.files[other] = next, file }, func() { p.files[name], p.files[other] = file, next })
	}
	if found := p.problems(t); len(found) > 0 {
		t.Errorf("unchanged, it has the problems %v", found)
	}
}

// Law 11: whoever changes rows and makes the lists and the manifest fit has no
// signature of them, and the parts of another export have none of this one.
func TestLaw11ExportIsWholeOrItsSignatureShows(t *testing.T) {
	t.Parallel()
	p, other := pull(t, export.Inventory), pull(t, export.Inventory)
	if other.keys = p.keys; len(other.problems(t)) == 0 {
		t.Error("the export of another tenant is verified with this tenant's keys, and nothing shows it")
	}
	for name, file := range p.files {
		if !strings.HasPrefix(name, "manifest-") || !strings.HasSuffix(name, ".json") {
			continue
		}
		forged := []byte(strings.Replace(string(file.Data), `"kinds":["inventory"]`, `"kinds":["metadata"]`, 1))
		sum := sha256.Sum256(forged)
		text, note := manifest.Names(sum[:])
		p.files[text] = &fstest.MapFile{Data: forged}
		for old, signed := range p.files {
			if strings.HasSuffix(old, ".note") {
				delete(p.files, old)
				lines := strings.Split(string(signed.Data), "\n")
				lines[2] = "sha256 " + hex.EncodeToString(sum[:])
				p.files[note] = &fstest.MapFile{Data: []byte(strings.Join(lines, "\n"))}
			}
		}
		delete(p.files, name)
	}
	if len(p.problems(t)) == 0 {
		t.Error("the manifest is replaced, with a fitting note, and nothing shows it")
	}
}
